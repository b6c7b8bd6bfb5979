//! The database: how it is opened, and how rows are added.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::chain::{self, Link, START};
use super::entry::{COLUMNS, Entry};
use super::key::{Claim, SigningKey};
use super::time::Time;

/// How long another process may hold the database before an attempt counts as failed.
const BUSY: Duration = Duration::from_millis(500);

/// The shape of the tables that this program knows.
const VERSION: i64 = 1;

/// `log` is only ever added to, and cut at its beginning. The indexes see to it that of two decisions on a held call, and of
/// two uses of an approved one, the second fails.
const SCHEMA: &str = "
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  time_us INTEGER NOT NULL, kind TEXT NOT NULL, agent TEXT, backend TEXT, method TEXT, tool TEXT, mode TEXT, verdict TEXT,
  stopped INTEGER NOT NULL, direction TEXT, rules TEXT, detail TEXT, arguments_sha256 BLOB, result_sha256 BLOB,
  total_us INTEGER, request_us INTEGER, backend_us INTEGER, response_us INTEGER,
  item TEXT, decided_by TEXT, shown TEXT, expires_us INTEGER,
  previous BLOB NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE INDEX log_held ON log (agent, tool, arguments_sha256) WHERE kind = 'held';
CREATE INDEX log_held_until ON log (expires_us) WHERE kind = 'held';
CREATE UNIQUE INDEX log_held_once ON log (item) WHERE kind = 'held';
CREATE UNIQUE INDEX log_decided_once ON log (item) WHERE kind IN ('approved', 'denied');
CREATE UNIQUE INDEX log_used_once ON log (item) WHERE kind = 'used';
CREATE TABLE signatures (
  row INTEGER NOT NULL, claim TEXT NOT NULL, hash BLOB NOT NULL, time_us INTEGER NOT NULL,
  public_key TEXT NOT NULL, signature BLOB NOT NULL,
  PRIMARY KEY (row, claim)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;";

/// Why the audit log could not be read or written; names the file.
#[derive(Debug)]
pub struct AuditError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Sqlite(rusqlite::Error),
    Io(io::Error),
    Version(i64),
    NotThere,
}

impl AuditError {
    pub(super) fn io(path: &Path, error: io::Error) -> AuditError {
        AuditError { path: path.to_path_buf(), cause: Cause::Io(error) }
    }

    pub(super) fn sqlite(path: &Path, error: rusqlite::Error) -> AuditError {
        AuditError { path: path.to_path_buf(), cause: Cause::Sqlite(error) }
    }
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.cause {
            Cause::Sqlite(error) => {
                write!(f, "{error}")?;
                f.write_str(match error.sqlite_error_code() {
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                        ": another program holds the database"
                    }
                    Some(ErrorCode::DiskFull) => ": make room on the disk",
                    Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                        ": the folder and its files must be writable by this user"
                    }
                    Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                        ": the file is damaged: set it aside, and a new one is begun"
                    }
                    _ => "",
                })
            }
            Cause::Io(error) => error.fmt(f),
            Cause::Version(version) => write!(
                f,
                "an audit log of version {version}, but this program knows version {VERSION}: use a newer program"
            ),
            Cause::NotThere => f.write_str(
                "there is no audit log: name the gateway's configuration with --config, or the database with --db",
            ),
        }
    }
}

impl std::error::Error for AuditError {}

/// A connection to the database.
pub(super) struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
    /// Which file was opened under this name.
    file: Option<u64>,
}

impl Store {
    /// Opens the database for writing, and makes it, its folder and its tables where they are not there yet.
    ///
    /// # Errors
    /// If it can't be opened or made, or was made by a newer program.
    pub(super) fn create(path: &Path) -> Result<Store, AuditError> {
        let failed = |error| AuditError::io(path, error);
        if let Some(folder) =
            path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        // SQLite gives the files beside it the same mode.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map_err(failed)?;
        Store::open(path)
    }

    /// Opens a database that is there, for writing.
    ///
    /// # Errors
    /// If it is not there, can't be opened, or was made by a newer program.
    pub(super) fn open(path: &Path) -> Result<Store, AuditError> {
        let mut store = Store::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        store.prepare().map_err(|error| store.failed(error))?;
        store.checked()
    }

    /// Opens a database that is there, for reading.
    ///
    /// # Errors
    /// If it is not there, can't be opened, or was made by a newer program.
    pub(super) fn read(path: &Path) -> Result<Store, AuditError> {
        // Where the log was left without its -wal, only a connection that may write can make one; nothing is written.
        let store = Store::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| Store::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        store.connection.pragma_update(None, "query_only", true).map_err(|error| store.failed(error))?;
        store.checked()
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Store, AuditError> {
        if !path.exists() {
            return Err(AuditError { path: path.to_path_buf(), cause: Cause::NotThere });
        }
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags);
        let store =
            connection.map(|connection| Store { connection, path: path.to_path_buf(), file: file(path) });
        let store = store.map_err(|error| AuditError::sqlite(path, error))?;
        store.connection.busy_timeout(BUSY).map_err(|error| store.failed(error))?;
        Ok(store)
    }

    fn prepare(&mut self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "journal_mode", "wal")?;
        // A batch is on the disk when it is committed, also where the power fails.
        self.connection.pragma_update(None, "synchronous", "full")?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            transaction.execute_batch(SCHEMA)?;
        }
        transaction.commit()
    }

    fn checked(self) -> Result<Store, AuditError> {
        let version = self.connection.pragma_query_value(None, "user_version", |row| row.get(0));
        match version.map_err(|error| self.failed(error))? {
            VERSION => Ok(self),
            0 => Err(AuditError { path: self.path, cause: Cause::NotThere }),
            version => Err(AuditError { path: self.path, cause: Cause::Version(version) }),
        }
    }

    /// Whether the file that was opened is still the one of this name.
    pub(super) fn is_in_place(&self) -> bool {
        self.file.is_some() && file(&self.path) == self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn failed(&self, error: rusqlite::Error) -> AuditError {
        AuditError::sqlite(&self.path, error)
    }

    /// Begins to write. Whoever else writes, also in another program, waits.
    pub(super) fn begin(&mut self) -> rusqlite::Result<Transaction<'_>> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }

    /// Adds rows in one transaction.
    pub(super) fn append<'e>(
        &mut self,
        entries: impl IntoIterator<Item = &'e Entry>,
    ) -> rusqlite::Result<Link> {
        let transaction = self.begin()?;
        let end = append(&transaction, entries)?;
        transaction.commit()?;
        Ok(end)
    }

    /// Signs the end of the log, if it is not signed yet.
    pub(super) fn sign(&mut self, key: &SigningKey) -> rusqlite::Result<()> {
        let transaction = self.begin()?;
        let end = end(&transaction)?;
        let signed: Option<i64> =
            transaction.query_row("SELECT max(row) FROM signatures", [], |row| row.get(0))?;
        if end != START && signed != Some(end.id) {
            add_signature(&transaction, key, Claim::Tail, end)?;
        }
        transaction.commit()
    }
}

/// What tells the file of this name from another one; `None` if there is none.
fn file(path: &Path) -> Option<u64> {
    let found = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    return Some(std::os::unix::fs::MetadataExt::ino(&found));
    #[cfg(not(unix))]
    Some(u64::from(found.is_file()))
}

/// The last row, or where the log was cut if there is none left.
pub(super) fn end(connection: &Connection) -> rusqlite::Result<Link> {
    let read = |row: &rusqlite::Row<'_>| Ok(Link { id: row.get(0)?, hash: row.get(1)? });
    let last = connection
        .prepare_cached("SELECT id, hash FROM log ORDER BY id DESC LIMIT 1")?
        .query_row([], read)
        .optional()?;
    match last {
        Some(last) => Ok(last),
        None => Ok(connection
            .query_row(
                "SELECT row, hash FROM signatures WHERE claim = 'cut' ORDER BY row DESC LIMIT 1",
                [],
                read,
            )
            .optional()?
            .unwrap_or(START)),
    }
}

/// Adds rows behind the last one, whoever wrote that; returns the new last one.
///
/// The last row is looked up in the transaction, not remembered: several processes may write to one log.
pub(super) fn append<'e>(
    transaction: &Transaction<'_>,
    entries: impl IntoIterator<Item = &'e Entry>,
) -> rusqlite::Result<Link> {
    let mut last = end(transaction)?;
    let places = vec!["?"; COLUMNS.len() + 3].join(",");
    let mut insert = transaction.prepare_cached(&format!(
        "INSERT INTO log (id,{},previous,hash) VALUES ({places})",
        COLUMNS.join(",")
    ))?;
    for entry in entries {
        let id = last.id + 1;
        let values = entry.values();
        let hash = chain::hash(id, values.iter().map(borrowed), &last.hash);
        insert.raw_bind_parameter(1, id)?;
        for (at, value) in values.iter().enumerate() {
            insert.raw_bind_parameter(at + 2, value)?;
        }
        insert.raw_bind_parameter(COLUMNS.len() + 2, last.hash)?;
        insert.raw_bind_parameter(COLUMNS.len() + 3, hash)?;
        insert.raw_execute()?;
        last = Link { id, hash };
    }
    Ok(last)
}

pub(super) fn add_signature(
    transaction: &Transaction<'_>,
    key: &SigningKey,
    claim: Claim,
    row: Link,
) -> rusqlite::Result<()> {
    let time = Time::now();
    transaction.execute(
        "INSERT INTO signatures (row, claim, hash, time_us, public_key, signature) VALUES (?, ?, ?, ?, ?, ?)",
        (row.id, claim.name(), row.hash, time.0, key.public().to_string(), key.sign(claim, row, time)),
    )?;
    Ok(())
}

fn borrowed<'a>(value: &'a ToSqlOutput<'_>) -> ValueRef<'a> {
    match value {
        ToSqlOutput::Borrowed(value) => *value,
        ToSqlOutput::Owned(value) => value.into(),
        _ => ValueRef::Null,
    }
}
