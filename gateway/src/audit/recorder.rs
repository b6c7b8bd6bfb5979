//! What the gateway tells its record: rows in the database, lines in a file, both or neither.

use std::sync::Arc;
use std::time::Duration;

use super::AuditError;
use super::entry::{Entry, Kind};
use super::jsonl::Lines;
use super::writer::{Files, Health, Writer};
use crate::config::{AuditConfig, OnFailure};

/// How long an answer waits for its row before it counts as not recorded.
const PATIENCE: Duration = Duration::from_secs(5);

/// The record of what is decided.
pub(crate) struct Recorder {
    rows: Option<Writer>,
    lines: Option<Lines>,
    on_failure: OnFailure,
    durable_answers: bool,
}

impl Recorder {
    /// Opens what the configuration names.
    ///
    /// # Errors
    /// If a file can't be opened or made.
    pub(crate) fn open(config: &AuditConfig) -> Result<Recorder, AuditError> {
        let lines =
            config.lines.as_ref().map(|path| Lines::open(path).map_err(|error| AuditError::io(path, error)));
        let lines = lines.transpose()?;
        let rows = config
            .database
            .as_ref()
            .map(|database| Writer::start(Files { database: database.clone(), retention: config.retention }));
        let recorder = Recorder {
            rows: rows.transpose()?,
            lines,
            on_failure: config.on_failure,
            durable_answers: config.durable_answers,
        };
        recorder.mark(Kind::Started);
        Ok(recorder)
    }

    /// Whether anything is recorded.
    pub(crate) fn is_on(&self) -> bool {
        self.rows.is_some() || self.lines.is_some()
    }

    /// Adds a row. It is written soon, not now.
    pub(crate) fn add(&self, entry: Entry) {
        let entry = Arc::new(entry);
        if let Some(lines) = &self.lines {
            lines.add(entry.clone());
        }
        if let Some(rows) = &self.rows {
            rows.push(entry);
        }
    }

    /// Adds a row about the gateway itself.
    fn mark(&self, kind: Kind) {
        if let Some(rows) = &self.rows {
            rows.push(Arc::new(Entry::new(kind)));
        }
    }

    /// Why a new call must not pass: nobody would know of it.
    pub(crate) fn refuses(&self) -> Option<String> {
        let rows = self.rows.as_ref().filter(|_| self.on_failure == OnFailure::Refuse)?;
        match rows.health() {
            Health::Fine => None,
            Health::Behind => Some("calls come faster than the audit log is written".into()),
            // Which file it is, and why, is for the operator, not for agents.
            Health::Failing(_) => Some("the audit log can't be written".into()),
        }
    }

    /// Counts a call that was refused for that. How many they were becomes one row, once rows can be written again.
    pub(crate) fn refuse(&self, entry: Entry) {
        if let Some(lines) = &self.lines {
            lines.add(Arc::new(entry));
        }
        if let Some(rows) = &self.rows {
            rows.refuse();
        }
    }

    /// Whether answers wait until their row is on the disk.
    pub(crate) fn holds_answers(&self) -> bool {
        self.durable_answers && self.rows.is_some()
    }

    /// Waits until all rows so far are on the disk, if answers wait for that; `false` if they were not within some seconds, and
    /// the answer must not go.
    pub(crate) async fn flushed(&self) -> bool {
        let Some(rows) = self.rows.as_ref().filter(|_| self.holds_answers()) else { return true };
        let flushed = tokio::time::timeout(PATIENCE, rows.flushed()).await;
        flushed.is_ok() || self.on_failure == OnFailure::Pass
    }

    /// Why the record is not whole now.
    pub(crate) fn trouble(&self) -> Option<String> {
        let rows = self.rows.as_ref().map(Writer::health);
        match rows {
            Some(Health::Failing(why)) => Some(why),
            Some(Health::Behind) => Some("rows come faster than they are written".into()),
            _ => self
                .lines
                .as_ref()
                .filter(|lines| lines.is_broken())
                .map(|_| "lines of the audit file were lost".into()),
        }
    }

    /// Rows that wait to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.rows.as_ref().map_or(0, Writer::waiting)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.mark(Kind::Ended);
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::Instant;

    use super::*;
    use crate::digest::sha256;

    /// What the record adds to a call's own path: looking whether rows are written, hashing 2 KiB of arguments and 2 KiB of the
    /// answer, making the row and queueing it, while the thread beside commits. Run it optimised:
    /// `cargo test --release -p hypersieve-gateway --lib -- --ignored --nocapture what_a_call_pays`.
    #[test]
    #[ignore = "a measurement"]
    fn what_a_call_pays() {
        let folder = tempfile::tempdir().unwrap();
        let database = Some(folder.path().join("audit.db"));
        let config = AuditConfig { database, on_failure: OnFailure::Pass, ..AuditConfig::default() };
        let recorder = Recorder::open(&config).unwrap();
        let text = vec![b'a'; 2048];
        let (mut hashing, mut rows) = (Vec::new(), Vec::new());
        for _ in 0..50_000 {
            let begun = Instant::now();
            let (arguments, result) = (Some(sha256(black_box(&text))), Some(sha256(black_box(&text))));
            let hashed = begun.elapsed();
            black_box(recorder.refuses());
            recorder.add(Entry {
                agent: Some("coder".into()),
                backend: Some("files".into()),
                method: Some("tools/call".into()),
                tool: Some("read_file".into()),
                verdict: Some("allow"),
                arguments,
                result,
                ..Entry::new(Kind::Decision)
            });
            rows.push(begun.elapsed() - hashed);
            hashing.push(hashed);
            // As far apart as calls are, so that the queue is what it is under load.
            while begun.elapsed() < Duration::from_micros(100) {
                std::hint::spin_loop();
            }
        }
        for (what, times) in [("hashing", &mut hashing), ("the row", &mut rows)] {
            times.sort();
            let at = |part: usize| times[times.len() * part / 1000];
            println!("{what}: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
        }
    }
}
