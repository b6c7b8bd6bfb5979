//! How each pattern is found and confirmed: the compiler's explanation of its choices.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use crate::anchor::list::AnchorList;
use crate::confirm::Confirm;
use crate::error::LoadError;
use crate::pattern::MAX_WIDTH;
use crate::serial::{Reader, Writer};

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

/// Where an anchor of the database lies in a match of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Index of the anchor.
    pub(crate) anchor: u32,
    /// It begins at least this many bytes behind the start of the match.
    pub(crate) from: u16,
    /// And at most this many.
    pub(crate) to: u16,
}

/// What the plans of all patterns are told from; the plans themselves are long and seldom asked for.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    rows: Vec<Row>,
    /// The anchors of all patterns, one pattern after the other.
    placed: Vec<Placed>,
}

#[derive(Debug)]
struct Row {
    strategy: Strategy,
    worst_steps_per_byte: usize,
    /// Of the anchors.
    end: usize,
}

/// Every anchor of a pattern takes at least as many bytes.
const LEAST_PLACED: usize = 3;

impl Plans {
    /// Adds those of the next pattern.
    pub(crate) fn push(&mut self, strategy: Strategy, worst_steps_per_byte: usize, anchors: &[Placed]) {
        self.placed.extend_from_slice(anchors);
        self.rows.push(Row { strategy, worst_steps_per_byte, end: self.placed.len() });
    }

    /// The anchors of each pattern.
    pub(crate) fn anchors(&self) -> impl Iterator<Item = &[Placed]> + Clone {
        (0..self.rows.len()).map(|i| &self.placed[self.range(i)])
    }

    /// The plans, told.
    pub(crate) fn tell(&self, patterns: &[Confirm], anchors: &AnchorList) -> Vec<PatternPlan> {
        let tell_anchor = |placed: &Placed| {
            let index = placed.anchor as usize;
            let (tier, estimated_per_kib) = anchors.cost(index);
            AnchorPlan {
                text: anchors.get(index).describe(),
                from: placed.from.into(),
                to: placed.to.into(),
                tier,
                estimated_per_kib,
            }
        };
        let all = patterns.iter().zip(&self.rows).zip(self.anchors());
        all.map(|((confirm, row), placed)| PatternPlan {
            rule: confirm.rule as usize,
            pattern: confirm.in_rule as usize,
            strategy: row.strategy,
            anchors: placed.iter().map(tell_anchor).collect(),
            gates: confirm.gates.len(),
            width: confirm.width,
            worst_steps_per_byte: row.worst_steps_per_byte,
        })
        .collect()
    }

    /// Writes those of one pattern.
    pub(crate) fn write(&self, index: usize, writer: &mut Writer) {
        let row = &self.rows[index];
        writer.choice(&Strategy::ALL, &row.strategy);
        writer.number(row.worst_steps_per_byte);
        writer.list(&self.placed[self.range(index)], |writer, placed| {
            writer.number(placed.anchor as usize);
            writer.number(placed.from.into());
            writer.number(placed.to.into());
        });
    }

    /// Reads those of the next pattern, and gives how far behind the start of a match its anchors end.
    pub(crate) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        anchors: &AnchorList,
    ) -> Result<RangeInclusive<usize>, LoadError> {
        let strategy = reader.choice(&Strategy::ALL)?;
        let worst_steps_per_byte = reader.number()?;
        let (mut nearest, mut farthest) = (usize::MAX, 0);
        for _ in 0..reader.count(LEAST_PLACED)? {
            let index = reader.index(anchors.len())?;
            let (from, to) = (reader.at_most(MAX_WIDTH)?, reader.at_most(MAX_WIDTH)?);
            if from > to {
                return Err(LoadError::malformed("an anchor begins farther back than it can"));
            }
            let length = anchors.length(index);
            nearest = nearest.min(from + length);
            farthest = farthest.max(to + length);
            self.placed.push(Placed::new(index, from, to));
        }
        if nearest > farthest {
            return Err(LoadError::malformed("a pattern has no anchor"));
        }
        self.rows.push(Row { strategy, worst_steps_per_byte, end: self.placed.len() });
        Ok(nearest..=farthest)
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = index.checked_sub(1).map_or(0, |before| self.rows[before].end);
        start..self.rows[index].end
    }
}

impl Placed {
    pub(crate) fn new(anchor: usize, from: usize, to: usize) -> Placed {
        let short = |n: usize| u16::try_from(n).expect("matches are at most 512 bytes long");
        let anchor = u32::try_from(anchor).expect("fewer than 2^32 anchors");
        Placed { anchor, from: short(from), to: short(to) }
    }
}

impl Strategy {
    /// All of them, in the order in which they are numbered where a database is written.
    const ALL: [Strategy; 3] = [Strategy::Automaton, Strategy::Chain, Strategy::Sequence];
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
