module example.com/reverseproxy

go 1.19

require hypersieve v0.0.0

replace hypersieve => ../../go
