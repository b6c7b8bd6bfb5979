//! A text that arrives in pieces, against the same at once.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hypersieve_benches::{Bench, mixed};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CHUNKS: [usize; 5] = [16, 64, 1460, 4096, 65536];

fn all(criterion: &mut Criterion) {
    let mut bench = Bench::built_in();
    let text = mixed(256 << 10);
    let expected = bench.scan(&text);
    let mut group = criterion.benchmark_group("stream");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(3)).sample_size(20);
    group.bench_function("whole", |b| b.iter(|| assert_eq!(bench.scan(black_box(&text)), expected)));
    for chunk in CHUNKS {
        assert_eq!(bench.stream(&text, chunk), expected, "chunking must not matter");
        group.bench_function(BenchmarkId::from_parameter(chunk), |b| {
            b.iter(|| assert_eq!(bench.stream(black_box(&text), chunk), expected));
        });
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
