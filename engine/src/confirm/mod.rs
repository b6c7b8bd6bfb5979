//! The confirm step: does a pattern match from this start, and how far?
//!
//! It alone decides. Filters propose anchors, and from each anchor follow the starts at which a match may begin; each
//! start of a pattern is examined once, and again when there is more text if it could not be decided. [`automaton`] runs
//! an anchored automaton, byte by byte; [`chain`] takes expressions with wide gaps apart; a sequence is merged over
//! positions.

pub(crate) mod automaton;
mod chain;
pub(crate) mod judged;

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use regex_syntax::hir::Hir;

use crate::cache::Scratch;
use crate::error::LoadError;
use crate::filter::SimdLevel;
use crate::filter::gate::{Comparison, Gate};
use crate::pattern::sequence::{Merge, WordSets};
use crate::pattern::{self, MAX_WIDTH, Parsed};
use crate::plan::Strategy;
use crate::rule::{Judged, Pattern};
use crate::serial::{Reader, Writer};
use automaton::{Automaton, States};
use chain::Chain;
use judged::Groups;

/// A pattern ready to be confirmed.
#[derive(Debug)]
pub(crate) struct Confirm {
    /// Index of the rule.
    pub(crate) rule: u32,
    /// Index of the pattern in its rule.
    pub(crate) in_rule: u32,
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
    /// Made from the pattern when the first candidate needs it.
    matcher: OnceLock<Option<Matcher>>,
}

/// What decides whether a pattern matches.
#[derive(Debug)]
pub(crate) struct Matcher {
    strategy: How,
    /// `None` where the whole match is judged.
    groups: Option<Groups>,
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
}

/// What an examination of a start came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No match starts here.
    None,
    /// The longest match that starts here ends there, and passes the checks.
    Match(usize),
    /// More text is needed to tell.
    Undecided,
}

impl Matcher {
    pub(crate) fn new(parsed: Parsed, judged: Judged, level: SimdLevel) -> Matcher {
        let groups = Groups::new(&parsed.hir, judged);
        // What the width cuts off is for one automaton to leave out: its parts know nothing of each other.
        let is_cut = parsed.is_cut();
        let chain = |hir: &Hir| if is_cut { None } else { Chain::new(hir, level) };
        let unless = parsed.unless.into_iter().map(Automaton::new).collect();
        let strategy = match parsed.sequence {
            Some(words) => How::Sequence { heads: words.heads(level), words },
            None => match chain(&parsed.hir) {
                Some(chain) => How::Chain(chain),
                None => How::Automaton(Automaton::within(parsed.hir, parsed.width)),
            },
        };
        Matcher { strategy, groups, unless }
    }

    /// How candidates are confirmed.
    pub(crate) fn strategy(&self) -> Strategy {
        match self.strategy {
            How::Automaton(_) => Strategy::Automaton,
            How::Chain(_) => Strategy::Chain,
            How::Sequence { .. } => Strategy::Sequence,
        }
    }

    /// The most steps that one start of a match of up to `width` bytes can cost: states walked through, or words
    /// compared.
    pub(crate) fn worst_steps_per_start(&self, width: usize) -> usize {
        match &self.strategy {
            How::Automaton(_) => width + 1,
            How::Chain(chain) => chain.worst_steps_per_start(width),
            How::Sequence { words, .. } => (width + 1) * words.worst_words_per_byte(),
        }
    }
}

impl Confirm {
    pub(crate) fn new(rule: u32, in_rule: u32, width: usize, found_by: FoundBy) -> Confirm {
        Confirm {
            rule,
            in_rule,
            width,
            nearest_end: found_by.nearest_end,
            farthest_end: found_by.farthest_end,
            beginnings: found_by.beginnings,
            gates: found_by.gates,
            matcher: OnceLock::new(),
        }
    }

    /// Its matcher; `None` if the pattern is none or not this one, which only a database that was read from forged bytes
    /// can bring about.
    fn matcher(&self, pattern: &Pattern) -> Option<&Matcher> {
        let make = || {
            let parsed = pattern::parse(pattern).ok().filter(|parsed| parsed.width == self.width)?;
            Some(Matcher::new(parsed, pattern.judged, self.beginnings.level()))
        };
        self.matcher.get_or_init(make).as_ref()
    }

    /// What [`Confirm::read`] can't work out from the pattern's anchors.
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.number(self.width);
        self.beginnings.write(writer);
        writer.list(&self.gates, |writer, gate| gate.write(writer));
    }

    /// Reads the confirm of a pattern; where its anchors end comes from `ends`.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        (rule, in_rule): (u32, u32),
        ends: RangeInclusive<usize>,
        level: SimdLevel,
    ) -> Result<Confirm, LoadError> {
        let width = reader.at_most(MAX_WIDTH)?;
        if width == 0 || *ends.end() > width {
            return Err(LoadError::malformed("an anchor lies behind the end of its match"));
        }
        let found_by = FoundBy {
            nearest_end: *ends.start(),
            farthest_end: *ends.end(),
            beginnings: Comparison::read(reader, level)?,
            gates: reader.list(1, |reader| Gate::read(reader, level))?,
        };
        Ok(Confirm::new(rule, in_rule, width, found_by))
    }

    /// Builds what is otherwise built at the first candidate.
    pub(crate) fn warm(&self, pattern: &Pattern) {
        let Some(matcher) = self.matcher(pattern) else { return };
        match &matcher.strategy {
            How::Automaton(automaton) => automaton.warm(),
            How::Chain(chain) => chain.warm(),
            How::Sequence { .. } => {}
        }
        matcher.unless.iter().for_each(Automaton::warm);
    }

    /// Examines the start at `start` of `text`, of which nothing follows if it is `complete`.
    pub(crate) fn examine(
        &self,
        pattern: &Pattern,
        text: &[u8],
        start: usize,
        complete: bool,
        scratch: &mut Scratch,
    ) -> Outcome {
        let Some(matcher) = self.matcher(pattern) else {
            scratch.failed = true;
            return Outcome::None;
        };
        let Scratch { ends, states, .. } = scratch;
        let merge = match &matcher.strategy {
            How::Automaton(automaton) => automaton.longest_from(text, start, complete, states),
            How::Chain(chain) => chain.longest_from(text, start, complete, ends, states),
            How::Sequence { words, heads } => words.longest_from(heads, text, start, complete, ends),
        };
        match merge {
            Merge::None => Outcome::None,
            Merge::Ends(end) => matcher.judge(pattern, text, start, end, states),
            Merge::Undecided => Outcome::Undecided,
        }
    }
}

impl Matcher {
    /// Validators and exceptions judge the longest match, and see nothing outside it.
    fn judge(
        &self,
        pattern: &Pattern,
        text: &[u8],
        start: usize,
        end: usize,
        states: &mut States,
    ) -> Outcome {
        let judged = self.groups.as_ref().map_or(start..end, |groups| groups.judged(text, start, end));
        let span = &text[judged];
        let passes = pattern.validate.iter().all(|v| v.holds(span))
            && !self.unless.iter().any(|u| u.matches_all(span, states));
        if passes { Outcome::Match(end) } else { Outcome::None }
    }
}
