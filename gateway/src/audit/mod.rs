//! The record of what was decided: rows in SQLite, each bound to the one before it, and lines of JSON if wanted.
//!
//! The rows are the only truth: calls that wait for a person, and what was decided on them, are rows as well, never edits.
//! [`Log`] reads and verifies, [`Approvals`] decides; both may be used beside a gateway that runs.

mod approvals;
mod chain;
mod entry;
mod jsonl;
mod key;
mod log;
mod recorder;
mod retention;
mod store;
mod time;
mod verify;
mod writer;

use std::path::{Path, PathBuf};

use crate::answer::Decision;

pub use approvals::{Approvals, Held, HeldState, Ruling, RulingError};
pub use entry::{Entry, Kind, Row};
pub use key::PublicKey;
pub use log::{Filter, Log};
pub use store::AuditError;
pub use time::Time;
pub(crate) use time::micros;
pub use verify::{Break, Verified};

pub(crate) use approvals::{Asked, HoldError};
pub(crate) use recorder::Recorder;

/// The database that a person names: the file itself, or the state folder that it lies in.
pub fn database(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(DATABASE) } else { path.to_path_buf() }
}

/// The name of the database in the state folder.
pub(crate) const DATABASE: &str = "audit.db";

/// The verdicts that decisions may have, as rows name them.
pub fn verdicts() -> [&'static str; Decision::ALL.len()] {
    Decision::ALL.map(Decision::name)
}
