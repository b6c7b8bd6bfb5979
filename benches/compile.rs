//! From rules to a database, and from its bytes to one.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hypersieve::{Config, Database, Rule};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn all(criterion: &mut Criterion) {
    let rules: Vec<Rule> = hypersieve_builtin::rules();
    let core: Vec<Rule> = rules.iter().filter(|rule| rule.set == "core").cloned().collect();
    assert!(!core.is_empty() && core.len() < rules.len());
    let mut group = criterion.benchmark_group("compile");
    group.warm_up_time(Duration::from_millis(300)).sample_size(10);
    for (name, rules) in [("core", core), ("all", rules)] {
        let build =
            || Database::builder().rules(rules.iter().cloned()).build().expect("they were built before");
        let bytes = build().to_bytes();
        let load = || Database::from_bytes(black_box(&bytes), Config::new()).expect("they were just written");
        assert_eq!(load().plans().len(), build().plans().len());
        group.bench_function(format!("{name}/rules to database"), |b| b.iter(build));
        group.bench_function(format!("{name}/bytes to database"), |b| b.iter(load));
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
