//! The built-in rules, and many more of the same kind, whose words are those of ordinary text.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hypersieve::{Database, Pattern, Rule, Severity};
use hypersieve_benches::{Bench, mixed};
use hypersieve_corpus::{Kind, Rng, generate};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn all(criterion: &mut Criterion) {
    let text = mixed(256 << 10);
    let mut group = criterion.benchmark_group("rules_growth");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(4)).sample_size(10);
    for more in [0, 1_750, 17_500] {
        let rules = hypersieve_builtin::rules().into_iter().chain(rules(more));
        let database = Database::builder().rules(rules).build().expect("rules of known words compile");
        let mut bench = Bench::with(&database);
        let expected = bench.scan(&text);
        group.bench_function(BenchmarkId::from_parameter(format!("{more} more")), |b| {
            b.iter(|| assert_eq!(bench.scan(black_box(&text)), expected));
        });
    }
    group.finish();
}

/// Rules of three words with others between them, as the built-in ones have.
fn rules(count: usize) -> Vec<Rule> {
    let ordinary: String = Kind::ALL.iter().map(|&kind| generate(kind, 7, 256 << 10)).collect();
    let words: BTreeSet<&str> = ordinary
        .split(|c: char| !c.is_ascii_lowercase())
        .filter(|word| (3..=12).contains(&word.len()))
        .collect();
    let words: Vec<&str> = words.into_iter().collect();
    let mut rng = Rng::new(17_500);
    let mut rule = |i: usize| {
        let mut word = || *rng.pick(&words);
        let expression = format!(
            r"\b(?:{}|{}) (?:the |all |any )?(?:{}|{})\b[^.]{{0,40}}\b(?:{}|{})\b",
            word(),
            word(),
            word(),
            word(),
            word(),
            word(),
        );
        Rule::new(format!("GROWN_{i}"), "grown", Severity::High).pattern(Pattern::regex(expression))
    };
    (0..count).map(&mut rule).collect()
}

criterion_group!(benches, all);
criterion_main!(benches);
