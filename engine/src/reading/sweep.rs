//! From matches of patterns to matches of rules: overlaps dropped, parts put together.
//!
//! A rule with `match: any` is swept by start: a match that begins inside the one kept last is dropped, and of those
//! with the same start the longest counts. A rule with `match: all` is swept by end: each match is put together with the
//! latest match of every other pattern, and the hull is kept if it is not too long and does not begin before the end of
//! the one kept last. Both look at settled matches only, in an order that does not depend on when they were found.

use std::cmp::Reverse;
use std::ops::Range;

use crate::database::Program;
use crate::reading::Window;

/// A match of a pattern that passed its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) rule: u32,
    pub(crate) in_rule: u32,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// A match of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) rule: u32,
    pub(crate) span: Range<u64>,
}

/// The matches of one text that wait to be swept, and what the sweep must remember.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sweep {
    waiting: Vec<Match>,
    /// For each rule the end of the match kept last, where it can still matter.
    kept_to: Vec<(u32, u64)>,
    /// For each rule with `match: all` the latest match of each pattern.
    latest: Vec<Latest>,
}

#[derive(Clone, Debug)]
struct Latest {
    rule: u32,
    spans: Vec<Option<(u64, u64)>>,
}

impl Sweep {
    pub(crate) fn add(&mut self, found: Match) {
        self.waiting.push(found);
    }

    /// Sweeps the matches that begin before `decided`.
    pub(crate) fn settle(
        &mut self,
        program: &Program,
        decided: u64,
        window: Window<'_>,
        touches: &dyn Fn(&Range<u64>) -> bool,
        kept: &mut Vec<Kept>,
    ) {
        if self.waiting.is_empty() {
            self.forget(program, decided, window);
            return;
        }
        // Whether a match counts depends on the byte behind it, so it waits for that, and all behind it wait, too.
        let visible = if window.complete { u64::MAX } else { window.end() };
        let decided =
            self.waiting.iter().filter(|m| m.end >= visible).map(|m| m.start).fold(decided, u64::min);
        let within = |rule: u32| program.within[rule as usize];
        let mut ready: Vec<Match> = Vec::new();
        self.waiting.retain(|m| {
            let settled = if within(m.rule).is_some() { m.end <= decided } else { m.start < decided };
            if settled {
                ready.push(*m);
            }
            !settled
        });
        ready.sort_unstable_by_key(|m| (m.start, Reverse(m.end), m.rule, m.in_rule));
        for found in ready.iter().filter(|m| within(m.rule).is_none()) {
            let span = found.start..found.end;
            if touches(&span) && found.start >= self.kept_to(found.rule) {
                self.keep(found.rule, span, kept);
            }
        }
        ready.sort_unstable_by_key(|m| (m.end, m.start, m.rule, m.in_rule));
        for found in &ready {
            let Some(within) = within(found.rule) else { continue };
            let Some(hull) = self.hull(program, found, within) else { continue };
            if touches(&hull) && hull.start >= self.kept_to(found.rule) {
                self.keep(found.rule, hull, kept);
            }
        }
        self.forget(program, decided, window);
    }

    /// Takes over what was settled when the text was judged as if it ended at `end`.
    ///
    /// A part that reached farther, into the bytes of a token that was not whole, may not be one when it is.
    pub(crate) fn adopt(&mut self, judged: Sweep, end: u64) {
        let own = std::mem::replace(self, judged);
        for latest in &mut self.latest {
            let before = own.latest.iter().find(|l| l.rule == latest.rule);
            for (i, span) in latest.spans.iter_mut().enumerate() {
                if span.is_some_and(|s| s.1 > end) {
                    *span = before.and_then(|l| l.spans[i]);
                }
            }
        }
    }

    /// The lowest start of a match of a rule that may still come, if all matches before `decided` are known.
    pub(crate) fn undecided_from(&self, program: &Program, decided: u64) -> u64 {
        let parts = self.latest.iter().flat_map(|l| {
            let within = program.within[l.rule as usize].unwrap_or(0);
            // A part that is too far back can't be in a hull any more.
            l.spans.iter().flatten().map(|s| s.0).filter(move |start| start + within > decided)
        });
        parts.fold(self.reported_to(decided), u64::min)
    }

    /// All matches that begin before this have been swept.
    pub(crate) fn reported_to(&self, decided: u64) -> u64 {
        self.waiting.iter().map(|m| m.start).fold(decided, u64::min)
    }

    /// Notes the match, and puts it together with the latest of the rule's other patterns.
    fn hull(&mut self, program: &Program, found: &Match, within: u64) -> Option<Range<u64>> {
        let patterns = program.rules[found.rule as usize].patterns.len();
        let i = match self.latest.iter().position(|l| l.rule == found.rule) {
            Some(i) => i,
            None => {
                self.latest.push(Latest { rule: found.rule, spans: vec![None; patterns] });
                self.latest.len() - 1
            }
        };
        let spans = &mut self.latest[i].spans;
        let latest = &mut spans[found.in_rule as usize];
        // Behind a boundary a part is found again that was swept there.
        if latest.is_some_and(|(start, end)| (end, start) > (found.end, found.start)) {
            return None;
        }
        *latest = Some((found.start, found.end));
        let start = spans.iter().map(|s| s.map(|s| s.0)).min()??;
        let end = spans.iter().flatten().map(|s| s.1).fold(found.end, u64::max);
        (end - start <= within).then_some(start..end)
    }

    fn keep(&mut self, rule: u32, span: Range<u64>, kept: &mut Vec<Kept>) {
        match self.kept_to.iter_mut().find(|k| k.0 == rule) {
            Some(entry) => entry.1 = span.end,
            None => self.kept_to.push((rule, span.end)),
        }
        kept.push(Kept { rule, span });
    }

    fn kept_to(&self, rule: u32) -> u64 {
        self.kept_to.iter().find(|k| k.0 == rule).map_or(0, |k| k.1)
    }

    /// Drops what is too far back to matter; at the end of the text nothing, because it may only be judged as such.
    fn forget(&mut self, program: &Program, decided: u64, window: Window<'_>) {
        if window.complete {
            return;
        }
        let least = decided.saturating_sub(program.reach);
        self.kept_to.retain(|k| k.1 > least);
        self.latest.retain(|l| l.spans.iter().flatten().any(|s| s.0 >= least));
    }
}
