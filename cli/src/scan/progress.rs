//! The progress bar.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// How far a scan has come, shown on standard error if that is a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    bytes: AtomicU64,
}

impl Progress {
    /// A scan of so many files.
    pub(crate) fn new(files: usize) -> Progress {
        // Indicatif draws on standard error, and not at all if that is no terminal.
        let bar = ProgressBar::new(files as u64);
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} files, {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress { bar, bytes: AtomicU64::new(0) }
    }

    /// So many bytes more are scanned.
    pub(crate) fn bytes(&self, count: u64) {
        let bytes = self.bytes.fetch_add(count, Ordering::Relaxed) + count;
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10));
        }
    }

    /// One file more is done.
    pub(crate) fn file(&self) {
        self.bar.inc(1);
    }

    /// Prints something with the bar out of its way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
