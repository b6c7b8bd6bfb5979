//! The record of what was decided: one line of JSON for each decision, added at the end of a file.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use serde::Serialize;

/// Records that may wait to be written; who adds more waits.
const WAITING: usize = 16 * 1024;

/// One decision.
///
/// Holds no text of a call or an answer, only digests, and so no secret.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'a> {
    /// RFC 3339, UTC.
    pub(crate) time: String,
    pub(crate) agent: Option<&'a str>,
    pub(crate) backend: Option<&'a str>,
    pub(crate) method: &'a str,
    /// The tool, as the backend names it.
    pub(crate) tool: Option<&'a str>,
    /// `enforce` or `observe`.
    pub(crate) mode: &'static str,
    pub(crate) verdict: &'static str,
    /// Whether the message was stopped; not in `observe`.
    pub(crate) stopped: bool,
    /// `request` or `response`: what the verdict is about.
    pub(crate) direction: &'static str,
    pub(crate) rules: &'a BTreeSet<String>,
    pub(crate) detail: Option<&'a str>,
    pub(crate) arguments_sha256: Option<String>,
    pub(crate) result_sha256: Option<String>,
    /// Microseconds from the request's last byte to the answer's last.
    pub(crate) total_us: u128,
    /// Of these, until the request was judged.
    pub(crate) request_us: u128,
    /// Of these, until the backend began to answer.
    pub(crate) backend_us: Option<u128>,
    /// Of these, spent judging the answer.
    pub(crate) response_us: u128,
}

/// Writes records on a thread of its own.
#[derive(Debug)]
pub(crate) struct Audit {
    lines: Option<SyncSender<Vec<u8>>>,
    broken: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// Opens the file, which is made if it is not there; without a path nothing is written.
    ///
    /// # Errors
    /// If the file can't be opened.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Audit> {
        let broken = Arc::new(AtomicBool::new(false));
        let Some(path) = path else { return Ok(Audit { lines: None, broken, thread: Mutex::default() }) };
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let (lines, from) = sync_channel(WAITING);
        let flag = broken.clone();
        let thread =
            std::thread::Builder::new().name("audit".into()).spawn(move || write(file, &from, &flag))?;
        Ok(Audit { lines: Some(lines), broken, thread: Mutex::new(Some(thread)) })
    }

    /// Whether records are kept.
    pub(crate) fn is_on(&self) -> bool {
        self.lines.is_some()
    }

    /// Adds a record.
    pub(crate) fn add(&self, record: &Record<'_>) {
        let Some(lines) = &self.lines else { return };
        let mut line = serde_json::to_vec(record).expect("a record is made of texts and numbers");
        line.push(b'\n');
        if lines.send(line).is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a record was lost.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.lines = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // What waits is written before the program ends.
            let _ = thread.join();
        }
    }
}

fn write(file: File, lines: &Receiver<Vec<u8>>, broken: &AtomicBool) {
    let mut out = BufWriter::new(file);
    while let Ok(line) = lines.recv() {
        let written = (|| {
            out.write_all(&line)?;
            while let Ok(line) = lines.try_recv() {
                out.write_all(&line)?;
            }
            out.flush()
        })();
        if let Err(error) = written
            && !broken.swap(true, Ordering::Relaxed)
        {
            tracing::error!(%error, "the audit file can't be written");
        }
    }
}

/// The time now, as RFC 3339 in UTC.
pub(crate) fn now() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    rfc3339(since.as_secs(), since.subsec_micros())
}

/// Civil time from days since 1970, by Howard Hinnant's algorithm.
fn rfc3339(seconds: u64, micros: u32) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_right() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, "2000-02-28T23:59:59.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_785_196_800, "2026-07-28T00:00:00.000000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000000Z"),
        ] {
            assert_eq!(rfc3339(seconds, 0), text);
        }
    }
}
