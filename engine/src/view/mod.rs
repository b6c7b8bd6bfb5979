//! Views: the same bytes as their reader would see them.
//!
//! A view is a text of its own, made from the original by undoing one kind of disguise. It costs nothing where there is
//! nothing to undo: it is only read in *stretches* around its *changes*, from [`reach`](crate::database::Program) bytes
//! before a change to as many behind the last one. What lies farther from every change is what the original says, and
//! has been read there. So a match of a view is one that touches a change: its bytes, or a byte beside it, differ.
//!
//! [`escapes`] says which bytes stand for which; [`offsets`] maps a stretch back to the original; [`stretch`] reads it.

pub(crate) mod escapes;
pub(crate) mod offsets;
pub(crate) mod stretch;

use std::fmt;

/// How the scanned bytes were read when a match was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum View {
    /// As they are.
    Raw,
    /// With JSON string escapes undone.
    Escapes,
}

impl View {
    /// All views of this version, in the order in which they are read.
    pub const ALL: [View; 2] = [View::Raw, View::Escapes];

    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            View::Raw => "raw",
            View::Escapes => "escapes",
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Longest extent of a match in the original bytes.
pub(crate) const MAX_EXTENT: u64 = 64 * 1024;

/// Most original bytes that one byte of a view can stand for (`\u0061`).
pub(crate) const MAX_ORIGINAL_PER_BYTE: u64 = 6;

/// Longest token in bytes: an escaped surrogate pair.
pub(crate) const MAX_TOKEN: u64 = 12;
