//! The confirm step: texts that are full of what rules look at twice.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hypersieve_benches::{ATTACKS, Bench, near_misses};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn all(criterion: &mut Criterion) {
    let mut bench = Bench::built_in();
    let mut group = criterion.benchmark_group("confirm");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(3)).sample_size(20);
    let attacks = ATTACKS.join("\n").repeat(100).into_bytes();
    for (name, text) in [("harmless examples of all rules", near_misses(256 << 10)), ("attacks", attacks)] {
        let expected = bench.scan(&text);
        assert!(name != "attacks" || expected >= 100, "{expected} matches among the attacks");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| assert_eq!(bench.scan(black_box(&text)), expected)));
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
