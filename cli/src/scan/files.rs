//! The scan of files and folders.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use hypersieve::Action;
use rayon::prelude::*;

use crate::args::{ScanArgs, ScanFormat};
use crate::console::{self, Paint};
use crate::exit::Exit;
use crate::ruleset::Engine;
use crate::scan::input::{Binary, Job};
use crate::scan::json::{Document, Lines};
use crate::scan::progress::Progress;
use crate::scan::report::Outcome;
use crate::scan::sarif::Sarif;
use crate::scan::text::Text;
use crate::scan::walk::{self, Ignored};

/// Files that are scanned before their reports are printed, a thread.
const BATCH: usize = 64;

/// Prints reports.
pub(crate) trait Printer {
    /// The report of a file, in the order of the files.
    fn file(&mut self, outcome: &Outcome) -> Result<()>;
    /// All files are done.
    fn finish(&mut self, totals: &Totals) -> Result<()>;
}

/// What was scanned, and what came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) elapsed: Duration,
    /// Of each action, in the order of [`Action::ALL`], how many files got it.
    pub(crate) actions: [u64; Action::ALL.len()],
    pub(crate) skipped: u64,
    pub(crate) failed: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Scanned(report) => {
                self.files += 1;
                self.bytes += report.bytes;
                for (action, count) in Action::ALL.iter().zip(&mut self.actions) {
                    *count += u64::from(*action == report.action);
                }
            }
            Outcome::Skipped { .. } => self.skipped += 1,
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    /// Each action with the number of files that got it.
    pub(crate) fn by_action(&self) -> impl Iterator<Item = (Action, u64)> {
        Action::ALL.into_iter().zip(self.actions)
    }

    /// 10^6 bytes a second.
    pub(crate) fn mb_per_s(&self) -> f64 {
        // Below 2^53 bytes this is exact.
        self.bytes as f64 / 1e6 / self.elapsed.as_secs_f64().max(1e-9)
    }

    pub(crate) fn exit(&self) -> Exit {
        let found = self.by_action().any(|(action, count)| action != Action::Allow && count > 0);
        match self {
            _ if self.failed > 0 => Exit::Failed,
            _ if found => Exit::Found,
            _ => Exit::Fine,
        }
    }
}

/// Scans the files that `args` name and prints what is found.
pub(crate) fn run(engine: &Engine, args: &ScanArgs) -> Result<Exit> {
    let started = Instant::now();
    let ignored = if args.no_ignore { Ignored::Included } else { Ignored::LeftOut };
    let here = [PathBuf::from(".")];
    let found = walk::find(if args.paths.is_empty() { &here } else { &args.paths }, ignored);
    let binary = if args.skip_binary { Binary::Skipped } else { Binary::Scanned };
    let job = Job { engine, channel: args.channel, chunk: args.chunk, binary };
    let progress = Progress::new(found.files.len());

    let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut printer: Box<dyn Printer> = match args.format.unwrap_or(ScanFormat::Text) {
        ScanFormat::Text => Box::new(Text::new(out, Paint::stdout(args.color))),
        ScanFormat::Json => Box::new(Document::new(out)),
        ScanFormat::Jsonl => Box::new(Lines::new(out)),
        ScanFormat::Sarif => Box::new(Sarif::new(out, engine.rules().to_vec(), std::env::current_dir().ok())),
    };
    let mut totals = Totals::default();
    let mut print = |outcome: &Outcome| {
        totals.add(outcome);
        progress.aside(|| {
            if let Outcome::Failed(problem) = outcome {
                console::error(&format!("{}: {:#}", problem.path, problem.error));
            }
            printer.file(outcome)
        })
    };
    for problem in found.problems {
        print(&Outcome::Failed(problem))?;
    }
    for batch in found.files.chunks(BATCH * rayon::current_num_threads()) {
        let scan = |cache: &mut _, path: &PathBuf| {
            let outcome = job.scan(cache, path, |bytes| progress.bytes(bytes));
            progress.file();
            outcome
        };
        let outcomes: Vec<Outcome> =
            batch.par_iter().map_init(|| engine.scanner().create_cache(), scan).collect();
        outcomes.iter().try_for_each(&mut print)?;
    }
    progress.finish();
    totals.elapsed = started.elapsed();
    printer.finish(&totals)?;
    Ok(totals.exit())
}
