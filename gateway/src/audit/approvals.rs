//! Calls that wait for a person.
//!
//! Each step is a row of the log: held, then approved or denied, then used. What state a call is in follows from its rows, so a
//! restart loses none. Each step is one transaction, on the disk before anybody is told.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::Value;
use serde::Serialize;

use super::entry::{COLUMNS, Entry, Kind};
use super::store::{self, AuditError, Store};
use super::time::Time;
use crate::digest::{hex, unhex};

/// Calls of one agent that may wait at a time.
const WAITING: usize = 1000;

/// Bytes of the arguments that are shown.
const SHOWN: usize = 4096;

/// Characters of the name of whoever decides.
const NAME: usize = 128;

/// The calls that wait for a person, and what people decided.
///
/// May be used in several processes beside each other.
pub struct Approvals {
    store: Mutex<Store>,
}

/// A call as it is made: another one is identical if all of this is the same, and no other rules are found in it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) agent: Option<String>,
    pub(crate) backend: String,
    pub(crate) tool: String,
    /// SHA-256 of the arguments as they are written.
    pub(crate) arguments: [u8; 32],
    /// What was found in it, by the rules' ids.
    pub(crate) rules: Vec<String>,
}

/// A call that was held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its id, as the agent was told.
    pub id: String,
    /// Where it stands.
    pub state: HeldState,
    /// When it was held.
    pub time: Time,
    /// Until when it may be approved and made.
    pub expires: Time,
    /// Whose call.
    pub agent: Option<String>,
    /// Whose tool.
    pub backend: String,
    /// The tool, as the backend names it.
    pub tool: String,
    /// Why it was held.
    pub reason: String,
    /// The rules that were found.
    pub rules: Vec<String>,
    /// The arguments, with secrets masked; at most 4 KiB of them.
    pub arguments: String,
    /// SHA-256 of the arguments, in hexadecimal digits.
    pub arguments_sha256: String,
    /// Who decided, and how they came.
    pub by: Option<String>,
    /// When they decided.
    pub decided: Option<Time>,
    /// When the call was made.
    pub used: Option<Time>,
}

/// Where a held call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldState {
    /// Nobody has decided.
    Waiting,
    /// It may be made once.
    Approved,
    /// It may not be made.
    Denied,
    /// It was approved and made.
    Used,
    /// It was neither denied nor made in time.
    Expired,
}

impl HeldState {
    /// The name that people read.
    pub fn name(self) -> &'static str {
        match self {
            HeldState::Waiting => "waiting",
            HeldState::Approved => "approved",
            HeldState::Denied => "denied",
            HeldState::Used => "used",
            HeldState::Expired => "expired",
        }
    }
}

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The call may be made once.
    Approve,
    /// It may not.
    Deny,
}

/// Why a decision does not count.
#[derive(Debug)]
pub enum RulingError {
    /// There is no such call.
    Unknown,
    /// It does not wait any more; this is where it stands.
    Decided(Box<Held>),
    /// The log could not be read or written.
    Audit(AuditError),
}

impl fmt::Display for RulingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RulingError::Unknown => {
                f.write_str("no call of this id is held: see `hypersieve approvals list --all`")
            }
            RulingError::Decided(held) => {
                write!(f, "{} does not wait any more: it is {}", held.id, held.state.name())?;
                match &held.by {
                    Some(by) => write!(f, ", decided by {by}"),
                    None => Ok(()),
                }
            }
            RulingError::Audit(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RulingError {}

impl From<AuditError> for RulingError {
    fn from(error: AuditError) -> RulingError {
        RulingError::Audit(error)
    }
}

/// Why a call could not be held.
#[derive(Debug)]
pub(crate) enum HoldError {
    /// A person denied an identical call, which is named.
    Denied(String),
    /// Too many calls of the agent wait.
    Full,
    Audit(AuditError),
}

impl From<AuditError> for HoldError {
    fn from(error: AuditError) -> HoldError {
        HoldError::Audit(error)
    }
}

impl Approvals {
    /// The approvals in the log of a gateway.
    ///
    /// # Errors
    /// If there is no log, or it can't be written.
    pub fn open(database: &Path) -> Result<Approvals, AuditError> {
        Ok(Approvals { store: Mutex::new(Store::open(database)?) })
    }

    /// All calls that were held and are still in the log, the oldest first.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn list(&self) -> Result<Vec<Held>, AuditError> {
        let store = self.store();
        held(&store, "h.expires_us >= 0", Vec::new()).map_err(|error| store.failed(error))
    }

    /// The call of this id.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn get(&self, id: &str) -> Result<Option<Held>, AuditError> {
        let store = self.store();
        let found = held(&store, "h.item = ?1", vec![id.to_string().into()]);
        Ok(found.map_err(|error| store.failed(error))?.pop())
    }

    /// Decides on a call that waits; `by` says who decides. Of two decisions the first counts.
    ///
    /// # Errors
    /// If there is no such call, it does not wait any more, or the decision could not be written.
    pub fn decide(&self, id: &str, ruling: Ruling, by: &str) -> Result<Held, RulingError> {
        let kind = match ruling {
            Ruling::Approve => Kind::Approved,
            Ruling::Deny => Kind::Denied,
        };
        let by: String = by.chars().take(NAME).collect();
        let mut store = self.store();
        let path = store.path().to_path_buf();
        let decided = store.step(
            id,
            |held| held.state == HeldState::Waiting,
            Entry { by: Some(by), ..Entry::new(kind) },
        );
        let found = held(&store, "h.item = ?1", vec![id.to_string().into()]);
        let found = found.map_err(|error| AuditError::sqlite(&path, error))?.pop();
        match (decided.map_err(|error| AuditError::sqlite(&path, error))?, found) {
            (true, Some(held)) => Ok(held),
            (false, Some(held)) => Err(RulingError::Decided(Box::new(held))),
            (_, None) => Err(RulingError::Unknown),
        }
    }

    /// Holds a call, and returns the id under which it waits; an identical call that waits already is the same one.
    ///
    /// `shown` are the arguments with secrets masked.
    ///
    /// # Errors
    /// If an identical call was denied and has not expired, too many calls of the agent wait, or the log can't be written.
    pub(crate) fn hold(
        &self,
        asked: &Asked,
        shown: &str,
        reason: &str,
        expires_after: Duration,
    ) -> Result<String, HoldError> {
        let mut store = self.store();
        let path = store.path().to_path_buf();
        let failed = |error| AuditError::sqlite(&path, error);
        for held in same(&store, asked).map_err(failed)? {
            match held.state {
                HeldState::Waiting | HeldState::Approved => return Ok(held.id),
                HeldState::Denied => return Err(HoldError::Denied(held.id)),
                HeldState::Used | HeldState::Expired => {}
            }
        }
        let of_agent = held(
            &store,
            "h.agent IS ?1 AND h.expires_us > ?2",
            vec![asked.agent.clone().into(), Time::now().0.into()],
        );
        let waiting = of_agent.map_err(failed)?.iter().filter(|h| h.state == HeldState::Waiting).count();
        if waiting >= WAITING {
            return Err(HoldError::Full);
        }
        let id = new_id();
        let now = Time::now();
        store
            .append([&Entry {
                time: now,
                agent: asked.agent.clone(),
                backend: Some(asked.backend.clone()),
                tool: Some(asked.tool.clone()),
                stopped: true,
                rules: asked.rules.clone(),
                detail: Some(reason.to_string()),
                arguments: Some(asked.arguments),
                item: Some(id.clone()),
                shown: Some(cut(shown)),
                expires: Some(now.later(expires_after)),
                ..Entry::new(Kind::Held)
            }])
            .map_err(failed)?;
        Ok(id)
    }

    /// Uses up the approval of an identical call, if there is one; returns the id of the held call.
    ///
    /// # Errors
    /// If the log can't be written; then nothing is used up.
    pub(crate) fn redeem(&self, asked: &Asked) -> Result<Option<String>, AuditError> {
        let mut store = self.store();
        let path = store.path().to_path_buf();
        let failed = |error| AuditError::sqlite(&path, error);
        let approved = |held: &Held| held.state == HeldState::Approved;
        for found in same(&store, asked).map_err(failed)?.iter().filter(|held| approved(held)) {
            if store.step(&found.id, approved, Entry::new(Kind::Used)).map_err(failed)? {
                return Ok(Some(found.id.clone()));
            }
        }
        Ok(None)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // What panicked has rolled its transaction back.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Adds a row about a held call, if the call is where it should be; the rest of the row is that of the call.
    fn step(&mut self, id: &str, fits: impl Fn(&Held) -> bool, entry: Entry) -> rusqlite::Result<bool> {
        // Nobody writes between the look and the row.
        let transaction = self.begin()?;
        let found = held_in(&transaction, "h.item = ?1", vec![id.to_string().into()])?.pop();
        let Some(found) = found.filter(fits) else { return Ok(false) };
        let row = Entry {
            arguments: unhex(&found.arguments_sha256),
            agent: found.agent,
            backend: Some(found.backend),
            tool: Some(found.tool),
            rules: found.rules,
            item: Some(found.id),
            ..entry
        };
        store::append(&transaction, [&row])?;
        transaction.commit()?;
        Ok(true)
    }
}

/// Held calls that are identical to this one, or were more suspicious; the oldest first.
fn same(store: &Store, asked: &Asked) -> rusqlite::Result<Vec<Held>> {
    let found = held(
        store,
        "h.agent IS ?1 AND h.backend = ?2 AND h.tool = ?3 AND h.arguments_sha256 = ?4 AND h.expires_us > ?5",
        vec![
            asked.agent.clone().into(),
            asked.backend.clone().into(),
            asked.tool.clone().into(),
            asked.arguments.to_vec().into(),
            Time::now().0.into(),
        ],
    )?;
    // A person has seen these rules and no others: what else is found, such as in what stands beside the arguments, is new.
    let known = |held: &Held| asked.rules.iter().all(|rule| held.rules.contains(rule));
    Ok(found.into_iter().filter(known).collect())
}

fn held(store: &Store, wanted: &str, values: Vec<Value>) -> rusqlite::Result<Vec<Held>> {
    held_in(&store.connection, wanted, values)
}

fn held_in(
    connection: &rusqlite::Connection,
    wanted: &str,
    values: Vec<Value>,
) -> rusqlite::Result<Vec<Held>> {
    let columns: Vec<String> = COLUMNS.iter().map(|column| format!("h.{column}")).collect();
    // The plus keeps the order from being taken for a reason to read the whole log.
    let query = format!(
        "SELECT {}, d.kind, d.decided_by, d.time_us, u.time_us FROM log h
         LEFT JOIN log d ON d.item = h.item AND d.kind IN ('approved', 'denied')
         LEFT JOIN log u ON u.item = h.item AND u.kind = 'used'
         WHERE h.kind = 'held' AND {wanted} ORDER BY +h.id",
        columns.join(",")
    );
    let now = Time::now();
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
        let entry = Entry::read(row, 0)?;
        let ruling: Option<String> = row.get(COLUMNS.len())?;
        let used: Option<i64> = row.get(COLUMNS.len() + 3)?;
        let expires = entry.expires.unwrap_or_default();
        let state = match (ruling.as_deref(), used) {
            (_, Some(_)) => HeldState::Used,
            (Some("denied"), None) => HeldState::Denied,
            _ if expires <= now => HeldState::Expired,
            (Some(_), None) => HeldState::Approved,
            (None, None) => HeldState::Waiting,
        };
        Ok(Held {
            id: entry.item.unwrap_or_default(),
            state,
            time: entry.time,
            expires,
            agent: entry.agent,
            backend: entry.backend.unwrap_or_default(),
            tool: entry.tool.unwrap_or_default(),
            reason: entry.detail.unwrap_or_default(),
            rules: entry.rules,
            arguments: entry.shown.unwrap_or_default(),
            arguments_sha256: entry.arguments.as_ref().map(hex).unwrap_or_default(),
            by: row.get(COLUMNS.len() + 1)?,
            decided: row.get::<_, Option<i64>>(COLUMNS.len() + 2)?.map(Time),
            used: used.map(Time),
        })
    })?;
    rows.collect()
}

/// Text that is not too long to show.
fn cut(text: &str) -> String {
    match text.char_indices().find(|(at, c)| at + c.len_utf8() > SHOWN) {
        Some((at, _)) => format!("{}… ({} bytes in all)", &text[..at], text.len()),
        None => text.to_string(),
    }
}

/// Short enough to be typed. It is no secret: who may decide is another matter.
fn new_id() -> String {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes.iter().fold("q-".to_string(), |id, byte| id + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn asked(arguments: u8) -> Asked {
        Asked {
            agent: Some("coder".into()),
            backend: "files".into(),
            tool: "write".into(),
            arguments: [arguments; 32],
            rules: vec!["A".into()],
        }
    }

    fn fresh() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        Store::create(&path).unwrap();
        (folder, path)
    }

    #[test]
    fn an_approval_is_for_one_identical_call() {
        let (_folder, path) = fresh();
        let approvals = Approvals::open(&path).unwrap();
        let id = approvals.hold(&asked(1), "{}", "why", HOUR).unwrap();
        assert_eq!(approvals.hold(&asked(1), "{}", "why", HOUR).unwrap(), id, "it waits already");
        assert_eq!(approvals.redeem(&asked(1)).unwrap(), None, "nobody has approved");
        approvals.decide(&id, Ruling::Approve, "eve").unwrap();
        // Another process sees the same.
        let other = Approvals::open(&path).unwrap();
        for different in [
            asked(2),
            Asked { agent: None, ..asked(1) },
            Asked { agent: Some("planner".into()), ..asked(1) },
            Asked { backend: "web".into(), ..asked(1) },
            Asked { tool: "read".into(), ..asked(1) },
            Asked { rules: vec!["A".into(), "B".into()], ..asked(1) },
        ] {
            assert_eq!(other.redeem(&different).unwrap(), None, "{different:?}");
        }
        assert_eq!(other.redeem(&asked(1)).unwrap(), Some(id.clone()));
        assert_eq!(other.redeem(&asked(1)).unwrap(), None, "once");
        let held = approvals.get(&id).unwrap().unwrap();
        assert_eq!((held.state, held.by.as_deref()), (HeldState::Used, Some("eve")));
        assert_ne!(approvals.hold(&asked(1), "{}", "why", HOUR).unwrap(), id, "it has to wait anew");
    }

    #[test]
    fn what_is_denied_or_too_late_does_not_pass() {
        let (_folder, path) = fresh();
        let approvals = Approvals::open(&path).unwrap();
        let denied = approvals.hold(&asked(1), "{}", "why", HOUR).unwrap();
        approvals.decide(&denied, Ruling::Deny, "eve").unwrap();
        let late = approvals.hold(&asked(2), "{}", "why", Duration::ZERO).unwrap();
        let told = |id: &str| approvals.decide(id, Ruling::Approve, "eve").unwrap_err().to_string();
        assert!(told(&denied).contains("it is denied, decided by eve"));
        assert!(told(&late).contains("it is expired"));
        assert!(told("q-none").contains("no call of this id"));
        assert!(
            matches!(approvals.hold(&asked(1), "{}", "why", HOUR), Err(HoldError::Denied(id)) if id == denied)
        );
        assert_eq!(
            (approvals.redeem(&asked(1)).unwrap(), approvals.redeem(&asked(2)).unwrap()),
            (None, None)
        );
    }

    #[test]
    fn of_decisions_and_of_uses_at_once_one_counts() {
        let (_folder, path) = fresh();
        let approvals = Approvals::open(&path).unwrap();
        for round in 0..8 {
            let id = approvals.hold(&asked(round), "{}", "why", HOUR).unwrap();
            let count = |work: &(dyn Fn(&Approvals, usize) -> bool + Sync)| {
                std::thread::scope(|scope| {
                    let all: Vec<_> = (0..4)
                        .map(|n| {
                            let path = &path;
                            scope.spawn(move || {
                                let own = Approvals::open(path).unwrap();
                                work(&own, n)
                            })
                        })
                        .collect();
                    all.into_iter().map(|t| t.join().unwrap()).filter(|won| *won).count()
                })
            };
            let ruling = |n: usize| if n.is_multiple_of(2) { Ruling::Approve } else { Ruling::Deny };
            assert_eq!(count(&|own, n| own.decide(&id, ruling(n), &format!("person {n}")).is_ok()), 1);
            let state = approvals.get(&id).unwrap().unwrap().state;
            let expected = usize::from(state == HeldState::Approved);
            assert_eq!(count(&|own, _| own.redeem(&asked(round)).unwrap().is_some()), expected, "{state:?}");
        }
    }

    #[test]
    fn an_agent_can_not_fill_the_disk() {
        let (_folder, path) = fresh();
        let approvals = Approvals::open(&path).unwrap();
        let waiting: Vec<Entry> = (0..WAITING)
            .map(|n| Entry {
                agent: Some("coder".into()),
                item: Some(format!("q-{n}")),
                expires: Some(Time::now().later(HOUR)),
                ..Entry::new(Kind::Held)
            })
            .collect();
        approvals.store().append(&waiting).unwrap();
        assert!(matches!(approvals.hold(&asked(1), "{}", "why", HOUR), Err(HoldError::Full)));
        let other = Asked { agent: Some("planner".into()), ..asked(1) };
        let id = approvals.hold(&other, &"ä".repeat(10_000), "why", HOUR).unwrap();
        let shown = approvals.get(&id).unwrap().unwrap().arguments;
        assert!(shown.ends_with("… (20000 bytes in all)") && shown.len() < SHOWN + 40, "{shown}");
    }
}
