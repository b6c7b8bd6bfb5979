//! What each view costs: prose in which every tenth word wears one disguise.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hypersieve_benches::{Bench, ordinary};
use hypersieve_corpus::Kind;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Disguise = (&'static str, fn(&str) -> String);

fn each(word: &str, written: impl Fn(char) -> String) -> String {
    word.chars().map(written).collect()
}

const DISGUISES: [Disguise; 12] = [
    ("none", str::to_string),
    ("JSON escapes", |w| each(w, |c| format!("\\u{:04x}", u32::from(c)))),
    ("hexadecimal escapes", |w| {
        w.bytes().fold(String::new(), |mut s, b| {
            let _ = write!(s, "\\x{b:02x}");
            s
        })
    }),
    ("percent", |w| {
        w.bytes().fold(String::new(), |mut s, b| {
            let _ = write!(s, "%{b:02x}");
            s
        })
    }),
    ("character references", |w| each(w, |c| format!("&#{};", u32::from(c)))),
    ("named references", |w| format!("&quot;{w}&quot;")),
    ("terminal sequences", |w| format!("\x1b[1m{w}\x1b[0m")),
    ("tags", |w| format!("<b>{w}</b>")),
    ("emphasis", |w| format!("**{w}**")),
    ("full width", |w| {
        each(w, |c| match c {
            '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).map_or_else(String::new, String::from),
            c => c.to_string(),
        })
    }),
    ("zero width", |w| each(w, |c| format!("{c}\u{200b}"))),
    ("line breaks", |w| format!("{w}\n> ")),
];

fn all(criterion: &mut Criterion) {
    let mut bench = Bench::built_in();
    let plain: String = String::from_utf8_lossy(&ordinary(Kind::Prose, 64 << 10))
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || matches!(c, '.' | ','))
        .collect();
    let mut group = criterion.benchmark_group("views");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2)).sample_size(30);
    for (name, disguise) in DISGUISES {
        let word = |(i, w): (usize, &str)| if i % 10 == 0 { disguise(w) } else { w.to_string() };
        let text = plain.split(' ').enumerate().map(word).collect::<Vec<_>>().join(" ").into_bytes();
        let expected = bench.scan(&text);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| assert_eq!(bench.scan(black_box(&text)), expected));
        });
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
