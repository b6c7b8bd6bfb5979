//! The generated files that are part of the repository.

use std::io;
use std::path::Path;

use crate::kind::{Kind, generate};

/// A generated file under `corpus/`, and what it was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Path relative to `corpus/`, with `/` between two names.
    pub path: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// The generator's seed.
    pub seed: u64,
    /// Bytes asked for.
    pub bytes: usize,
}

/// All generated files.
pub const COMMITTED: [Committed; 8] = [
    Committed { path: "benign/prose/generated.md", kind: Kind::Prose, seed: 11, bytes: 52_000 },
    Committed { path: "benign/json/generated.txt", kind: Kind::Json, seed: 12, bytes: 52_000 },
    Committed { path: "benign/source/generated.txt", kind: Kind::Source, seed: 13, bytes: 52_000 },
    Committed { path: "benign/logs/generated.log", kind: Kind::Logs, seed: 14, bytes: 40_000 },
    Committed { path: "benign/html/generated.html", kind: Kind::Html, seed: 15, bytes: 46_000 },
    Committed { path: "benign/mail/generated.mbox", kind: Kind::Mail, seed: 16, bytes: 32_000 },
    Committed { path: "benign/tables/generated.txt", kind: Kind::Tables, seed: 17, bytes: 32_000 },
    Committed { path: "benign/shell/generated.txt", kind: Kind::Shell, seed: 18, bytes: 32_000 },
];

impl Committed {
    /// What the file must hold.
    pub fn text(&self) -> String {
        generate(self.kind, self.seed, self.bytes)
    }
}

/// Writes all generated files below `corpus`, the folder of this crate.
///
/// # Errors
/// If a file can't be written.
pub fn write_all(corpus: &Path) -> io::Result<()> {
    for file in COMMITTED {
        std::fs::write(corpus.join(file.path), file.text())?;
    }
    Ok(())
}
