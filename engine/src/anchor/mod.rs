//! Anchors: short byte strings of which every match of a pattern must contain one.
//!
//! The filter looks for anchors only. [`extract`] derives them from a pattern's HIR, [`rarity`] estimates how often
//! each turns up in ordinary text, and [`grams`] says which bytes of an anchor the filter can look up.

pub(crate) mod extract;
pub(crate) mod grams;
pub(crate) mod hash;
pub(crate) mod list;
pub(crate) mod rarity;

use crate::byteset::ByteSet;
use crate::rule::RunClass;
use grams::GramPlan;

/// Longest anchor in bytes: what the exact comparison reads at once, and what a filter re-reads at a chunk's edge.
pub(crate) const MAX_ANCHOR: usize = 16;

/// Most bytes between an anchor and the word that it says comes next: how far behind an anchor the views look for changes.
pub(crate) const MAX_APART: usize = 40;

/// What a filter looks for, and [`Anchor::Any`], which none has to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Anchor {
    /// A string.
    Bytes(Literal),
    /// This many bytes of a class in a row.
    Run(RunClass, usize),
    /// Any byte: of patterns of which nothing to look for is known.
    Any,
}

/// A string, and what is known of what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Literal {
    /// One of a set of bytes at each position.
    pub(crate) sets: Vec<ByteSet>,
    /// Begins with a letter or digit, and none stands before it.
    pub(crate) starts_word: bool,
    /// Ends with a letter or digit, and none follows.
    pub(crate) ends_word: bool,
    /// If this is a whole word: the keys of words of which one is the next word, in order. Empty if that is not known.
    ///
    /// A filter may use it or not, and need not where the text ends before the next word does.
    pub(crate) next: Vec<u64>,
}

impl Literal {
    /// Whether it is the same string, whatever comes next.
    pub(crate) fn is_spelt_as(&self, other: &Literal) -> bool {
        self.sets == other.sets && (self.starts_word, self.ends_word) == (other.starts_word, other.ends_word)
    }

    /// Whether wherever the other string stands, this one does at the same place.
    pub(crate) fn begins(&self, other: &Literal) -> bool {
        let length = self.sets.len();
        let ends = match other.sets.get(length) {
            Some(behind) => behind.is_disjoint(&ByteSet::ALPHANUMERIC),
            None => other.ends_word,
        };
        length <= other.sets.len()
            && (!self.starts_word || other.starts_word)
            && (!self.ends_word || ends)
            && self.sets.iter().zip(&other.sets).all(|(own, other)| other.is_subset(own))
    }

    /// Whether what stands beside the occurrence at `from..to` of a text agrees with what is known; at the edges of
    /// the text it does.
    #[inline]
    pub(crate) fn edges_agree(
        starts_word: bool,
        ends_word: bool,
        text: &[u8],
        from: usize,
        to: usize,
    ) -> bool {
        let is_word = |i: Option<usize>| i.and_then(|i| text.get(i)).is_some_and(u8::is_ascii_alphanumeric);
        !(starts_word && is_word(from.checked_sub(1)) || ends_word && is_word(Some(to)))
    }
}

impl Anchor {
    /// Length in bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Anchor::Bytes(literal) => literal.sets.len(),
            Anchor::Run(_, length) => *length,
            Anchor::Any => 1,
        }
    }

    /// The string, if it is no run.
    pub(crate) fn literal(&self) -> Option<&Literal> {
        match self {
            Anchor::Bytes(literal) => Some(literal),
            Anchor::Run(..) | Anchor::Any => None,
        }
    }

    /// The bytes at each position, if it is no run.
    pub(crate) fn sets(&self) -> Option<&[ByteSet]> {
        self.literal().map(|literal| literal.sets.as_slice())
    }

    /// The anchor as a person reads it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Anchor::Bytes(literal) => {
                let edge = |known: bool| if known { "|" } else { "" };
                let bytes: String = literal.sets.iter().map(|s| format!("{s:?}")).collect();
                let next = match literal.next.as_slice() {
                    [] => String::new(),
                    [key] => format!(" {}", describe_key(*key)),
                    [key, others @ ..] => format!(" {} (or {} more)", describe_key(*key), others.len()),
                };
                format!("{}{bytes}{}{next}", edge(literal.starts_word), edge(literal.ends_word))
            }
            Anchor::Run(class, length) => format!("<{class} x {length}>"),
            Anchor::Any => "<any byte>".to_string(),
        }
    }
}

/// A word by its key: what is cut off is left open.
fn describe_key(key: u64) -> String {
    let bytes: Vec<u8> = key.to_le_bytes().into_iter().take_while(|&b| b != 0).collect();
    let end = if bytes.len() < hash::WORD_KEY { "|" } else { "" };
    format!("|{}{end}", bytes.escape_ascii())
}

/// An anchor and how it is looked up, which takes a while to work out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planned {
    pub(crate) anchor: Anchor,
    /// `None` for runs and any byte, which are not looked up, and for what the compiler would not take.
    pub(crate) plan: Option<GramPlan>,
}

impl Planned {
    pub(crate) fn new(anchor: Anchor) -> Planned {
        let plan = match &anchor {
            Anchor::Bytes(literal) => grams::plan(literal),
            Anchor::Run(..) | Anchor::Any => None,
        };
        Planned { anchor, plan }
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
