//! Whether the log is what was written: every row follows the one before it, and the signatures are those of the key.

use std::fmt;

use super::chain::{Link, START};
use super::entry::COLUMNS;
use super::key::{Claim, PublicKey};
use super::log::{Log, Stored, stored};
use super::store::{AuditError, Store};
use super::time::Time;
use crate::digest::hex;

/// Breaks that are listed; after so many nobody reads on.
const LISTED: usize = 20;

/// What verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Rows that were read.
    pub rows: u64,
    /// Signatures that were checked.
    pub signatures: u64,
    /// The number of the last row that was taken out for its age; 0 if none was.
    pub cut: i64,
    /// The last row that is signed: its number, its hash in hexadecimal digits, and when it was signed.
    pub signed: Option<(i64, String, Time)>,
    /// Rows behind the last signature: they follow each other, but who can write to the file could have changed them. A gateway
    /// signs every second.
    pub unsigned: u64,
    /// Where the log is not what was written, the first ones; nothing if all is well.
    pub breaks: Vec<Break>,
}

/// A place at which the log is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Break {
    /// The row's fields are not those that its hash was made of.
    Changed(i64),
    /// The row does not follow the one before it: one of them was replaced, put in or moved.
    Unchained(i64),
    /// These rows are not there, from the first to the last.
    Missing(i64, i64),
    /// All rows behind this one are gone, up to at least the other, which was signed.
    CutOff(i64, i64),
    /// What was signed of this row is not what it says now.
    Resigned(i64),
    /// The signature of this row was not made with the key.
    Forged(i64),
    /// The row is listed with a number below 1 or a claim that no gateway makes.
    Nonsense(i64),
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Break::Changed(row) => write!(f, "row {row}: its fields were changed: they do not give its hash"),
            Break::Unchained(row) => {
                write!(
                    f,
                    "row {row}: it does not follow row {}: one of the two was replaced, put in or moved",
                    row - 1
                )
            }
            Break::Missing(first, last) if first == last => write!(f, "row {first}: it is missing"),
            Break::Missing(first, last) => write!(f, "rows {first} to {last}: they are missing"),
            Break::CutOff(last, signed) => {
                write!(
                    f,
                    "row {last}: the log ends here, but row {signed} was signed: the rows between are missing"
                )
            }
            Break::Resigned(row) => {
                write!(f, "row {row}: its hash is not the one that was signed: the log was written anew")
            }
            Break::Forged(row) => write!(f, "row {row}: its signature was not made with this key"),
            Break::Nonsense(row) => write!(f, "row {row}: no gateway writes a row or a signature like this"),
        }
    }
}

/// A signature as it is stored.
pub(super) struct Signature {
    row: Link,
    claim: Option<Claim>,
    time: Time,
    public_key: String,
    signature: Vec<u8>,
}

impl Signature {
    pub(super) fn document(&self) -> serde_json::Value {
        serde_json::json!({"signature": {
            "row": self.row.id, "claim": self.claim.map(Claim::name), "hash": hex(&self.row.hash), "time": self.time,
            "public_key": self.public_key,
            "ed25519": self.signature.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        }})
    }
}

/// All signatures, by the rows that they are of.
pub(super) fn signatures(store: &Store) -> Result<Vec<Signature>, AuditError> {
    let read = || {
        let mut statement = store.connection.prepare(
            "SELECT row, claim, hash, time_us, public_key, signature FROM signatures ORDER BY row, claim",
        )?;
        let rows = statement.query_map([], |row| {
            let claim: String = row.get(1)?;
            Ok(Signature {
                row: Link { id: row.get(0)?, hash: row.get(2).unwrap_or_default() },
                claim: [Claim::Tail, Claim::Cut].into_iter().find(|known| known.name() == claim),
                time: Time(row.get(3)?),
                public_key: row.get(4)?,
                signature: row.get(5)?,
            })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|error| store.failed(error))
}

impl Log {
    /// Reads the whole log, and compares it with its hashes and with the signatures of this key.
    ///
    /// # Errors
    /// If the log can't be read; one that is not what was written is no error.
    pub fn verify(&mut self, key: &PublicKey) -> Result<Verified, AuditError> {
        let path = self.store.path().to_path_buf();
        // One reading of all, whatever is written meanwhile.
        let reading = self.store.connection.unchecked_transaction();
        let reading = reading.map_err(|error| AuditError::sqlite(&path, error))?;
        let signatures = signatures(&self.store)?;
        let mut checker = Checker::new(key, &signatures);
        let mut read = || {
            let query = format!("SELECT id, {}, previous, hash FROM log ORDER BY id", COLUMNS.join(","));
            let mut statement = self.store.connection.prepare(&query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                checker.row(&stored(row)?);
            }
            Ok(())
        };
        read().map_err(|error| AuditError::sqlite(&path, error))?;
        drop(reading);
        Ok(checker.finish())
    }
}

struct Checker<'a> {
    key: &'a PublicKey,
    /// The signatures of rows that have not been read yet.
    ahead: &'a [Signature],
    last: Link,
    found: Verified,
}

impl<'a> Checker<'a> {
    fn new(key: &'a PublicKey, signatures: &'a [Signature]) -> Checker<'a> {
        let mut checker = Checker { key, ahead: signatures, last: START, found: Verified::default() };
        let cut = signatures.iter().rev().find(|signature| signature.claim == Some(Claim::Cut));
        if let Some(cut) = cut {
            checker.signature(cut);
            checker.last = cut.row;
            checker.found.cut = cut.row.id;
            checker.pass(cut.row.id);
        }
        checker
    }

    /// Leaves out the signatures of rows up to this one.
    fn pass(&mut self, row: i64) {
        let passed = self.ahead.partition_point(|signature| signature.row.id <= row);
        self.ahead = &self.ahead[passed..];
    }

    fn row(&mut self, row: &Stored) {
        self.found.rows += 1;
        self.found.unsigned += 1;
        let id = row.link.id;
        if id <= self.last.id {
            return self.add(Break::Nonsense(id));
        }
        if id != self.last.id + 1 {
            self.add(Break::Missing(self.last.id + 1, id - 1));
        } else if row.previous != self.last.hash {
            self.add(Break::Unchained(id));
        }
        if row.computed != row.link.hash {
            self.add(Break::Changed(id));
        }
        let ahead = self.ahead;
        for signature in ahead.iter().take_while(|signature| signature.row.id <= id) {
            let fine = self.signature(signature);
            // That of a row that is missing has been told.
            if signature.row.id == id {
                if signature.row.hash != row.link.hash {
                    self.add(Break::Resigned(id));
                } else if fine {
                    self.found.unsigned = 0;
                    self.found.signed = Some((id, hex(&row.link.hash), signature.time));
                }
            }
        }
        self.pass(id);
        self.last = row.link;
    }

    /// Checks who signed.
    fn signature(&mut self, signature: &Signature) -> bool {
        self.found.signatures += 1;
        let row = signature.row;
        let Some(claim) = signature.claim else {
            self.add(Break::Nonsense(row.id));
            return false;
        };
        let fine = self.key.verifies(claim, row, signature.time, &signature.signature);
        if !fine {
            self.add(Break::Forged(row.id));
        }
        fine
    }

    fn finish(mut self) -> Verified {
        let ahead = self.ahead;
        for signature in ahead {
            self.signature(signature);
        }
        if let Some(last) = ahead.last() {
            self.add(Break::CutOff(self.last.id, last.row.id));
        }
        self.found
    }

    fn add(&mut self, broken: Break) {
        if self.found.breaks.len() < LISTED {
            self.found.breaks.push(broken);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::super::entry::{Entry, Kind};
    use super::super::key::SigningKey;
    use super::*;

    /// A log of ten rows, the first eight of them signed.
    fn ten() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        let mut store = Store::create(&path).unwrap();
        let key = key(&path);
        let row = |n: i64| Entry {
            time: Time(n * 1_000_000),
            agent: Some(format!("agent {n}")),
            verdict: Some("allow"),
            ..Entry::new(Kind::Decision)
        };
        store.append(&(1..=4).map(row).collect::<Vec<_>>()).unwrap();
        store.sign(&key).unwrap();
        store.append(&(5..=8).map(row).collect::<Vec<_>>()).unwrap();
        store.sign(&key).unwrap();
        store.sign(&key).unwrap();
        store.append(&(9..=10).map(row).collect::<Vec<_>>()).unwrap();
        (folder, path)
    }

    fn key(path: &Path) -> SigningKey {
        SigningKey::open(&path.with_extension("key")).unwrap()
    }

    fn verify(path: &Path) -> Verified {
        Log::open(path).unwrap().verify(&PublicKey::beside(path).unwrap()).unwrap()
    }

    /// What is found after somebody with the file, but without the key, has done this.
    fn after(tampering: &str) -> Vec<Break> {
        let (_folder, path) = ten();
        rusqlite::Connection::open(&path).unwrap().execute_batch(tampering).unwrap();
        verify(&path).breaks
    }

    #[test]
    fn a_log_as_it_was_written_is_whole() {
        let (_folder, path) = ten();
        let found = verify(&path);
        assert_eq!(found.breaks, []);
        assert_eq!((found.rows, found.signatures, found.unsigned), (10, 2, 2));
        assert_eq!(found.signed.map(|(row, ..)| row), Some(8));
    }

    #[test]
    fn what_was_tampered_with_is_named() {
        for (tampering, first) in [
            ("UPDATE log SET verdict = 'content_blocked' WHERE id = 5", Break::Changed(5)),
            ("UPDATE log SET agent = NULL WHERE id = 10", Break::Changed(10)),
            ("UPDATE log SET agent = 'a', backend = 'gent 5' WHERE id = 5", Break::Changed(5)),
            ("UPDATE log SET hash = (SELECT hash FROM log WHERE id = 4) WHERE id = 5", Break::Changed(5)),
            ("DELETE FROM log WHERE id = 1", Break::Missing(1, 1)),
            ("DELETE FROM log WHERE id BETWEEN 3 AND 6", Break::Missing(3, 6)),
            ("DELETE FROM log WHERE id > 6", Break::CutOff(6, 8)),
            ("DELETE FROM log", Break::CutOff(0, 8)),
            // A row is put in, and those behind it move up.
            (
                "UPDATE log SET id = -id - 1 WHERE id >= 5; UPDATE log SET id = -id WHERE id < 0;
                 INSERT INTO log SELECT 5, time_us, kind, agent, backend, method, tool, mode, verdict, stopped, direction, rules,
                 detail, arguments_sha256, result_sha256, total_us, request_us, backend_us, response_us, item, decided_by, shown,
                 expires_us, hash, hash FROM log WHERE id = 4",
                Break::Changed(5),
            ),
            // Two rows change places.
            (
                "UPDATE log SET id = -5 WHERE id = 5; UPDATE log SET id = 5 WHERE id = 6; UPDATE log SET id = 6 WHERE id = -5",
                Break::Unchained(5),
            ),
            ("UPDATE signatures SET time_us = time_us + 1 WHERE row = 4", Break::Forged(4)),
            ("UPDATE signatures SET claim = 'other' WHERE row = 4", Break::Nonsense(4)),
            // Who makes the log begin later has no signature that says so.
            (
                "DELETE FROM log WHERE id <= 4; UPDATE signatures SET claim = 'cut' WHERE row = 4",
                Break::Forged(4),
            ),
        ] {
            let breaks = after(tampering);
            assert_eq!(breaks.first(), Some(&first), "{tampering}: {breaks:?}");
            assert!(breaks[0].to_string().starts_with("row"), "{}", breaks[0]);
        }
    }

    #[test]
    fn a_log_that_was_written_anew_is_not_signed() {
        let (_folder, path) = ten();
        let mut store = Store::open(&path).unwrap();
        // All hashes are right again, but they are not those that were signed.
        store.connection.execute("DELETE FROM log WHERE id > 5", []).unwrap();
        store.append(&(6..=10).map(|_| Entry::new(Kind::Decision)).collect::<Vec<_>>()).unwrap();
        assert_eq!(verify(&path).breaks, [Break::Resigned(8)]);
        let other = tempfile::tempdir().unwrap();
        store.sign(&SigningKey::open(&other.path().join("other.key")).unwrap()).unwrap();
        assert_eq!(verify(&path).breaks, [Break::Resigned(8), Break::Forged(10)]);
    }

    #[test]
    fn what_is_left_after_pruning_is_whole() {
        let (_folder, path) = ten();
        let mut store = Store::open(&path).unwrap();
        // Half a second before the row: some time passes until the log is pruned.
        let age = |row: i64| {
            Duration::from_micros(u64::try_from(Time::now().0 - row * 1_000_000 + 500_000).unwrap())
        };
        assert!(!store.prune(&key(&path), age(7)).unwrap());
        let found = verify(&path);
        assert_eq!((found.rows, found.cut, found.breaks), (4, 6, vec![]));
        // The log goes on behind its last row, also when all others are gone.
        assert!(!store.prune(&key(&path), Duration::ZERO).unwrap());
        store.append([&Entry::new(Kind::Decision)]).unwrap();
        let found = verify(&path);
        assert_eq!((found.rows, found.cut, found.breaks), (2, 9, vec![]));
        store.connection.execute("DELETE FROM signatures", []).unwrap();
        assert_eq!(
            verify(&path).breaks,
            [Break::Missing(1, 9)],
            "only the key can say that rows were too old"
        );
    }

    #[test]
    fn a_held_call_is_not_pruned_before_it_expires() {
        let (_folder, path) = ten();
        let mut store = Store::open(&path).unwrap();
        let held = |item: &str, expires: Time| Entry {
            time: Time(0),
            item: Some(item.into()),
            expires: Some(expires),
            ..Entry::new(Kind::Held)
        };
        let later = Time::now().later(Duration::from_secs(60));
        store.append(&[held("old", Time(1)), held("new", later), Entry::new(Kind::Decision)]).unwrap();
        store.prune(&key(&path), Duration::ZERO).unwrap();
        assert_eq!((verify(&path).cut, verify(&path).breaks), (11, vec![]));
    }

    #[test]
    fn a_full_disk_loses_nothing_that_was_committed() {
        let (_folder, path) = ten();
        let mut store = Store::open(&path).unwrap();
        let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        store.connection.pragma_update(None, "max_page_count", pages).unwrap();
        let batch: Vec<Entry> = (0..200)
            .map(|_| Entry { detail: Some("x".repeat(1000)), ..Entry::new(Kind::Decision) })
            .collect();
        let error = store.append(&batch).unwrap_err();
        assert!(store.failed(error).to_string().ends_with("make room on the disk"));
        assert_eq!((verify(&path).rows, verify(&path).breaks), (10, vec![]));
        store.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
        store.append(&batch).unwrap();
        assert_eq!((verify(&path).rows, verify(&path).breaks), (210, vec![]));
    }
}
