//! `hypersieve bench`: the engine's speed on one thread.

use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hypersieve::{Cache, Channel, Database, Policy, Scanner, Verdict};
use serde::Serialize;

use crate::args::{BenchArgs, Format};
use crate::exit::Exit;
use crate::number::{counted, grouped};
use crate::ruleset;
use crate::sample::Sample;

/// Timed scans of each piece for the percentiles.
const REPEATS: usize = 5;

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured {
    /// 10^6 bytes a second, over all rounds.
    mb_per_s: f64,
    /// Over the pieces, of each the median of five scans.
    p50_ns: u64,
    p99_ns: u64,
    /// The longest of these scans.
    max_ns: u64,
    /// Positions that reach the exact table.
    candidates_per_kib: f64,
    /// Automata and sequences started.
    confirms_per_kib: f64,
    /// In all pieces.
    findings: u64,
    bytes: u64,
    files: u64,
    pieces: usize,
    size: usize,
    chunk: Option<usize>,
    rounds: u64,
    seconds: f64,
    rules: usize,
    patterns: usize,
    channel: &'static str,
    filter: &'static str,
    simd: &'static str,
    /// Without views.
    raw: bool,
}

pub(crate) fn run(args: &BenchArgs) -> Result<Exit> {
    let sample = Sample::read(&args.paths)?;
    let config = ruleset::config(&args.engine);
    let config = if args.raw { config.raw_text_only() } else { config };
    let database = ruleset::database(&args.rules, config)?;
    database.warm();
    let measured = measure(args, &database, &sample)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Text => measured.print(&mut out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &measured)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Fine)
}

fn measure(args: &BenchArgs, database: &Database, sample: &Sample) -> Result<Measured> {
    let scanner = Scanner::new(database, Policy::new())?;
    let pieces = sample.pieces(args.size.get());
    let run = Run { scanner: &scanner, channel: args.channel, chunk: args.chunk };
    // What every timed scan must find.
    let expected: Vec<Verdict> =
        pieces.iter().map(|piece| scanner.scan(piece, args.channel)).collect::<Result<_, _>>()?;

    let mut cache = scanner.create_cache();
    // The warm-up is what the counters are taken from.
    for (piece, expected) in pieces.iter().zip(&expected) {
        same(&run.scan(&mut cache, piece)?, expected)?;
    }
    let stats = cache.stats().clone();

    let mut times = vec![[0; REPEATS]; pieces.len()];
    for repeat in 0..REPEATS {
        for ((piece, expected), times) in pieces.iter().zip(&expected).zip(&mut times) {
            let started = Instant::now();
            let verdict = run.scan(&mut cache, piece)?;
            times[repeat] = nanoseconds(started.elapsed());
            same(&verdict, expected)?;
        }
    }

    let findings: u64 = expected.iter().map(found).sum();
    let limit = Duration::from_secs_f64(args.seconds);
    let started = Instant::now();
    let mut rounds = 0;
    while rounds == 0 || started.elapsed() < limit {
        let mut seen = 0;
        for piece in &pieces {
            seen += found(&run.scan(&mut cache, piece)?);
        }
        ensure!(
            seen == findings,
            "a timed scan found {seen} matches, an untimed one {findings}: please report this"
        );
        rounds += 1;
    }
    let elapsed = started.elapsed().as_secs_f64();

    // Below 2^53 bytes the conversions are exact.
    let bytes = sample.text.len() as u64;
    let kib = bytes as f64 / 1024.0;
    let mut medians: Vec<u64> = times
        .iter_mut()
        .map(|times| {
            times.sort_unstable();
            times[REPEATS / 2]
        })
        .collect();
    medians.sort_unstable();
    Ok(Measured {
        mb_per_s: bytes as f64 * rounds as f64 / 1e6 / elapsed,
        p50_ns: percentile(&medians, 50),
        p99_ns: percentile(&medians, 99),
        max_ns: times.iter().flatten().copied().max().unwrap_or(0),
        candidates_per_kib: stats.candidates as f64 / kib,
        confirms_per_kib: stats.confirms as f64 / kib,
        findings,
        bytes,
        files: sample.files,
        pieces: pieces.len(),
        size: args.size.get(),
        chunk: args.chunk.map(NonZeroUsize::get),
        rounds,
        seconds: elapsed,
        rules: database.rules().len(),
        patterns: database.plans().len(),
        channel: args.channel.name(),
        filter: args.engine.filter.name(),
        simd: args.engine.simd.name(),
        raw: args.raw,
    })
}

/// How a piece is scanned.
struct Run<'s> {
    scanner: &'s Scanner,
    channel: Channel,
    chunk: Option<NonZeroUsize>,
}

impl Run<'_> {
    fn scan(&self, cache: &mut Cache, piece: &[u8]) -> Result<Verdict> {
        let Some(chunk) = self.chunk else { return Ok(self.scanner.scan_with(cache, piece, self.channel)?) };
        let mut stream = self.scanner.stream(self.channel);
        for bytes in piece.chunks(chunk.get()) {
            stream.push_with(cache, bytes)?;
        }
        Ok(stream.finish_with(cache)?)
    }
}

fn found(verdict: &Verdict) -> u64 {
    verdict.counts().map(|(_, count)| count).sum()
}

fn same(verdict: &Verdict, expected: &Verdict) -> Result<()> {
    let equal = verdict.findings() == expected.findings()
        && verdict.action() == expected.action()
        && found(verdict) == found(expected);
    ensure!(equal, "a timed scan and an untimed one of the same piece differ: please report this");
    Ok(())
}

/// The smallest of the sorted values that is not below `percent` % of them.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A time in the unit that suits it.
fn readable(ns: u64) -> String {
    let value = ns as f64;
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..10_000_000 => format!("{:.1} µs", value / 1e3),
        _ => format!("{:.1} ms", value / 1e6),
    }
}

impl Measured {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let (files, bytes) = (counted(self.files, "file"), grouped(self.bytes));
        let pieces = counted(self.pieces as u64, "piece");
        let chunk =
            self.chunk.map_or(String::new(), |chunk| format!(", pushed {} at a time", grouped(chunk as u64)));
        writeln!(out, "text      {files}, {bytes} bytes, {pieces} of {}{chunk}", grouped(self.size as u64))?;
        let (rules, patterns) =
            (counted(self.rules as u64, "rule"), counted(self.patterns as u64, "pattern"));
        let views = if self.raw { ", without views" } else { "" };
        writeln!(
            out,
            "engine    {rules}, {patterns}, channel {}, filter {}, SIMD {}{views}",
            self.channel, self.filter, self.simd
        )?;
        let rounds = counted(self.rounds, "round");
        writeln!(
            out,
            "speed     {:.1} MB/s on one thread ({rounds} in {:.1} s)",
            self.mb_per_s, self.seconds
        )?;
        let [p50, p99, max] = [self.p50_ns, self.p99_ns, self.max_ns].map(readable);
        writeln!(out, "a piece   {p50} median, {p99} 99th percentile, {max} longest")?;
        writeln!(
            out,
            "filter    {:.3} candidates and {:.3} confirms per KiB",
            self.candidates_per_kib, self.confirms_per_kib
        )?;
        writeln!(out, "findings  {}", grouped(self.findings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50), 50);
        assert_eq!(percentile(&hundred, 99), 99);
        assert_eq!(percentile(&[7], 99), 7);
        assert_eq!(percentile(&[1, 2, 3], 50), 2);
        assert_eq!(percentile(&[], 50), 0);
    }

    #[test]
    fn times_have_units() {
        assert_eq!([0, 9_999, 12_345, 98_765_432].map(readable), ["0 ns", "9999 ns", "12.3 µs", "98.8 ms"]);
    }
}
