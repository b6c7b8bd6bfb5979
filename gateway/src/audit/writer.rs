//! The thread that writes rows, in batches.
//!
//! A call does not wait for the disk: its row is put into a queue, and the queue is committed every [`INTERVAL`]. What was not
//! committed when the process is killed is lost; what was stays, also where the power fails. While the database can't be
//! written nothing in the queue is given up: the batch is tried again until it is written, and [`Writer::health`] says so.

use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::entry::{Entry, Kind};
use super::key::SigningKey;
use super::store::{AuditError, Store};
use super::time::Time;

/// How long rows gather before they are committed together.
const INTERVAL: Duration = Duration::from_millis(10);

/// How often the end of the log is signed, if there is something new.
const SIGNED: Duration = Duration::from_secs(1);

/// How often rows that are too old are looked for.
const PRUNED: Duration = Duration::from_secs(600);

/// How long to wait after a failure.
const RETRY: Duration = Duration::from_millis(100);

/// Attempts to write what is left when the gateway ends.
const LAST_TRIES: usize = 20;

/// What is said where there is nothing to write to any more.
const GONE: &str = "the file is gone: put it back, or restart the gateway to begin a new log";

/// Rows that may wait; with more the log can't keep up.
const WAITING: usize = 16 * 1024;

/// Rows beyond which none is taken any more where calls pass although nothing is written.
const MOST: usize = 256 * 1024;

/// Whether rows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Fine,
    /// Rows come faster than they are written.
    Behind,
    /// The last attempt failed.
    Failing(String),
}

/// Writes rows on a thread of its own.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    health: Mutex<Health>,
    /// How many rows have been committed since the start.
    durable: watch::Sender<u64>,
}

#[derive(Default)]
struct Queue {
    rows: Vec<Arc<Entry>>,
    /// Rows that were put in since the start.
    pushed: u64,
    /// The writer waits for a row, not for the end of an interval.
    idle: bool,
    /// Somebody waits for what is in the queue.
    urgent: bool,
    closed: bool,
    /// Calls that were refused since the last commit because nothing could be written, and since when.
    refused: Option<(u64, Time)>,
}

/// The files and the age.
pub(super) struct Files {
    pub(super) database: PathBuf,
    pub(super) retention: Option<Duration>,
}

impl Writer {
    /// Opens the database, and begins to write.
    ///
    /// # Errors
    /// If the database or the key can't be opened or made.
    pub(super) fn start(files: Files) -> Result<Writer, AuditError> {
        let store = Store::create(&files.database)?;
        let path = files.database.with_extension("key");
        let key = SigningKey::open(&path).map_err(|error| AuditError::io(&path, error))?;
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            health: Mutex::new(Health::Fine),
            durable: watch::Sender::new(0),
        });
        let worker = Worker {
            shared: shared.clone(),
            store,
            key,
            retention: files.retention,
            unsigned: true,
            signed: Instant::now(),
            pruned: None,
        };
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || worker.run());
        let thread = thread.map_err(|error| AuditError::io(&files.database, error))?;
        Ok(Writer { shared, thread: Some(thread) })
    }

    /// Puts a row into the queue.
    pub(super) fn push(&self, entry: Arc<Entry>) {
        let mut queue = self.shared.queue();
        if queue.rows.len() >= MOST {
            // Where calls pass although nothing is written: how many they were is still told.
            return queue.refuse();
        }
        queue.rows.push(entry);
        queue.pushed += 1;
        let idle = mem::take(&mut queue.idle);
        drop(queue);
        if idle {
            self.shared.wake.notify_one();
        }
    }

    /// Counts a call that was refused because nothing can be written.
    pub(super) fn refuse(&self) {
        self.shared.queue().refuse();
    }

    /// Whether rows are written.
    pub(super) fn health(&self) -> Health {
        let health = self.shared.health();
        if *health == Health::Fine && self.waiting() >= WAITING { Health::Behind } else { health.clone() }
    }

    /// Rows that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.shared.queue().rows.len()
    }

    /// Waits until all rows in the queue have been committed.
    pub(super) async fn flushed(&self) {
        let mut durable = self.shared.durable.subscribe();
        let rows = {
            let mut queue = self.shared.queue();
            queue.urgent = true;
            queue.pushed
        };
        self.shared.wake.notify_one();
        // The sender lives as long as the writer.
        let _ = durable.wait_for(|durable| *durable >= rows).await;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // What waits is written before the program ends.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn refuse(&mut self) {
        let (count, _) = self.refused.get_or_insert((0, Time::now()));
        *count += 1;
    }
}

struct Worker {
    shared: Arc<Shared>,
    store: Store,
    key: SigningKey,
    retention: Option<Duration>,
    /// There are rows that no signature covers.
    unsigned: bool,
    signed: Instant,
    pruned: Option<Instant>,
}

/// What was taken from the queue.
struct Batch {
    rows: Vec<Arc<Entry>>,
    /// Rows that were put in up to the last of these.
    upto: u64,
    closed: bool,
}

impl Worker {
    fn run(mut self) {
        loop {
            let batch = self.next();
            if !batch.rows.is_empty() && !self.write(&batch) {
                return;
            }
            self.shared.durable.send_replace(batch.upto);
            if batch.closed {
                self.tend(Instant::now() + SIGNED);
                return;
            }
            self.tend(Instant::now());
        }
    }

    /// The next batch; an empty one where it is time for something else.
    fn next(&self) -> Batch {
        let shared = &self.shared;
        let mut queue = shared.queue();
        if queue.rows.is_empty() && !queue.closed {
            queue.idle = true;
            let most = if self.unsigned { SIGNED } else { PRUNED };
            let waited = shared.wake.wait_timeout(queue, most);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.idle = false;
        }
        let deadline = Instant::now() + INTERVAL;
        while !queue.rows.is_empty() && !queue.urgent && !queue.closed && queue.rows.len() < WAITING / 4 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue = shared.wake.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.urgent = false;
        Batch { rows: mem::take(&mut queue.rows), upto: queue.pushed, closed: queue.closed }
    }

    /// Writes a batch, however often it takes; `false` if it was given up because the gateway ends.
    fn write(&mut self, batch: &Batch) -> bool {
        let mut last_tries = LAST_TRIES;
        loop {
            let gap = self.shared.queue().refused.take();
            let told = gap.map(|(count, since)| gap_row(count, since));
            let rows = told.iter().chain(batch.rows.iter().map(|row| &**row));
            // Rows can be written to a file that has no name any more, but nobody would ever read them.
            let written = if self.store.is_in_place() {
                self.store.append(rows).map_err(|error| self.store.failed(error).to_string())
            } else {
                Err(format!("{}: {GONE}", self.store.path().display()))
            };
            let Err(why) = written else { break };
            self.put_back(gap);
            let mut health = self.shared.health();
            if !matches!(&*health, Health::Failing(_)) {
                tracing::error!(why, "the audit log can't be written");
            }
            *health = Health::Failing(why);
            drop(health);
            let queue = self.shared.queue();
            let closed = queue.closed;
            if closed && last_tries == 0 {
                let lost = batch.rows.len() + queue.rows.len();
                tracing::error!(
                    lost,
                    "the gateway ends without having written the last rows of the audit log"
                );
                return false;
            }
            last_tries -= usize::from(closed);
            let waited = self.shared.wake.wait_timeout(queue, RETRY);
            drop(waited.unwrap_or_else(PoisonError::into_inner).0);
        }
        let health = mem::replace(&mut *self.shared.health(), Health::Fine);
        if health != Health::Fine {
            tracing::info!("the audit log is written again");
        }
        self.unsigned = true;
        true
    }

    fn put_back(&self, gap: Option<(u64, Time)>) {
        let Some((count, since)) = gap else { return };
        let mut queue = self.shared.queue();
        let more = queue.refused.map_or(0, |(count, _)| count);
        queue.refused = Some((count + more, since));
    }

    /// Signs and prunes, where it is time.
    fn tend(&mut self, now: Instant) {
        if self.unsigned && now.saturating_duration_since(self.signed) >= SIGNED {
            match self.store.sign(&self.key) {
                Ok(()) => self.unsigned = false,
                Err(error) => {
                    tracing::warn!(why = %self.store.failed(error), "the audit log can't be signed now")
                }
            }
            self.signed = now;
        }
        let due = self.pruned.is_none_or(|last| now.saturating_duration_since(last) >= PRUNED);
        if let Some(age) = self.retention.filter(|_| due) {
            match self.store.prune(&self.key, age) {
                // There is more: it is taken out behind the next batch.
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(why = %self.store.failed(error), "old rows can't be taken out now")
                }
            }
            self.pruned = Some(now);
        }
    }
}

fn gap_row(count: u64, since: Time) -> Entry {
    let calls = if count == 1 { "call was" } else { "calls were" };
    let detail = format!("{count} {calls} refused since {since} because no row could be written");
    Entry { detail: Some(detail), ..Entry::new(Kind::Gap) }
}
