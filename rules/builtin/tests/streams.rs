//! What an open stream costs with the built-in rules: how far the judgement lags behind what was pushed, and how much
//! memory is kept.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use hypersieve::{Channel, Config, Policy, Scanner, Stream};

fn scanner() -> Scanner {
    let database = hypersieve_builtin::database(Config::new());
    Scanner::new(&database, Policy::new()).expect("the empty policy names nothing")
}

/// The ordinary texts of the corpus, of every kind.
fn texts() -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/benign");
    let files_of = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        entries.map(|entry| entry.expect("it can be listed").path()).collect()
    };
    let mut files: Vec<PathBuf> = files_of(&root).iter().flat_map(|kind| files_of(kind)).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read(file).expect("the file can be read"))).collect()
}

/// The value below which the given share of all lies.
fn quantile(values: &mut [u64], share: f64) -> u64 {
    values.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let index = (values.len() as f64 * share) as usize;
    values[index.min(values.len() - 1)]
}

/// Bytes that were pushed and are not cleared, after every few bytes.
#[test]
fn the_judgement_is_close_behind() {
    let scanner = scanner();
    let mut cache = scanner.create_cache();
    let mut lags = Vec::new();
    for (file, text) in texts() {
        let mut of_file = Vec::new();
        let mut stream = scanner.stream(Channel::ToolResult);
        let mut pushed = 0;
        for piece in text[..text.len().min(16 * 1024)].chunks(61) {
            stream.push_with(&mut cache, piece).expect("the rules are valid");
            pushed += piece.len() as u64;
            of_file.push(pushed - stream.cleared());
        }
        drop(stream);
        println!("{}: median {}", file.display(), quantile(&mut of_file, 0.5));
        lags.extend(of_file);
    }
    let median = quantile(&mut lags, 0.5);
    let (most, worst) = (quantile(&mut lags, 0.99), quantile(&mut lags, 1.0));
    println!("lag in bytes: median {median}, 99 % below {most}, at most {worst}");
    assert!(median <= MEDIAN_LAG, "the median is {median} bytes");
    assert!(worst <= scanner.database().max_holdback());
}

/// Bytes that wait at the median. Wherever nothing is suspicious it is the farthest that an anchor of any rule lies behind the
/// start of its match, and a word that may become a run: 549 bytes with the rules as they are.
const MEDIAN_LAG: u64 = 640;

/// How many open streams fit into memory, each in the middle of an ordinary text.
#[cfg(target_os = "linux")]
#[test]
fn an_open_stream_is_small() {
    const STREAMS: usize = 10_000;
    let scanner = scanner();
    let mut cache = scanner.create_cache();
    let texts = texts();
    let mut open = |count: usize| -> Vec<Stream> {
        (0..count)
            .map(|i| {
                let (_, text) = &texts[i % texts.len()];
                let text = &text[..text.len().min(2048 + i % 1024)];
                let mut stream = scanner.stream(Channel::ToolResult);
                for piece in text.chunks(1400) {
                    stream.push_with(&mut cache, piece).expect("the rules are valid");
                }
                stream
            })
            .collect()
    };
    // What is made at the first candidate, and what the allocator keeps, is there then.
    drop(open(texts.len() * 4));
    let before = resident();
    let streams = open(STREAMS);
    let each = resident().saturating_sub(before) / STREAMS;
    println!("{each} bytes an open stream");
    assert!(each <= MEMORY_OF_A_STREAM, "{each} bytes a stream");
    drop(streams);
}

/// Bytes that an open stream keeps: some 31 KiB, of which much is the state of eleven layers.
const MEMORY_OF_A_STREAM: usize = 40 * 1024;

/// Bytes of memory that the process has.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux says it");
    let pages: usize = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("the second number is it");
    pages * 4096
}
