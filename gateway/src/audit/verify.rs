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
