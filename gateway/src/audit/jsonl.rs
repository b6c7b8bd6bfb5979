//! The record as lines of JSON, added at the end of a file: nothing binds them, but every tool reads them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::entry::Entry;

/// Records that may wait to be written; who adds more waits.
const WAITING: usize = 16 * 1024;

/// Writes records on a thread of its own.
pub(super) struct Lines {
    entries: Option<SyncSender<Arc<Entry>>>,
    broken: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Lines {
    /// Opens the file, which is made if it is not there.
    ///
    /// # Errors
    /// If the file can't be opened.
    pub(super) fn open(path: &Path) -> io::Result<Lines> {
        let broken = Arc::new(AtomicBool::new(false));
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let (entries, from) = sync_channel(WAITING);
        let flag = broken.clone();
        let thread = std::thread::Builder::new()
            .name("audit-lines".into())
            .spawn(move || write(file, &from, &flag))?;
        Ok(Lines { entries: Some(entries), broken, thread: Mutex::new(Some(thread)) })
    }

    /// Adds a line.
    pub(super) fn add(&self, entry: Arc<Entry>) {
        let sent = self.entries.as_ref().is_some_and(|entries| entries.send(entry).is_ok());
        if !sent {
            self.broken.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a record was lost.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.entries = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // What waits is written before the program ends.
            let _ = thread.join();
        }
    }
}

fn write(file: File, entries: &Receiver<Arc<Entry>>, broken: &AtomicBool) {
    let mut out = BufWriter::new(file);
    while let Ok(entry) = entries.recv() {
        let written = (|| {
            line(&mut out, &entry)?;
            while let Ok(entry) = entries.try_recv() {
                line(&mut out, &entry)?;
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

fn line(out: &mut BufWriter<File>, entry: &Entry) -> io::Result<()> {
    serde_json::to_writer(&mut *out, entry)?;
    out.write_all(b"\n")
}
