//! Rules of the shape that other programs have, scanned by Hypersieve and by one Hyperscan database of the same expressions.
//!
//! ```text
//! cargo run --release -- [--patterns 800] [--seconds 3] [--seed 1] [--list] [PATH...]
//! ```
//!
//! The question is the same for both: which rules match which text. Hyperscan runs in block mode without the start of a
//! match and tells each expression once (`HS_FLAG_SINGLEMATCH`); Hypersieve does all that it does for a gateway, views,
//! spans and findings among it. Before anything is timed, the sets are compared text by text; what differs must be a match
//! of more than 512 bytes, which Hypersieve does not report.

#![forbid(unsafe_code)]

mod generate;

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hyperscan::{BlockDatabase, Builder, ExprExt, Matching, Pattern, PatternFlags, Patterns};
use hypersieve::{Cache, Channel, Database, Policy, Scanner, Severity, View};
use regex_automata::{Anchored, Input, meta};
use walkdir::WalkDir;

use generate::Generator;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// No match of more bytes is reported.
const MAX_WIDTH: usize = 512;

struct Settings {
    patterns: usize,
    seconds: f64,
    seed: u64,
    list: bool,
    paths: Vec<String>,
}

fn settings() -> Result<Settings> {
    let mut settings = Settings { patterns: 800, seconds: 3.0, seed: 1, list: false, paths: Vec::new() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--patterns" => settings.patterns = value()?.parse()?,
            "--seconds" => settings.seconds = value()?.parse()?,
            "--seed" => settings.seed = value()?.parse()?,
            "--list" => settings.list = true,
            _ if arg.starts_with('-') => bail!("unknown option {arg}"),
            _ => settings.paths.push(arg),
        }
    }
    if settings.paths.is_empty() {
        settings.paths.push(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/benign").to_string());
    }
    Ok(settings)
}

fn main() -> Result<()> {
    let settings = settings()?;
    let mut generator = Generator::new(settings.seed);
    let generated = generator.patterns(settings.patterns);
    let patterns: Vec<String> = generated.iter().map(|g| g.pattern.clone()).collect();
    if settings.list {
        patterns.iter().for_each(|pattern| println!("{pattern}"));
        return Ok(());
    }
    let texts = texts(&settings.paths)?;
    let bytes: usize = texts.iter().map(Vec::len).sum();
    ensure!(bytes > 0, "no text to scan");
    let began = Instant::now();
    let mut ours = Ours::new(&patterns)?;
    let compiled = began.elapsed();
    let began = Instant::now();
    let mut theirs = Theirs::new(&patterns)?;
    println!(
        "{} patterns, seed {}; compiled in {compiled:.1?} and {:.1?}",
        patterns.len(),
        settings.seed,
        began.elapsed()
    );
    println!("{} texts, {bytes} bytes", texts.len());
    println!("as they are:");
    compare(&patterns, &texts, &mut ours, &mut theirs)?;
    println!("with matches put in:");
    let planted: Vec<Vec<u8>> = texts.iter().map(|text| generator.planted(text, &generated)).collect();
    compare(&patterns, &planted, &mut ours, &mut theirs)?;
    println!("speed on the texts as they are:");
    // In turns, so that whatever else the machine does meets both.
    let rounds = 5;
    let slice = Duration::from_secs_f64(settings.seconds / f64::from(rounds));
    let (mut best_ours, mut best_theirs) = (0.0f64, 0.0f64);
    for _ in 0..rounds {
        best_ours = best_ours.max(speed(slice, &texts, |text| ours.count(text))?);
        best_theirs = best_theirs.max(speed(slice, &texts, |text| theirs.count(text))?);
    }
    println!("hypersieve: {best_ours:.1} MB/s (all views, spans, findings)");
    println!("hyperscan:  {best_theirs:.1} MB/s (which expressions match)");
    println!("ratio:      {:.2}", best_ours / best_theirs);
    ours.tell_dearest(&texts)?;
    Ok(())
}

/// The texts of files and folders, each file one.
fn texts(paths: &[String]) -> Result<Vec<Vec<u8>>> {
    let mut texts = Vec::new();
    for path in paths {
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                texts.push(fs::read(entry.path()).with_context(|| entry.path().display().to_string())?);
            }
        }
    }
    Ok(texts)
}

/// MB (10^6 bytes) a second.
fn speed(least: Duration, texts: &[Vec<u8>], mut scan: impl FnMut(&[u8]) -> Result<usize>) -> Result<f64> {
    let bytes: usize = texts.iter().map(Vec::len).sum();
    let (began, mut times) = (Instant::now(), 0.0);
    while began.elapsed() < least {
        for text in texts {
            std::hint::black_box(scan(text)?);
        }
        times += 1.0;
    }
    Ok(times * bytes as f64 / 1e6 / began.elapsed().as_secs_f64())
}

struct Ours {
    scanner: Scanner,
    cache: Cache,
}

impl Ours {
    /// The patterns as rules of another program, as they are.
    fn new(patterns: &[String]) -> Result<Ours> {
        let mut yaml = String::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let pattern = pattern.replace('\'', "''");
            yaml += &format!(
                "---\nid: R{index}\nseverity: MEDIUM\npatterns: [{{type: regex, value: '{pattern}'}}]\n"
            );
        }
        let docs = hypersieve_rules::parse_str("generated", &yaml)?;
        ensure!(docs.len() == patterns.len() && docs.iter().all(|d| d.rule.severity == Severity::Medium));
        let database = Database::builder().rules(docs.into_iter().map(|doc| doc.rule)).build()?;
        let none = database.plans().iter().filter(|p| hypersieve_rules::has_no_anchor(p)).count();
        println!("{none} patterns without an anchor");
        database.warm();
        let scanner = Scanner::new(&database, Policy::new())?;
        let cache = scanner.create_cache();
        Ok(Ours { scanner, cache })
    }

    /// The rules that match the text as it is, and those that match it in another view only.
    fn rules(&mut self, text: &[u8]) -> Result<(BTreeSet<usize>, BTreeSet<usize>)> {
        let verdict = self.scanner.scan_with(&mut self.cache, text, Channel::Any)?;
        let (mut raw, mut all) = (BTreeSet::new(), BTreeSet::new());
        for finding in verdict.findings() {
            let index: usize = finding.rule().id[1..].parse()?;
            all.insert(index);
            if finding.view() == View::Raw {
                raw.insert(index);
            }
        }
        let views = all.difference(&raw).copied().collect();
        Ok((raw, views))
    }

    fn count(&mut self, text: &[u8]) -> Result<usize> {
        Ok(self.scanner.scan_with(&mut self.cache, text, Channel::Any)?.findings().len())
    }

    /// How much work there was, and the patterns whose anchors were found most often.
    fn tell_dearest(&mut self, texts: &[Vec<u8>]) -> Result<()> {
        self.cache.reset_stats();
        for text in texts {
            self.count(text)?;
        }
        let stats = self.cache.stats();
        let kib = texts.iter().map(Vec::len).sum::<usize>() as f64 / 1024.0;
        let hits: u64 = stats.by_pattern.iter().map(|s| s.hits).sum();
        println!(
            "per KiB: {:.1} candidates, {:.1} anchors followed up, {:.1} confirms",
            stats.candidates as f64 / kib,
            hits as f64 / kib,
            stats.confirms as f64 / kib
        );
        let plans = self.scanner.database().plans();
        let mut all: Vec<_> = plans.iter().zip(&stats.by_pattern).collect();
        all.sort_by_key(|(_, s)| std::cmp::Reverse(s.hits));
        for (plan, stats) in all.iter().take(24) {
            let anchors: Vec<&str> = plan.anchors.iter().take(4).map(|a| a.text.as_str()).collect();
            println!(
                "R{}: {:.2} followed up, {:.2} confirms, {} gates, {}: {}",
                plan.rule,
                stats.hits as f64 / kib,
                stats.confirms as f64 / kib,
                plan.gates,
                plan.strategy,
                anchors.join(" ")
            );
        }
        Ok(())
    }
}

struct Theirs {
    database: BlockDatabase,
    scratch: hyperscan::Scratch,
}

impl Theirs {
    fn new(patterns: &[String]) -> Result<Theirs> {
        let pattern = |(index, expression): (usize, &String)| Pattern {
            expression: expression.clone(),
            flags: PatternFlags::SINGLEMATCH,
            id: Some(index),
            ext: ExprExt::default(),
            som: None,
        };
        let patterns: Patterns = patterns.iter().enumerate().map(pattern).collect();
        let database: BlockDatabase = patterns.build()?;
        let scratch = database.alloc_scratch()?;
        Ok(Theirs { database, scratch })
    }

    fn rules(&mut self, text: &[u8]) -> Result<BTreeSet<usize>> {
        let mut found = BTreeSet::new();
        let note = |expression: u32, _: u64, _: u64, _: u32| {
            found.insert(usize::try_from(expression).unwrap_or(usize::MAX));
            Matching::Continue
        };
        self.database.scan(text, &self.scratch, note)?;
        Ok(found)
    }

    fn count(&mut self, text: &[u8]) -> Result<usize> {
        let mut count = 0;
        let note = |_: u32, _: u64, _: u64, _: u32| {
            count += 1;
            Matching::Continue
        };
        self.database.scan(text, &self.scratch, note)?;
        Ok(count)
    }
}

/// Asserts that both find the same rules in every text, but for what is too long to be reported.
fn compare(patterns: &[String], texts: &[Vec<u8>], ours: &mut Ours, theirs: &mut Theirs) -> Result<()> {
    let (mut both, mut in_views, mut too_long) = (0, 0, 0);
    for (number, text) in texts.iter().enumerate() {
        let (raw, views) = ours.rules(text)?;
        let others = theirs.rules(text)?;
        if let Some(rule) = raw.difference(&others).next() {
            bail!("text {number}: only Hypersieve finds {}", patterns[*rule]);
        }
        for &rule in others.difference(&raw) {
            if matches_within(&patterns[rule], text)? {
                bail!("text {number}: only Hyperscan finds {}", patterns[rule]);
            }
            too_long += 1;
        }
        both += raw.len();
        in_views += views.difference(&others).count();
    }
    println!("{both} pairs of rule and text are found by both");
    println!(
        "{too_long} only by Hyperscan, each longer than {MAX_WIDTH} bytes; {in_views} only by Hypersieve, in other views"
    );
    Ok(())
}

/// Whether a pattern has a match that is short enough.
fn matches_within(pattern: &str, text: &[u8]) -> Result<bool> {
    let regex = meta::Regex::builder()
        .syntax(regex_automata::util::syntax::Config::new().unicode(false).utf8(false))
        .build(pattern)?;
    Ok((0..text.len()).any(|start| {
        let input = Input::new(text).span(start..text.len().min(start + MAX_WIDTH)).anchored(Anchored::Yes);
        regex.is_match(input)
    }))
}
