//! Whole texts: sizes, kinds, the same as JSON strings, and with findings.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hypersieve_benches::{Bench, escaped, mixed, ordinary, with_attacks};
use hypersieve_corpus::Kind;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 5] = [256, 1 << 10, 4 << 10, 64 << 10, 1 << 20];
const KINDS: [Kind; 5] = [Kind::Prose, Kind::Source, Kind::Json, Kind::Html, Kind::Logs];

fn all(criterion: &mut Criterion) {
    let mut bench = Bench::built_in();
    let mut time = |group: &str, parameter: String, text: &[u8]| {
        // What is timed must find what an untimed scan does.
        let expected = bench.scan(text);
        let mut group = criterion.benchmark_group(group);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(2))
            .sample_size(30);
        group.bench_function(BenchmarkId::from_parameter(parameter), |b| {
            b.iter(|| assert_eq!(bench.scan(black_box(text)), expected));
        });
        group.finish();
    };
    for kind in KINDS {
        for size in SIZES {
            let text = ordinary(kind, size);
            time(&format!("scan/{}", kind.name()), size.to_string(), &text);
            let json = escaped(&text, size);
            time(&format!("scan/{} as a JSON string", kind.name()), size.to_string(), &json);
        }
    }
    for size in SIZES {
        time("scan/all kinds", size.to_string(), &mixed(size));
    }
    for per_kib in [0, 1, 10] {
        let text = with_attacks(&ordinary(Kind::Prose, 64 << 10), per_kib);
        time("scan/findings a KiB", per_kib.to_string(), &text);
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
