//! Rows that are too old are taken out, and what is left can still be verified.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::chain::Link;
use super::key::{Claim, SigningKey};
use super::store::{self, Store};
use super::time::Time;

/// Rows taken out at a time, so that nobody waits long for the database.
const AT_ONCE: i64 = 10_000;

impl Store {
    /// Takes out rows that are older, from the beginning of the log up to the first that is not; returns whether there may be
    /// more to take out.
    ///
    /// The last row stays, and so does what a held call that has not expired needs. The place of the cut is signed: the log is
    /// verified from there.
    pub(super) fn prune(&mut self, key: &SigningKey, age: Duration) -> rusqlite::Result<bool> {
        let now = Time::now();
        let transaction = self.begin()?;
        let kept: Option<i64> = transaction
            .query_row(
                "SELECT id FROM log WHERE time_us >= ? ORDER BY id LIMIT 1",
                [now.earlier(age).0],
                |row| row.get(0),
            )
            .optional()?;
        let held: Option<i64> = transaction.query_row(
            "SELECT min(id) FROM log INDEXED BY log_held_until WHERE kind = 'held' AND expires_us > ?",
            [now.0],
            |row| row.get(0),
        )?;
        let first: Option<i64> = transaction.query_row("SELECT min(id) FROM log", [], |row| row.get(0))?;
        let Some(first) = first else { return Ok(false) };
        let end = store::end(&transaction)?.id;
        let kept = kept.unwrap_or(end).min(held.unwrap_or(end)).min(end);
        if kept <= first {
            return Ok(false);
        }
        let cut = (kept - 1).min(first + AT_ONCE - 1);
        let hash = transaction.query_row("SELECT hash FROM log WHERE id = ?", [cut], |row| row.get(0))?;
        transaction.execute("DELETE FROM signatures WHERE row <= ?", [cut])?;
        store::add_signature(&transaction, key, Claim::Cut, Link { id: cut, hash })?;
        transaction.execute("DELETE FROM log WHERE id <= ?", [cut])?;
        transaction.commit()?;
        Ok(cut < kept - 1)
    }
}
