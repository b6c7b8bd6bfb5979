//! What tools were called and what was spent with them, in a database that outlives the gateway.
//!
//! The database is the one place where it is counted: several processes may share it, and a check and its count are one
//! transaction, so that calls at the same moment can't both take what is left for one.
//!
//! Time is the wall clock's, since the monotonic one begins anew with the machine, and it may jump:
//! - An amount counts for the day (UTC) that the clock shows. Each day's sum is kept for good, so a clock that jumps ahead and
//!   back finds what was spent on either day, and no day ever has more than its limit.
//! - A call counts for an hour. A clock that jumps ahead forgets calls early; when it jumps back, calls that seem to lie
//!   ahead are taken to have been made now, so they are forgotten an hour later, and not when the clock gets there again.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::Amount;
use crate::config::Rate;
use crate::state::{self, private};

/// How long another process may hold the database.
const BUSY: Duration = Duration::from_secs(2);

/// The state of the database's shape; a database of another one is refused.
const SHAPE: i64 = 1;

/// Counts calls and amounts.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Nowhere: in memory.
    file: Option<PathBuf>,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    database: Connection,
    durability: Durability,
}

/// What is on the disk when a transaction has ended. PERF: to wait for the disk takes as long as the disk does, so only
/// amounts wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    /// It may still be in the system's memory, which outlives the process.
    System,
    /// All of it.
    Disk,
}

/// A call that is to be counted.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) agent: String,
    pub(crate) server: String,
    /// As the server names it.
    pub(crate) tool: String,
    pub(crate) rate: Option<Rate>,
    /// What it spends, and the most of a day.
    pub(crate) spends: Option<(Amount, Amount)>,
}

/// Why a call is not counted, and so not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is room for another call after this time.
    Rate(Duration),
    /// This is left of the day, which ends after this time.
    Day { left: Amount, ends: Duration },
    /// The database can't be used.
    Failed(String),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Refused::Failed(error.to_string())
    }
}

impl Ledger {
    /// A ledger in a folder, which is made when it is first needed; or in memory.
    pub(crate) fn new(state: Option<&Path>) -> Ledger {
        Ledger { file: state.map(|state| state.join("counters.db")), open: Mutex::default() }
    }

    /// Opens the database, so that what is wrong with it is told before it is needed.
    ///
    /// # Errors
    /// If the folder or the database can't be made or read.
    pub(crate) fn prepare(&self) -> std::io::Result<()> {
        let mut open = self.lock();
        if open.is_none() {
            let database = connect(self.file.as_deref()).map_err(|error| {
                let file = self.file.as_deref().unwrap_or(Path::new("memory")).display();
                std::io::Error::other(format!("{file}: {error}"))
            })?;
            // What a connection begins with.
            *open = Some(Open { database, durability: Durability::Disk });
        }
        Ok(())
    }

    /// Counts a call at `now`, if there is room for it.
    ///
    /// What was counted stays counted, also if the call then fails: whether the server acted is not known. A process that is
    /// killed forgets nothing; a machine that loses its power may forget calls, but no amounts.
    ///
    /// # Errors
    /// If there is no room, or it can't be told.
    pub(crate) fn count(&self, claim: &Claim, now: SystemTime) -> Result<(), Refused> {
        self.prepare().map_err(|error| Refused::Failed(error.to_string()))?;
        let mut open = self.lock();
        let open = open.as_mut().expect("it was opened above and is never closed");
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        open.sync(if claim.spends.is_some() { Durability::Disk } else { Durability::System })?;
        let mut transaction = begin(&mut open.database)?;
        if let Some(rate) = claim.rate {
            let mut latest = last(&transaction, claim)?;
            if latest.is_some_and(|(_, at)| at > millis(since)) {
                // This holds whether or not the call is let through.
                take_back(&transaction, claim, millis(since))?;
                transaction.commit()?;
                transaction = begin(&mut open.database)?;
                latest = last(&transaction, claim)?;
            }
            call(&transaction, claim, rate, since, latest)?;
        }
        if let Some((amount, limit)) = claim.spends {
            spend(&transaction, claim, amount, limit, since)?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn sync(&mut self, durability: Durability) -> Result<(), Refused> {
        if self.durability != durability {
            // Not kept as a prepared statement: it has its effect when it is prepared, and none when it is run again.
            self.database.execute_batch(match durability {
                Durability::System => "PRAGMA synchronous = NORMAL",
                Durability::Disk => "PRAGMA synchronous = FULL",
            })?;
            self.durability = durability;
        }
        Ok(())
    }
}

/// Begins to write at once: two transactions that both read first could both find room.
fn begin(database: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    database.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// The number and the time of the last call.
fn last(database: &Connection, claim: &Claim) -> Result<Option<(i64, i64)>, Refused> {
    let mut query = database.prepare_cached(
        "SELECT n, at FROM calls WHERE agent = ?1 AND server = ?2 AND tool = ?3 ORDER BY n DESC LIMIT 1",
    )?;
    let found =
        query.query_row(params![claim.agent, claim.server, claim.tool], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}

/// Takes calls that seem to lie ahead to have been made now.
fn take_back(database: &Transaction<'_>, claim: &Claim, now: i64) -> Result<(), Refused> {
    database.execute(
        "UPDATE calls SET at = ?4 WHERE agent = ?1 AND server = ?2 AND tool = ?3 AND at > ?4",
        params![claim.agent, claim.server, claim.tool, now],
    )?;
    Ok(())
}

/// Numbers of calls between two clearings. PERF: to delete at each call costs as much as to count it.
const CLEARED: i64 = 64;

fn call(
    database: &Transaction<'_>,
    claim: &Claim,
    rate: Rate,
    since: Duration,
    last: Option<(i64, i64)>,
) -> Result<(), Refused> {
    let (now, window) = (millis(since), millis(rate.window));
    let key = (&claim.agent, &claim.server, &claim.tool);
    // Calls are numbered: the one that must have left the window is found by its number, however many the window holds.
    let next = last.map_or(0, |(n, _)| n + 1);
    let leaves = next - i64::try_from(rate.calls).unwrap_or(i64::MAX);
    let made: Option<i64> = database
        .prepare_cached("SELECT at FROM calls WHERE agent = ?1 AND server = ?2 AND tool = ?3 AND n = ?4")?
        .query_row(params![key.0, key.1, key.2, leaves], |row| row.get(0))
        .optional()?;
    if let Some(made) = made.filter(|made| now - made < window) {
        return Err(Refused::Rate(Duration::from_millis(u64::try_from(made + window - now).unwrap_or(0))));
    }
    if next % CLEARED == 0 {
        // Those up to it have left for good.
        database.execute(
            "DELETE FROM calls WHERE agent = ?1 AND server = ?2 AND tool = ?3 AND n <= ?4",
            params![key.0, key.1, key.2, leaves],
        )?;
    }
    database
        .prepare_cached("INSERT INTO calls (agent, server, tool, n, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![key.0, key.1, key.2, next, now])?;
    Ok(())
}

fn spend(
    database: &Transaction<'_>,
    claim: &Claim,
    amount: Amount,
    limit: Amount,
    since: Duration,
) -> Result<(), Refused> {
    const DAY: u64 = 86_400;
    let day = i64::try_from(since.as_secs() / DAY).unwrap_or(i64::MAX);
    let key = (&claim.agent, &claim.server, &claim.tool);
    let spent: Option<String> = database
        .prepare_cached(
            "SELECT spent FROM spends WHERE agent = ?1 AND server = ?2 AND tool = ?3 AND day = ?4",
        )?
        .query_row(params![key.0, key.1, key.2, day], |row| row.get(0))
        .optional()?;
    let spent = match spent {
        None => Amount::ZERO,
        Some(text) => Amount::of_number(&text)
            .map_err(|error| Refused::Failed(format!("the sum of a day, {text:?}, {error}")))?,
    };
    let sum = spent.plus(amount).filter(|sum| *sum <= limit);
    let Some(sum) = sum else {
        let ends = Duration::from_secs(DAY - since.as_secs() % DAY);
        return Err(Refused::Day { left: limit.minus(spent), ends });
    };
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO spends (agent, server, tool, day, spent) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![key.0, key.1, key.2, day, sum.to_string()])?;
    Ok(())
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn connect(file: Option<&Path>) -> Result<Connection, Box<dyn std::error::Error>> {
    // Two processes that make the database at the same moment would each find it locked, and not wait.
    let _lock = file.map(|file| state::lock(&file.with_extension("lock"))).transpose()?;
    let database = match file {
        None => Connection::open_in_memory()?,
        Some(file) => {
            private(OpenOptions::new().write(true).create(true).truncate(false)).open(file)?;
            Connection::open(file)?
        }
    };
    database.busy_timeout(BUSY)?;
    database.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let shape: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if shape > SHAPE {
        return Err(format!("it was written by a later version of this program (shape {shape})").into());
    }
    database.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS calls (agent TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL,
             n INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (agent, server, tool, n)) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS spends (agent TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL,
             day INTEGER NOT NULL, spent TEXT NOT NULL, PRIMARY KEY (agent, server, tool, day)) WITHOUT ROWID;
         PRAGMA user_version = {SHAPE};
         COMMIT;"
    ))?;
    Ok(database)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Midnight UTC of some day.
    const MIDNIGHT: u64 = 20_000 * 86_400;

    fn amount(text: &str) -> Amount {
        Amount::of_number(text).unwrap()
    }

    fn claim(tool: &str) -> Claim {
        Claim { agent: "a".into(), server: "s".into(), tool: tool.into(), rate: None, spends: None }
    }

    fn spending(text: &str, limit: &str) -> Claim {
        Claim { spends: Some((amount(text), amount(limit))), ..claim("pay") }
    }

    fn calling(calls: usize) -> Claim {
        Claim { rate: Some(Rate { calls, window: Duration::from_secs(3600) }), ..claim("call") }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn left(text: &str, hours: u64) -> Result<(), Refused> {
        Err(Refused::Day { left: amount(text), ends: Duration::from_secs(hours * 3600) })
    }

    #[test]
    fn a_day_is_never_over_its_limit() {
        let ledger = Ledger::new(None);
        let noon = at(MIDNIGHT + 43_200);
        assert_eq!(ledger.count(&spending("0.1", "1"), noon), Ok(()));
        assert_eq!(ledger.count(&spending("0.2", "1"), noon), Ok(()));
        assert_eq!(ledger.count(&spending("0.70001", "1"), noon), left("0.7", 12));
        assert_eq!(ledger.count(&spending("0.7", "1"), noon), Ok(()), "what was refused was not spent");
        assert_eq!(ledger.count(&spending("0.00000001", "1"), noon), left("0", 12));
        let other = Claim { agent: "b".into(), ..spending("1", "1") };
        assert_eq!(ledger.count(&other, noon), Ok(()), "each agent has its own");
    }

    #[test]
    fn days_begin_at_midnight_utc() {
        let ledger = Ledger::new(None);
        assert_eq!(ledger.count(&spending("5", "5"), at(MIDNIGHT)), Ok(()));
        let last = Err(Refused::Day { left: Amount::ZERO, ends: Duration::from_secs(1) });
        assert_eq!(ledger.count(&spending("1", "5"), at(MIDNIGHT + 86_399)), last);
        assert_eq!(ledger.count(&spending("5", "5"), at(MIDNIGHT + 86_400)), Ok(()));
    }

    #[test]
    fn a_clock_that_jumps_finds_what_each_day_spent() {
        let ledger = Ledger::new(None);
        let (today, later) = (at(MIDNIGHT + 43_200), at(MIDNIGHT + 400 * 86_400 + 43_200));
        assert_eq!(ledger.count(&spending("4", "5"), today), Ok(()));
        assert_eq!(ledger.count(&spending("3", "5"), later), Ok(()));
        assert_eq!(ledger.count(&spending("2", "5"), today), left("1", 12), "back again");
        assert_eq!(ledger.count(&spending("1", "5"), today), Ok(()));
        assert_eq!(ledger.count(&spending("3", "5"), later), left("2", 12), "when that day really comes");
        assert_eq!(
            ledger.count(&spending("1", "5"), UNIX_EPOCH - Duration::from_secs(1)),
            Ok(()),
            "before 1970"
        );
    }

    #[test]
    fn the_window_of_a_tool_slides() {
        let ledger = Ledger::new(None);
        let now = |seconds| ledger.count(&calling(2), at(MIDNIGHT + seconds));
        let wait = |seconds| Err(Refused::Rate(Duration::from_secs(seconds)));
        assert_eq!((now(0), now(3000)), (Ok(()), Ok(())));
        assert_eq!(now(3599), wait(1));
        assert_eq!(now(3600), Ok(()), "the first one is an hour old");
        assert_eq!(now(3600), wait(3000));
        assert_eq!(now(6600), Ok(()));
        let lower = ledger.count(&calling(1), at(MIDNIGHT + 6600));
        assert_eq!(lower, wait(3600), "a lower rate holds for what was called before");
    }

    #[test]
    fn calls_that_lie_ahead_count_for_an_hour_from_now() {
        let ledger = Ledger::new(None);
        let year = 365 * 86_400;
        let now = |seconds| ledger.count(&calling(1), at(MIDNIGHT + seconds));
        assert_eq!(now(year), Ok(()));
        assert_eq!(now(0), Err(Refused::Rate(Duration::from_secs(3600))), "the clock jumped back");
        assert_eq!(now(1800), Err(Refused::Rate(Duration::from_secs(1800))));
        assert_eq!(now(3600), Ok(()), "and nobody is locked out for a year");
        assert_eq!(now(year), Ok(()), "a jump ahead forgets it early");
    }

    #[test]
    fn what_is_refused_for_one_reason_counts_for_none() {
        let ledger = Ledger::new(None);
        let both = |text: &str| Claim { rate: calling(2).rate, ..spending(text, "5") };
        assert!(matches!(ledger.count(&both("6"), at(MIDNIGHT)), Err(Refused::Day { .. })));
        assert_eq!(ledger.count(&both("1"), at(MIDNIGHT)), Ok(()));
        assert_eq!(
            ledger.count(&both("1"), at(MIDNIGHT)),
            Ok(()),
            "the refused call took no place in the window"
        );
        assert!(matches!(ledger.count(&both("1"), at(MIDNIGHT)), Err(Refused::Rate(_))));
        assert_eq!(ledger.count(&spending("3", "5"), at(MIDNIGHT)), Ok(()), "nor was anything of it spent");
    }

    #[test]
    fn a_higher_rate_makes_room_at_once() {
        let ledger = Ledger::new(None);
        let now = |calls, seconds| ledger.count(&calling(calls), at(MIDNIGHT + seconds));
        assert_eq!((now(2, 0), now(2, 3600), now(2, 3601)), (Ok(()), Ok(()), Ok(())));
        assert!(now(2, 3602).is_err());
        assert_eq!(now(3, 3602), Ok(()));
        assert_eq!(now(3, 3603), Err(Refused::Rate(Duration::from_secs(3597))));
    }

    #[test]
    fn calls_that_have_left_are_cleared() {
        let ledger = Ledger::new(None);
        for hour in 0..300 {
            assert_eq!(ledger.count(&calling(1), at(MIDNIGHT + hour * 3600)), Ok(()));
        }
        let open = ledger.lock();
        let rows: i64 = open
            .as_ref()
            .unwrap()
            .database
            .query_row("SELECT count(*) FROM calls", [], |row| row.get(0))
            .unwrap();
        assert!(rows <= CLEARED + 1, "{rows}");
    }

    #[test]
    fn amounts_wait_for_the_disk_and_calls_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(Some(folder.path()));
        // As SQLite numbers them.
        let (normal, full) = (1, 2);
        for (claim, expected) in [
            (calling(9), normal),
            (spending("1", "9"), full),
            (calling(9), normal),
            (spending("1", "9"), full),
            (spending("1", "9"), full),
        ] {
            ledger.count(&claim, at(MIDNIGHT)).unwrap();
            let open = ledger.lock();
            let database = &open.as_ref().unwrap().database;
            let sync: i64 = database.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
            assert_eq!(sync, expected);
        }
    }

    #[test]
    fn a_restart_and_another_process_find_the_counts() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let first = Ledger::new(Some(&state));
        assert_eq!(first.count(&spending("4", "5"), at(MIDNIGHT)), Ok(()));
        assert_eq!(first.count(&calling(1), at(MIDNIGHT)), Ok(()));
        // The first one is still open, as one that was killed leaves its files.
        let second = Ledger::new(Some(&state));
        assert_eq!(second.count(&spending("2", "5"), at(MIDNIGHT)), left("1", 24));
        assert!(matches!(second.count(&calling(1), at(MIDNIGHT)), Err(Refused::Rate(_))));
        assert_eq!(second.count(&spending("1", "5"), at(MIDNIGHT)), Ok(()));
        assert_eq!(first.count(&spending("1", "5"), at(MIDNIGHT)), left("0", 24));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&state), mode(&state.join("counters.db"))), (0o700, 0o600));
        }
    }

    #[test]
    fn sixty_four_at_once_never_spend_more_than_the_day_has() {
        let folder = tempfile::tempdir().unwrap();
        // Two processes, as far as the database can tell.
        let ledgers = [Ledger::new(Some(folder.path())), Ledger::new(Some(folder.path()))];
        let fine = std::thread::scope(|scope| {
            let spend = |n: usize| {
                let ledger = &ledgers[n % 2];
                scope.spawn(move || ledger.count(&spending("10", "500"), at(MIDNIGHT)))
            };
            let all: Vec<_> = (0..64).map(spend).collect();
            let all = all.into_iter().map(|thread| thread.join().unwrap());
            all.filter(|counted| match counted {
                Ok(()) => true,
                Err(Refused::Day { left, .. }) => {
                    assert_eq!(*left, Amount::ZERO);
                    false
                }
                Err(other) => panic!("{other:?}"),
            })
            .count()
        });
        assert_eq!(fine, 50);
    }

    #[test]
    fn a_database_that_can_not_be_used_lets_nothing_through() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("counters.db"), "this is no database, but a text of some length")
            .unwrap();
        let ledger = Ledger::new(Some(folder.path()));
        assert!(matches!(ledger.count(&calling(9), at(MIDNIGHT)), Err(Refused::Failed(_))));
        assert!(ledger.prepare().unwrap_err().to_string().contains("counters.db"));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(Ledger::new(Some(&file)).prepare().is_err(), "the state is a file, not a folder");
    }
}
