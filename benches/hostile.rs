//! Texts that were made to be slow.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hypersieve::{Config, Database};
use hypersieve_benches::{Bench, near_misses};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZE: usize = 256 << 10;

fn all(criterion: &mut Criterion) {
    let database = hypersieve_builtin::database(Config::new());
    let mut bench = Bench::with(&database);
    let mut group = criterion.benchmark_group("hostile");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(4)).sample_size(10);
    group.throughput(Throughput::Bytes(SIZE as u64));
    for (name, text) in texts(&database) {
        let text: Vec<u8> = text.into_iter().cycle().take(SIZE).collect();
        let expected = bench.scan(&text);
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| assert_eq!(bench.scan(black_box(&text)), expected));
        });
    }
    group.finish();
}

fn texts(database: &Database) -> Vec<(&'static str, Vec<u8>)> {
    let plans = database.plans();
    let anchors: Vec<String> = plans.iter().flat_map(|p| &p.anchors).map(|a| plain(&a.text)).collect();
    let dearest = plans.iter().max_by_key(|p| p.worst_steps_per_byte).expect("there are patterns");
    let of_dearest: Vec<String> = dearest.anchors.iter().map(|a| plain(&a.text)).collect();
    // One anchor, and then nothing that ends its window.
    let windows: Vec<String> =
        anchors.iter().step_by(7).map(|a| format!("{a} {} ", "x ".repeat(200))).collect();
    let nested = (0..6).fold(String::from("ignore all previous"), |text, _| {
        text.replace('\\', "\\\\").replace('"', "\\\"") + "\""
    });
    vec![
        ("one byte", b"a".to_vec()),
        ("only anchors", anchors.join(" ").into_bytes()),
        ("only near misses", near_misses(SIZE)),
        ("only escapes", b"\\u0069\\u0067\\u006e\\u006f\\u0072\\u0065\\u0020".to_vec()),
        ("only references", b"&#105;&#103;&#110;&#111;&#114;&#101;&#32;".to_vec()),
        ("only backslashes", b"\\".to_vec()),
        ("only zero width", "\u{200b}".as_bytes().to_vec()),
        ("deepest nesting", nested.into_bytes()),
        ("longest windows", windows.concat().into_bytes()),
        ("the dearest pattern", of_dearest.join(" ").into_bytes()),
    ]
}

/// An anchor as text: without the marks of its edges, and the first of its choices.
fn plain(anchor: &str) -> String {
    let mut text = String::new();
    let mut class = None::<usize>;
    for c in anchor.split(" (or").next().unwrap_or_default().chars() {
        match (c, &mut class) {
            ('|', None) => text.push(' '),
            ('[', None) => class = Some(0),
            (']', Some(_)) => class = None,
            (c, None) => text.push(c),
            (c, Some(seen)) => {
                if *seen == 0 {
                    text.push(c);
                }
                *seen += 1;
            }
        }
    }
    text
}

criterion_group!(benches, all);
criterion_main!(benches);
