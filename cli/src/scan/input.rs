//! The scan of one file.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use hypersieve::{Cache, Channel, Finding, Scanner, Verdict};

use crate::ruleset::Engine;
use crate::scan::report::{Outcome, Report, name};
use crate::scan::source::Source;
use crate::scan::walk::Problem;

/// How files are scanned.
pub(crate) struct Job<'s> {
    pub(crate) engine: &'s Engine,
    pub(crate) channel: Channel,
    /// Bytes a push; without it, what is in memory is one push.
    pub(crate) chunk: Option<NonZeroUsize>,
    pub(crate) binary: Binary,
}

/// What becomes of binary files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    /// They are scanned as bytes.
    Scanned,
    /// They are left out and counted.
    Skipped,
}

impl Job<'_> {
    /// Scans the file at `path`; `-` is standard input. `passed` is told how many bytes were scanned.
    pub(crate) fn scan(&self, cache: &mut Cache, path: &Path, passed: impl Fn(u64)) -> Outcome {
        match self.outcome(cache, path, passed) {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(Problem { path: name(path), error }),
        }
    }

    fn outcome(&self, cache: &mut Cache, path: &Path, passed: impl Fn(u64)) -> Result<Outcome> {
        let source = Source::open(path)?;
        if self.binary == Binary::Skipped && source.is_binary()? {
            return Ok(Outcome::Skipped { path: name(path) });
        }
        let started = Instant::now();
        let verdict = self.verdict(self.engine.scanner(), cache, &source, passed)?;
        let ns = nanoseconds(started);
        let secret = self.secrets(cache, &source, &verdict)?;
        Report::new(path, &source, &verdict, &secret, self.engine, ns).map(Outcome::Scanned)
    }

    /// The findings that decide what must not be shown.
    fn secrets(&self, cache: &mut Cache, source: &Source, verdict: &Verdict) -> Result<Vec<Finding>> {
        match self.engine.unfiltered() {
            Some(scanner) if !verdict.findings().is_empty() => {
                Ok(self.verdict(scanner, cache, source, |_| ())?.findings().to_vec())
            }
            _ => Ok(verdict.findings().to_vec()),
        }
    }

    fn verdict(
        &self,
        scanner: &Scanner,
        cache: &mut Cache,
        source: &Source,
        passed: impl Fn(u64),
    ) -> Result<Verdict> {
        if let (None, Some(text)) = (self.chunk, source.in_memory()) {
            let verdict = scanner.scan_with(cache, text, self.channel)?;
            passed(source.len());
            return Ok(verdict);
        }
        let mut stream = scanner.stream(self.channel);
        source.blocks(self.chunk.map(NonZeroUsize::get), |block| {
            stream.push_with(cache, block)?;
            passed(block.len() as u64);
            Ok(())
        })?;
        stream.finish_with(cache).context("the scan could not be finished")
    }
}

/// The time since `started`.
pub(crate) fn nanoseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
