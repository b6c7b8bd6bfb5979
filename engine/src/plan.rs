//! How each pattern is found and confirmed: the compiler's explanation of its choices.

use std::fmt;

pub use crate::anchor::grams::AnchorTier;

/// How one pattern is found and confirmed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PatternPlan {
    /// Index of the rule in [`Database::rules`](crate::Database::rules).
    pub rule: usize,
    /// Index of the pattern in its rule.
    pub pattern: usize,
    /// How candidates are confirmed.
    pub strategy: Strategy,
    /// What the filter looks for; every match contains one of these.
    pub anchors: Vec<AnchorPlan>,
    /// How many other sets of strings are looked for near an anchor before a confirm is started.
    pub gates: usize,
    /// Longest match in bytes of the view.
    pub width: usize,
    /// Most steps that a byte of the text can cost: each byte may start a match, and each start is examined once.
    pub worst_steps_per_byte: usize,
}

/// An anchor of a pattern.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AnchorPlan {
    /// The anchor as a person reads it: letters stand for both cases, brackets for a choice of bytes.
    pub text: String,
    /// It begins at least this many bytes behind the start of a match.
    pub from: usize,
    /// And at most this many.
    pub to: usize,
    /// How the native filter finds it.
    pub tier: AnchorTier,
    /// How often it is expected in a KiB of ordinary text; not a number for runs, which have no literal to count.
    pub estimated_per_kib: f64,
}

/// How a candidate is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// An anchored automaton.
    Automaton,
    /// Small automata for the parts between wide gaps.
    Chain,
    /// A merge of word positions.
    Sequence,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strategy::Automaton => "automaton",
            Strategy::Chain => "chain",
            Strategy::Sequence => "sequence",
        })
    }
}
