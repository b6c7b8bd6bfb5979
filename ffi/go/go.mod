module hypersieve

go 1.19
