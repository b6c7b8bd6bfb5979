//! Reading one text: the input itself, or a view of it.
//!
//! A [`Reading`] is fed the text in pieces, each time with as much of what came before as it still needs, and with the
//! anchors in it. It examines each start that follows from one, keeps the starts that need more text, and sweeps the
//! matches once nothing that could come before them is open. What it reports does not depend on the pieces.

mod found;
mod sweep;

use std::ops::Range;

use crate::cache::{Scratch, recycled};
use crate::confirm::Outcome;
use crate::database::Program;
use crate::view::layer::AHEAD;
use crate::view::offsets::OffsetMap;

pub(crate) use found::{Candidates, Found, MOST_ENDS};
pub(crate) use sweep::Kept;
use sweep::{Match, Sweep};

/// The part of a text that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) bytes: &'a [u8],
    /// Offset of the first byte in the text.
    pub(crate) base: u64,
    /// Whether the text ends where the window does.
    pub(crate) complete: bool,
}

/// The state of reading one text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// Anchors that end here or before have been followed up.
    seen: u64,
    /// Starts that need more text.
    open: Vec<Open>,
    /// Up to where each pattern's starts have been examined, where that is not past.
    marks: Vec<(u32, u64)>,
    sweep: Sweep,
    /// No match that begins before this is unknown.
    decided: u64,
}

/// A start of a pattern that needs more text.
#[derive(Clone, Copy, Debug)]
struct Open {
    pattern: u32,
    start: u64,
}

impl Window<'_> {
    pub(crate) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// The index in `bytes` of an offset in the text; all offsets asked for lie in the window.
    pub(crate) fn index(&self, offset: u64) -> usize {
        usize::try_from(offset - self.base).expect("a window is in memory")
    }
}

impl Reading {
    /// The state before the first byte, with the room in memory that another one took.
    pub(crate) fn recycled(old: Reading) -> Reading {
        Reading { open: recycled(old.open), marks: recycled(old.marks), ..Reading::default() }
    }

    /// Reads what is new in the window, and reports the matches that are settled.
    ///
    /// In a view only what touches one of its `changes` counts. Whether a match does is asked once everything up to the
    /// byte behind it is there.
    pub(crate) fn read(
        &mut self,
        (program, active): (&Program, &[bool]),
        scratch: &mut Scratch,
        window: Window<'_>,
        candidates: Candidates<'_>,
        changes: Option<&OffsetMap>,
        kept: &mut Vec<Kept>,
    ) {
        self.reopen(program, scratch, window);
        self.follow_anchors((program, active), scratch, window, candidates, changes);
        self.settle(program, window);
        let touches = |span: &Range<u64>| changes.is_none_or(|map| map.touches(span));
        self.sweep.settle(program, self.decided, window, &touches, kept);
    }

    /// Finds the anchors in what is new, and adds them to those found before.
    pub(crate) fn look(
        &self,
        program: &Program,
        scratch: &mut Scratch,
        window: Window<'_>,
        found: &mut Vec<Found>,
    ) {
        // An anchor that ends in the new bytes may begin in the old ones.
        let again = (self.seen + 1).saturating_sub(program.longest_anchor as u64).max(window.base);
        found.truncate(found.partition_point(|f| f.first_end <= self.seen));
        let old = found.len();
        let candidates = scratch.find(program, window.bytes, window.index(again), window.bytes.len());
        Found::add(found, candidates, window.base, self.seen + 1..=window.end());
        found[old..].sort_unstable();
    }

    /// Anchors that end behind this have not been followed up.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// The lowest start of a match that is not yet known, decided or reported.
    pub(crate) fn undecided_from(&self, program: &Program) -> u64 {
        self.sweep.undecided_from(program, self.decided)
    }

    /// Up to here every match has been reported that is going to be.
    pub(crate) fn reported_to(&self) -> u64 {
        self.sweep.reported_to(self.decided)
    }

    /// The first byte that must still be there when the text goes on.
    pub(crate) fn needs_from(&self, program: &Program) -> u64 {
        let again = self.seen.saturating_sub(program.longest_anchor as u64);
        self.reported_to().min(again).saturating_sub(program.reach)
    }

    /// Takes over what was settled when the text was judged as if it ended at `end`.
    pub(crate) fn adopt(&mut self, judged: Reading, end: u64) {
        self.sweep.adopt(judged.sweep, end);
    }

    /// Goes on with the starts that needed more text.
    fn reopen(&mut self, program: &Program, scratch: &mut Scratch, window: Window<'_>) {
        let sweep = &mut self.sweep;
        self.open.retain(|open| {
            let confirm = &program.patterns[open.pattern as usize];
            let start = window.index(open.start);
            match confirm.examine(program.pattern(confirm), window.bytes, start, window.complete, scratch) {
                Outcome::Undecided => return true,
                Outcome::Match(end) => sweep.add(Match {
                    rule: confirm.rule,
                    in_rule: confirm.in_rule,
                    start: open.start,
                    end: window.base + end as u64,
                }),
                Outcome::None => {}
            }
            false
        });
    }

    /// Examines the starts that follow from anchors; in a view only where a match can reach a change.
    fn follow_anchors(
        &mut self,
        (program, active): (&Program, &[bool]),
        scratch: &mut Scratch,
        window: Window<'_>,
        candidates: Candidates<'_>,
        changes: Option<&OffsetMap>,
    ) {
        if candidates.found.is_empty() {
            return;
        }
        scratch.marks.load(&self.marks);
        let mut near = changes.map(OffsetMap::near);
        // By their ends: a start's anchors must come in an order in which nothing examined is passed again.
        for found in candidates.found {
            let first = found.first_end.wrapping_add(candidates.shift).max(candidates.from);
            let ends = first..=found.last_end.wrapping_add(candidates.shift);
            if ends.is_empty() {
                continue;
            }
            let distances = near.as_mut().map(|near| near.distances(&ends));
            if distances.is_some_and(|d| !program.near.may_reach(d)) {
                continue;
            }
            for &pattern in program.owners.of(found.anchor) {
                if active[pattern as usize] && distances.is_none_or(|d| program.near.reaches(pattern, d)) {
                    self.follow(program, scratch, window, pattern, ends.clone());
                }
            }
        }
        // A change that is still to come leads back to anchors that nothing was near.
        let back = program.lead + if changes.is_some() { program.near.most() + AHEAD + 1 } else { 0 };
        scratch.marks.save(self.seen.saturating_sub(back), &mut self.marks);
    }

    /// Examines the starts of a pattern whose anchor ends in `ends`.
    fn follow(
        &mut self,
        program: &Program,
        scratch: &mut Scratch,
        window: Window<'_>,
        pattern: u32,
        ends: std::ops::RangeInclusive<u64>,
    ) {
        let confirm = &program.patterns[pattern as usize];
        scratch.stats.by_pattern[pattern as usize].hits += 1;
        let Some(last) = ends.end().checked_sub(confirm.nearest_end as u64) else { return };
        let first = ends.start().saturating_sub(confirm.farthest_end as u64);
        // Bytes before the window were passed: no match that begins there is open.
        let first = first.max(scratch.marks.get(pattern)).max(window.base);
        if first > last {
            return;
        }
        if !confirm.gates.is_empty() {
            // Gates are for anchors of bytes, which end at one place.
            let end = window.index(*ends.end());
            if !confirm.gates.iter().all(|g| g.may_match(window.bytes, end, window.complete)) {
                return;
            }
        }
        scratch.marks.set(pattern, last + 1);
        for index in confirm.beginnings.positions(window.bytes, window.index(first), window.index(last)) {
            let start = window.base + index as u64;
            scratch.stats.confirms += 1;
            scratch.stats.by_pattern[pattern as usize].confirms += 1;
            match confirm.examine(program.pattern(confirm), window.bytes, index, window.complete, scratch) {
                Outcome::None => {}
                Outcome::Match(end) => self.sweep.add(Match {
                    rule: confirm.rule,
                    in_rule: confirm.in_rule,
                    start,
                    end: window.base + end as u64,
                }),
                Outcome::Undecided => self.open.push(Open { pattern, start }),
            }
        }
    }

    /// Moves on: what has been read, and below which start everything is known.
    fn settle(&mut self, program: &Program, window: Window<'_>) {
        // The last byte is not seen before its neighbour is: it may be a separator inside a run of digits.
        let end = window.end();
        self.seen = if window.complete { end } else { end.saturating_sub(1).max(self.seen) };
        let without_anchor =
            if window.complete { u64::MAX } else { (self.seen + 1).saturating_sub(program.lead) };
        let first_open = self.open.iter().map(|o| o.start).min().unwrap_or(u64::MAX);
        // In a view it may fall again: a change that is new opens starts before it.
        self.decided = without_anchor.min(first_open);
    }
}
