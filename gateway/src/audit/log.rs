//! Reading the log.

use std::path::Path;

use rusqlite::types::ValueRef;

use super::chain::Link;
use super::entry::{COLUMNS, Entry, Kind, Row};
use super::store::{AuditError, Store};
use super::time::Time;

/// The log, for reading; a gateway may write to it meanwhile.
pub struct Log {
    pub(super) store: Store,
}

/// Which rows are wanted; by default all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only rows behind this one.
    pub after: Option<i64>,
    /// Only rows of this time and later ones.
    pub since: Option<Time>,
    /// Only rows of this agent.
    pub agent: Option<String>,
    /// Only decisions with this verdict.
    pub verdict: Option<String>,
    /// Only rows of this kind.
    pub kind: Option<Kind>,
    /// Only so many, the last ones.
    pub last: Option<u32>,
}

impl Log {
    /// Opens the log.
    ///
    /// # Errors
    /// If it is not there, can't be read, or was written by a newer program.
    pub fn open(database: &Path) -> Result<Log, AuditError> {
        Ok(Log { store: Store::read(database)? })
    }

    /// Gives each wanted row to `each` until that fails; returns the number of the last row that the log had then.
    ///
    /// # Errors
    /// If the log can't be read, a row says what no gateway writes, or `each` fails.
    pub fn rows<E: From<AuditError>>(
        &mut self,
        filter: &Filter,
        mut each: impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<i64, E> {
        let store = &self.store;
        let failed = |error| store.failed(error);
        let end = super::store::end(&store.connection).map_err(failed)?.id;
        let mut wanted = vec!["id <= ?1".to_string()];
        let mut values: Vec<rusqlite::types::Value> = vec![end.into()];
        let mut want = |column: &str, value: Option<rusqlite::types::Value>| {
            if let Some(value) = value {
                values.push(value);
                wanted.push(format!("{column} ?{}", values.len()));
            }
        };
        want("id >", filter.after.map(Into::into));
        want("time_us >=", filter.since.map(|time| time.0.into()));
        want("agent =", filter.agent.clone().map(Into::into));
        want("verdict =", filter.verdict.clone().map(Into::into));
        want("kind =", filter.kind.map(|kind| kind.name().to_string().into()));
        let all = format!(
            "SELECT id, {}, previous, hash FROM log WHERE {}",
            COLUMNS.join(","),
            wanted.join(" AND ")
        );
        let query = match filter.last {
            Some(last) => format!("SELECT * FROM ({all} ORDER BY id DESC LIMIT {last}) ORDER BY id"),
            None => all + " ORDER BY id",
        };
        let mut statement = store.connection.prepare(&query).map_err(failed)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            each(&read(row).map_err(failed)?)?;
        }
        Ok(end)
    }

    /// Gives each signature to `each` as a document.
    ///
    /// # Errors
    /// If the log can't be read, or `each` fails.
    pub fn signatures<E: From<AuditError>>(
        &mut self,
        mut each: impl FnMut(&serde_json::Value) -> Result<(), E>,
    ) -> Result<(), E> {
        for signature in super::verify::signatures(&self.store)? {
            each(&signature.document())?;
        }
        Ok(())
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        entry: Entry::read(row, 1)?,
        previous: row.get(COLUMNS.len() + 1)?,
        hash: row.get(COLUMNS.len() + 2)?,
    })
}

/// A row as it is stored, whatever it says: its number, what it says it follows, its hash, and the hash it should have.
pub(super) struct Stored {
    pub(super) link: Link,
    pub(super) previous: [u8; 32],
    pub(super) computed: [u8; 32],
}

/// Reads a row for verification. What is no hash counts as one of zeros, which no row has.
pub(super) fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    let id: i64 = row.get(0)?;
    let digest = |at: usize| row.get::<_, [u8; 32]>(at).unwrap_or_default();
    let previous = digest(COLUMNS.len() + 1);
    let columns: Vec<ValueRef<'_>> =
        (1..=COLUMNS.len()).map(|at| row.get_ref(at)).collect::<rusqlite::Result<_>>()?;
    let computed = super::chain::hash(id, columns, &previous);
    let link = Link { id, hash: digest(COLUMNS.len() + 2) };
    Ok(Stored { link, previous, computed })
}
