//! Many texts on the threads of a pool.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hypersieve::Channel;
use hypersieve_benches::{Bench, matches, mixed};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn all(criterion: &mut Criterion) {
    let bench = Bench::built_in();
    let text = mixed(4 << 20);
    let items: Vec<(&[u8], Channel)> = text.chunks(4096).map(|text| (text, Channel::Any)).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut expected = None;
    let mut group = criterion.benchmark_group("parallel");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(4)).sample_size(10);
    let mut threads = vec![1, 2, cores];
    threads.dedup();
    for threads in threads {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
        let scan = || -> u64 {
            let verdicts = bench.scanner().scan_many(&pool, black_box(&items));
            verdicts.iter().map(|v| matches(v.as_ref().expect("a scan does not fail"))).sum()
        };
        let found = scan();
        assert_eq!(*expected.get_or_insert(found), found, "threads must not matter");
        group.bench_function(BenchmarkId::from_parameter(threads), |b| b.iter(|| assert_eq!(scan(), found)));
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
