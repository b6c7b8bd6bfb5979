//! Anchors: short byte strings of which every match of a pattern must contain one.
//!
//! The filter looks for anchors only. [`extract`] derives them from a pattern's HIR, [`rarity`] estimates how often
//! each turns up in ordinary text, and [`grams`] says which four bytes of an anchor the filter can look up.

pub(crate) mod extract;
pub(crate) mod grams;
pub(crate) mod rarity;

use crate::byteset::ByteSet;
use crate::rule::RunClass;

/// Longest anchor in bytes: what the exact comparison reads at once, and what a filter re-reads at a chunk's edge.
pub(crate) const MAX_ANCHOR: usize = 16;

/// What a filter looks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Anchor {
    /// One of a set of bytes at each position.
    Bytes(Vec<ByteSet>),
    /// This many bytes of a class in a row.
    Run(RunClass, usize),
}

impl Anchor {
    /// Length in bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Anchor::Bytes(sets) => sets.len(),
            Anchor::Run(_, length) => *length,
        }
    }

    /// The bytes at each position, if it is no run.
    pub(crate) fn sets(&self) -> Option<&[ByteSet]> {
        match self {
            Anchor::Bytes(sets) => Some(sets),
            Anchor::Run(..) => None,
        }
    }

    /// The anchor as a person reads it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Anchor::Bytes(sets) => sets.iter().map(|s| format!("{s:?}")).collect(),
            Anchor::Run(class, length) => format!("<{class} x {length}>"),
        }
    }
}

/// An anchor and where it lies in a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) anchor: Anchor,
    /// The anchor begins this many bytes behind the start of the match at least.
    pub(crate) from: usize,
    /// And at most.
    pub(crate) to: usize,
}
