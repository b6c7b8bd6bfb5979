//! The confirm step: does a pattern match from this start, and how far?
//!
//! It alone decides. Filters propose anchors, and from each anchor follow the starts at which a match may begin; each
//! start of a pattern is examined once. [`automaton`] runs an anchored automaton, byte by byte, and can stop at the end
//! of what is there and go on later; a sequence is merged over positions instead.

pub(crate) mod automaton;
mod chain;

use crate::cache::Scratch;
use crate::filter::SimdLevel;
use crate::filter::gate::{Comparison, Gate};
use crate::pattern::Parsed;
use crate::pattern::sequence::{Merge, WordSets};
use crate::rule::On;
use crate::validate::Validator;
use automaton::{Automaton, Progress};
use chain::Chain;

/// A pattern ready to be confirmed.
#[derive(Debug)]
pub(crate) struct Confirm {
    /// Index of the rule.
    pub(crate) rule: u32,
    /// Index of the pattern in its rule.
    pub(crate) in_rule: u32,
    #[expect(dead_code, reason = "the views beyond the escapes, which not every pattern reads, ask for it")]
    pub(crate) on: On,
    /// Longest match in bytes.
    pub(crate) width: usize,
    /// An anchor ends at least this many bytes behind the start of its match.
    pub(crate) nearest_end: usize,
    /// And at most this many.
    pub(crate) farthest_end: usize,
    /// The first bytes of a match.
    pub(crate) beginnings: Comparison,
    /// What else must stand near an anchor.
    pub(crate) gates: Vec<Gate>,
    strategy: How,
    validate: Vec<Validator>,
    unless: Vec<Automaton>,
}

#[derive(Debug)]
enum How {
    Automaton(Automaton),
    Chain(Chain),
    Sequence { words: WordSets, heads: Vec<Comparison> },
}

/// How the starts of a pattern follow from its anchors; see the fields of [`Confirm`].
#[derive(Debug)]
pub(crate) struct FoundBy {
    pub(crate) nearest_end: usize,
    pub(crate) farthest_end: usize,
    pub(crate) beginnings: Comparison,
    pub(crate) gates: Vec<Gate>,
    pub(crate) level: SimdLevel,
}

/// Where a confirm stopped because the text did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paused {
    /// Only for automata that can go on where they stopped.
    progress: Option<Progress>,
}

/// What an examination of a start came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No match starts here.
    None,
    /// The longest match that starts here ends there, and passes the checks.
    Match(usize),
    /// More text is needed to tell.
    Paused(Paused),
}

impl Confirm {
    pub(crate) fn new(
        rule: u32,
        in_rule: u32,
        on: On,
        parsed: Parsed,
        found_by: FoundBy,
        validate: Vec<Validator>,
    ) -> Confirm {
        let unless = parsed.unless.into_iter().map(Automaton::new).collect();
        let strategy = match parsed.sequence {
            Some(words) => How::Sequence { heads: words.heads(found_by.level), words },
            None => match Chain::new(&parsed.hir, found_by.level) {
                Some(chain) => How::Chain(chain),
                None => How::Automaton(Automaton::new(parsed.hir)),
            },
        };
        Confirm {
            rule,
            in_rule,
            on,
            width: parsed.width,
            nearest_end: found_by.nearest_end,
            farthest_end: found_by.farthest_end,
            beginnings: found_by.beginnings,
            gates: found_by.gates,
            strategy,
            validate,
            unless,
        }
    }

    /// Whether it is merged over positions.
    pub(crate) fn is_sequence(&self) -> bool {
        matches!(self.strategy, How::Sequence { .. })
    }

    /// The most steps that one start can cost: states walked through, or words compared.
    pub(crate) fn worst_steps_per_start(&self) -> usize {
        match &self.strategy {
            How::Automaton(_) => self.width + 1,
            How::Chain(chain) => chain.worst_steps_per_start(self.width),
            How::Sequence { words, .. } => (self.width + 1) * words.worst_words_per_byte(),
        }
    }

    /// Builds what is otherwise built at the first candidate.
    pub(crate) fn warm(&self) {
        match &self.strategy {
            How::Automaton(automaton) => automaton.warm(),
            How::Chain(chain) => chain.warm(),
            How::Sequence { .. } => {}
        }
        self.unless.iter().for_each(Automaton::warm);
    }

    /// Examines the start at `start` of `text`, of which nothing follows if it is `complete`.
    pub(crate) fn examine(
        &self,
        text: &[u8],
        start: usize,
        complete: bool,
        scratch: &mut Scratch,
    ) -> Outcome {
        match &self.strategy {
            How::Automaton(automaton) => {
                let progress = automaton.begin(text, start);
                self.advance(automaton, text, start, progress, complete)
            }
            How::Chain(chain) => {
                self.conclude(chain.longest_from(text, start, complete, &mut scratch.ends), text, start)
            }
            How::Sequence { words, heads } => self.conclude(
                words.longest_from(heads, text, start, complete, &mut scratch.ends),
                text,
                start,
            ),
        }
    }

    fn conclude(&self, merge: Merge, text: &[u8], start: usize) -> Outcome {
        match merge {
            Merge::None => Outcome::None,
            Merge::Ends(end) => self.judge(text, start, end),
            Merge::Undecided => Outcome::Paused(Paused { progress: None }),
        }
    }

    /// Goes on with a start that ran into the end of the text before.
    pub(crate) fn resume(
        &self,
        paused: Paused,
        text: &[u8],
        start: usize,
        complete: bool,
        scratch: &mut Scratch,
    ) -> Outcome {
        match (&self.strategy, paused.progress) {
            (How::Automaton(automaton), Some(progress)) => {
                self.advance(automaton, text, start, progress, complete)
            }
            _ => self.examine(text, start, complete, scratch),
        }
    }

    fn advance(
        &self,
        automaton: &Automaton,
        text: &[u8],
        start: usize,
        mut progress: Progress,
        complete: bool,
    ) -> Outcome {
        if automaton.run(text, start, &mut progress, complete) {
            match progress.longest() {
                Some(length) => self.judge(text, start, start + length),
                None => Outcome::None,
            }
        } else {
            Outcome::Paused(Paused { progress: Some(progress) })
        }
    }

    /// Validators and exceptions judge the longest match, and see nothing outside it.
    fn judge(&self, text: &[u8], start: usize, end: usize) -> Outcome {
        let span = &text[start..end];
        let passes =
            self.validate.iter().all(|v| v.holds(span)) && !self.unless.iter().any(|u| u.matches_all(span));
        if passes { Outcome::Match(end) } else { Outcome::None }
    }
}
