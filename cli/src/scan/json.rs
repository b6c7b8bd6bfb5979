//! Reports as JSON: one document, or one line a file.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use hypersieve::Action;
use serde::Serialize;

use crate::scan::files::{Printer, Totals};
use crate::scan::record::Record;
use crate::scan::report::{Outcome, Report, Shown};
use crate::scan::walk::Problem;

/// `{"files": [...], "summary": {...}}`, with lines and columns.
pub(crate) struct Document<W> {
    out: W,
    begun: bool,
}

/// `{"path", "verdict", "findings", "limits", "ns"}`, one line a file.
pub(crate) struct Lines<W> {
    out: W,
}

#[derive(Serialize)]
struct FileLine<'r> {
    path: &'r str,
    verdict: &'static str,
    findings: Vec<Record<'r>>,
    limits: &'r [String],
    ns: u64,
}

#[derive(Serialize)]
struct FileEntry<'r> {
    path: &'r str,
    verdict: &'static str,
    bytes: u64,
    findings: Vec<FindingEntry<'r>>,
    /// All findings, those not listed among them.
    counts: BTreeMap<&'r str, u64>,
    limits: &'r [String],
    ns: u64,
}

#[derive(Serialize)]
struct FindingEntry<'r> {
    #[serde(flatten)]
    record: Record<'r>,
    line: u64,
    column: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'r str>,
}

/// A file without a verdict is to be treated as blocked.
#[derive(Serialize)]
struct FailedEntry<'r> {
    path: &'r str,
    verdict: &'static str,
    error: String,
}

#[derive(Serialize)]
struct SkippedEntry<'r> {
    path: &'r str,
    skipped: &'static str,
}

#[derive(Serialize)]
struct Summary {
    files: u64,
    bytes: u64,
    seconds: f64,
    mb_per_s: f64,
    #[serde(flatten)]
    actions: BTreeMap<&'static str, u64>,
    skipped: u64,
    failed: u64,
}

impl<W: Write> Document<W> {
    pub(crate) fn new(out: W) -> Document<W> {
        Document { out, begun: false }
    }

    fn entry(&mut self, entry: &impl Serialize) -> Result<()> {
        self.out.write_all(if self.begun { b",\n" } else { b"{\"files\":[\n" })?;
        self.begun = true;
        serde_json::to_writer(&mut self.out, entry)?;
        Ok(())
    }
}

impl<W: Write> Printer for Document<W> {
    fn file(&mut self, outcome: &Outcome) -> Result<()> {
        match outcome {
            Outcome::Scanned(report) => self.entry(&FileEntry::new(report)),
            Outcome::Skipped { path } => self.entry(&SkippedEntry { path, skipped: "binary" }),
            Outcome::Failed(problem) => self.entry(&FailedEntry::new(problem)),
        }
    }

    fn finish(&mut self, totals: &Totals) -> Result<()> {
        if !self.begun {
            self.out.write_all(b"{\"files\":[")?;
        }
        self.out.write_all(b"\n],\n\"summary\":")?;
        serde_json::to_writer(&mut self.out, &Summary::new(totals))?;
        self.out.write_all(b"}\n")?;
        self.out.flush()?;
        Ok(())
    }
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(out: W) -> Lines<W> {
        Lines { out }
    }

    fn line(&mut self, line: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }
}

impl<W: Write> Printer for Lines<W> {
    fn file(&mut self, outcome: &Outcome) -> Result<()> {
        match outcome {
            Outcome::Scanned(report) => self.line(&FileLine::new(report)),
            Outcome::Skipped { path } => self.line(&SkippedEntry { path, skipped: "binary" }),
            Outcome::Failed(problem) => self.line(&FailedEntry::new(problem)),
        }
    }

    fn finish(&mut self, _: &Totals) -> Result<()> {
        self.out.flush()?;
        Ok(())
    }
}

impl<'r> FileLine<'r> {
    fn new(report: &'r Report) -> FileLine<'r> {
        FileLine {
            path: &report.path,
            verdict: report.action.name(),
            findings: report.findings.iter().map(|f| Record::new(&f.finding, &f.matched)).collect(),
            limits: &report.limits,
            ns: report.ns,
        }
    }
}

impl<'r> FileEntry<'r> {
    fn new(report: &'r Report) -> FileEntry<'r> {
        FileEntry {
            path: &report.path,
            verdict: report.action.name(),
            bytes: report.bytes,
            findings: report.findings.iter().map(FindingEntry::new).collect(),
            counts: report.counts.iter().map(|(id, count)| (id.as_str(), *count)).collect(),
            limits: &report.limits,
            ns: report.ns,
        }
    }
}

impl<'r> FindingEntry<'r> {
    fn new(shown: &'r Shown) -> FindingEntry<'r> {
        FindingEntry {
            record: Record::new(&shown.finding, &shown.matched),
            line: shown.first.line,
            column: shown.first.column,
            pointer: shown.pointer.as_deref(),
        }
    }
}

impl<'r> FailedEntry<'r> {
    fn new(problem: &'r Problem) -> FailedEntry<'r> {
        FailedEntry {
            path: &problem.path,
            verdict: Action::Block.name(),
            error: format!("{:#}", problem.error),
        }
    }
}

impl Summary {
    fn new(totals: &Totals) -> Summary {
        Summary {
            files: totals.files,
            bytes: totals.bytes,
            seconds: totals.elapsed.as_secs_f64(),
            mb_per_s: totals.mb_per_s(),
            actions: totals.by_action().map(|(action, count)| (action.name(), count)).collect(),
            skipped: totals.skipped,
            failed: totals.failed,
        }
    }
}
