//! `hypersieve rules cost`: what each pattern costs on ordinary text.

use std::io::{self, BufWriter, Write};

use anstyle::AnsiColor;
use anyhow::Result;
use hypersieve::{AnchorPlan, Config, Database, PatternPlan, PatternStats, Policy, Scanner};
use serde::Serialize;

use crate::args::{CostArgs, Format};
use crate::console::Paint;
use crate::exit::Exit;
use crate::number::{counted, grouped};
use crate::rules::describe::Described;
use crate::rules::table::{self, Cell, Side};
use crate::ruleset;
use crate::sample::Sample;
use crate::visible::visible;

/// Bytes a scan.
const PIECE: usize = 1 << 16;
/// A pattern with more candidates than this per KiB is expensive.
const EXPENSIVE: f64 = 1.0;

/// What a pattern costs.
#[derive(Debug, Serialize)]
struct Cost<'d> {
    rule: &'d str,
    /// From 1, as in the rule's file.
    pattern: usize,
    text: String,
    strategy: String,
    anchors: Vec<AnchorCost<'d>>,
    candidates_per_kib: f64,
    confirms_per_kib: f64,
    width: usize,
    worst_steps_per_byte: usize,
    expensive: bool,
}

#[derive(Debug, Serialize)]
struct AnchorCost<'d> {
    text: &'d str,
    from: usize,
    to: usize,
    tier: String,
    /// What the compiler expected; none for runs.
    estimated_per_kib: Option<f64>,
}

pub(crate) fn run(args: &CostArgs) -> Result<Exit> {
    let sample = Sample::read(&args.paths)?;
    let database = ruleset::database(&args.rules, Config::new())?;
    let scanner = Scanner::new(&database, Policy::new())?;
    let mut cache = scanner.create_cache();
    for piece in sample.pieces(PIECE) {
        // The counters are what is wanted.
        let _ = scanner.scan_with(&mut cache, piece, args.channel)?;
    }
    // Below 2^53 bytes this is exact.
    let kib = sample.text.len() as f64 / 1024.0;
    let counters = &cache.stats().by_pattern;
    let mut costs: Vec<Cost<'_>> = database
        .plans()
        .iter()
        .zip(counters)
        .map(|(plan, stats)| Cost::new(&database, plan, *stats, kib))
        .collect();
    costs.sort_by(|a, b| {
        let dearer = b.candidates_per_kib.total_cmp(&a.candidates_per_kib);
        let dearer = dearer.then(b.confirms_per_kib.total_cmp(&a.confirms_per_kib));
        dearer.then_with(|| (a.rule, a.pattern).cmp(&(b.rule, b.pattern)))
    });

    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &costs)?;
            writeln!(out)?;
        }
        Format::Text => {
            print_table(&mut out, Paint::stdout(args.color), &costs)?;
            let stats = cache.stats();
            writeln!(
                out,
                "\n{} on {}, {} bytes: {:.3} candidates and {:.3} confirms per KiB; {} above {EXPENSIVE} per KiB",
                counted(costs.len() as u64, "pattern"),
                counted(sample.files, "file"),
                grouped(sample.text.len() as u64),
                stats.candidates as f64 / kib,
                stats.confirms as f64 / kib,
                costs.iter().filter(|c| c.expensive).count(),
            )?;
        }
    }
    out.flush()?;
    Ok(Exit::Fine)
}

impl<'d> Cost<'d> {
    fn new(database: &'d Database, plan: &'d PatternPlan, stats: PatternStats, kib: f64) -> Cost<'d> {
        let rule = &database.rules()[plan.rule];
        let candidates_per_kib = stats.hits as f64 / kib;
        Cost {
            rule: &rule.id,
            pattern: plan.pattern + 1,
            text: Described::new(&rule.patterns[plan.pattern]).text,
            strategy: plan.strategy.to_string(),
            anchors: plan.anchors.iter().map(AnchorCost::new).collect(),
            candidates_per_kib,
            confirms_per_kib: stats.confirms as f64 / kib,
            width: plan.width,
            worst_steps_per_byte: plan.worst_steps_per_byte,
            expensive: candidates_per_kib > EXPENSIVE,
        }
    }
}

impl<'d> AnchorCost<'d> {
    fn new(anchor: &'d AnchorPlan) -> AnchorCost<'d> {
        AnchorCost {
            text: &anchor.text,
            from: anchor.from,
            to: anchor.to,
            tier: anchor.tier.to_string(),
            estimated_per_kib: Some(anchor.estimated_per_kib).filter(|e| e.is_finite()),
        }
    }
}

fn print_table(out: &mut impl Write, paint: Paint, costs: &[Cost<'_>]) -> Result<()> {
    let columns = [
        (" ", Side::Left),
        ("rule", Side::Left),
        ("no", Side::Right),
        ("candidates/KiB", Side::Right),
        ("confirms/KiB", Side::Right),
        ("strategy", Side::Left),
        ("width", Side::Right),
        ("steps/byte", Side::Right),
        ("pattern", Side::Left),
        ("anchors", Side::Left),
    ];
    let row = |cost: &Cost<'_>| -> Vec<Cell> {
        let mark = if cost.expensive { "!" } else { " " };
        let style = AnsiColor::Yellow.on_default().bold();
        let anchors: Vec<&str> = cost.anchors.iter().map(|a| a.text).collect();
        vec![
            Cell::painted(mark, paint.paint(style, mark)),
            visible(cost.rule).into(),
            cost.pattern.into(),
            format!("{:.3}", cost.candidates_per_kib).into(),
            format!("{:.3}", cost.confirms_per_kib).into(),
            cost.strategy.as_str().into(),
            cost.width.into(),
            cost.worst_steps_per_byte.into(),
            shortened(&cost.text, 32).into(),
            shortened(&anchors.join("  "), 60).into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = costs.iter().map(row).collect();
    table::print(out, paint, &columns, &rows)?;
    Ok(())
}

/// At most so many characters of a text.
fn shortened(text: &str, most: usize) -> String {
    let text = visible(text);
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
