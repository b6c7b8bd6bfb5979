//! Expressions with wide gaps, confirmed part by part.
//!
//! `ignore.{0,60}instructions` as one automaton counts the bytes of its gap in its states: sixty times the rest. Taken
//! apart at the gaps, what is left is a few small automata; the ends of one open windows in which the next may begin.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::anchor::extract;
use crate::byteset::ByteSet;
use crate::confirm::automaton::{Automaton, States};
use crate::filter::SimdLevel;
use crate::filter::gate::Comparison;
use crate::pattern::sequence::{Ends, Merge};

/// A gap of fewer bytes at most is no burden to an automaton.
const LEAST_GAP: u32 = 8;

/// A gap takes at least so many byte values; one of fewer is a word rather than a gap.
const LEAST_CLASS: usize = 60;

/// Parts with gaps between them.
#[derive(Debug)]
pub(crate) struct Chain {
    first: Automaton,
    rest: Vec<Link>,
}

/// A gap and the part behind it.
#[derive(Debug)]
struct Link {
    least: usize,
    most: usize,
    /// The bytes that the gap may hold.
    class: ByteSet,
    /// What the part begins with.
    heads: Comparison,
    part: Automaton,
    /// Longest match of the part in bytes.
    width: usize,
}

impl Chain {
    /// Takes an expression apart; `None` if it has no wide gap between two parts that can't be empty.
    pub(crate) fn new(hir: &Hir, level: SimdLevel) -> Option<Chain> {
        let HirKind::Concat(all) = hir.kind() else { return None };
        let mut parts: Vec<Vec<Hir>> = vec![Vec::new()];
        let mut gaps: Vec<(usize, usize, ByteSet)> = Vec::new();
        for hir in all {
            let open = parts.last_mut().expect("there is a first part");
            match gap(hir) {
                Some(gap) if is_solid(open) => {
                    gaps.push(gap);
                    parts.push(Vec::new());
                }
                _ => open.push(hir.clone()),
            }
        }
        while parts.len() > 1 && !parts.last().is_some_and(|last| is_solid(last)) {
            // What follows the last gap can be empty: the gap belongs to the part before it.
            let last = parts.pop().expect("there are parts");
            let (least, most, class) = gaps.pop().expect("a gap before every part but the first");
            let before = parts.last_mut().expect("there is a first part");
            before.push(hir_of_gap(least, most, class));
            before.extend(last);
        }
        if gaps.is_empty() {
            return None;
        }
        let mut parts = parts.into_iter().map(Hir::concat);
        let first = Automaton::new(parts.next()?);
        let rest = gaps.into_iter().zip(parts).map(|((least, most, class), part)| Link {
            least,
            most,
            class,
            heads: heads(&part, level),
            width: part.properties().maximum_len().expect("the width of the whole is bounded"),
            part: Automaton::new(part),
        });
        Some(Chain { first, rest: rest.collect() })
    }

    /// The most steps that one start can cost, if matches are at most `width` bytes long.
    pub(crate) fn worst_steps_per_start(&self, width: usize) -> usize {
        width + 1 + self.rest.iter().map(|link| (width + 1) * (link.width + 1)).sum::<usize>()
    }

    /// Builds what is otherwise built at the first candidate.
    pub(crate) fn warm(&self) {
        self.first.warm();
        self.rest.iter().for_each(|link| link.part.warm());
    }

    /// Searches for a match that starts at `start` in `text`; `complete` says that nothing follows `text`.
    pub(crate) fn longest_from(
        &self,
        text: &[u8],
        start: usize,
        complete: bool,
        ends: &mut Ends,
        states: &mut States,
    ) -> Merge {
        let Ends { current, next } = ends;
        current.clear();
        let mut undecided = !self.first.all_ends(text, start, complete, states, current);
        for link in &self.rest {
            current.sort_unstable();
            current.dedup();
            next.clear();
            let (Some(&first), Some(&last)) = (current.first(), current.last()) else { break };
            for at in link.heads.positions(text, first + link.least, last + link.most) {
                // Of the ends that are far enough before it the nearest has the best chances.
                let near = current.partition_point(|&e| e + link.least <= at);
                let reachable = near.checked_sub(1).map(|i| current[i]).is_some_and(|end| {
                    at - end <= link.most && text[end..at].iter().all(|&b| link.class.contains(b))
                });
                if reachable {
                    undecided |= !link.part.all_ends(text, at, complete, states, next);
                }
            }
            // The window of the last end closes at the first byte that a gap can't hold; is that there?
            let open = last + link.most >= text.len();
            if open && text.get(last..).unwrap_or_default().iter().all(|&b| link.class.contains(b)) {
                undecided |= !complete;
            }
            std::mem::swap(current, next);
        }
        if undecided {
            return Merge::Undecided;
        }
        current.iter().max().map_or(Merge::None, |&end| Merge::Ends(end))
    }
}

/// The bounds and the bytes of a gap.
fn gap(hir: &Hir) -> Option<(usize, usize, ByteSet)> {
    let HirKind::Repetition(repetition) = hir.kind() else { return None };
    let HirKind::Class(Class::Bytes(class)) = repetition.sub.kind() else { return None };
    let mut set = ByteSet::EMPTY;
    class.ranges().iter().for_each(|r| set.insert_range(r.start(), r.end()));
    let most = repetition.max.filter(|&most| most >= LEAST_GAP)?;
    (set.len() >= LEAST_CLASS).then_some((
        usize::try_from(repetition.min).ok()?,
        usize::try_from(most).ok()?,
        set,
    ))
}

fn hir_of_gap(least: usize, most: usize, class: ByteSet) -> Hir {
    let ranges = class.iter().map(|b| regex_syntax::hir::ClassBytesRange::new(b, b));
    let bound = |n: usize| u32::try_from(n).expect("it was a u32");
    Hir::repetition(regex_syntax::hir::Repetition {
        min: bound(least),
        max: Some(bound(most)),
        greedy: true,
        sub: Box::new(Hir::class(Class::Bytes(regex_syntax::hir::ClassBytes::new(ranges)))),
    })
}

/// Whether the parts so far match at least one byte.
fn is_solid(parts: &[Hir]) -> bool {
    parts.iter().any(|p| p.properties().minimum_len().unwrap_or(0) > 0)
}

fn heads(part: &Hir, level: SimdLevel) -> Comparison {
    let prefixes = extract::prefixes(part);
    let prefixes = if prefixes.is_empty() { vec![vec![extract::first_bytes(part)]] } else { prefixes };
    Comparison::with_prefixes(&prefixes, level)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pattern::dialect;
    use crate::rule::On;

    const EXPRESSIONS: &[&str] = &[
        r"ab.{0,9}cd",
        r"\bab\b[^.]{0,12}\bcd\b",
        r"a[^x]{2,9}b{1,3}.{0,8}ca?",
        r"(?:ab|a).{3,10}(?:b|ba)$",
        r"^a.{0,8}b.{0,8}c.{0,9}a",
        r"ab c[^!]{0,20}a b",
        r"x?.{0,9}ab.{0,9}c.{0,9}d?",
        r"a.{0,9}(?:b.{0,9}c|d)",
    ];

    const PIECES: &[&str] = &["ab", "a", "b", "c", "cd", " ", "x", ".", "!", "\n", "> ", "ba", "_"];

    proptest! {
        /// Taken apart or as one automaton: the same longest match from every start.
        #[test]
        fn a_chain_is_its_expression(
            expression in prop::sample::select(EXPRESSIONS),
            pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
        ) {
            let hir = dialect::parse(expression, On::Text).expect("valid");
            let Some(chain) = Chain::new(&hir, SimdLevel::Auto) else {
                return Err(TestCaseError::fail(format!("{expression} has a gap")));
            };
            let whole = Automaton::new(hir);
            let text = pieces.concat().into_bytes();
            let mut ends = Ends::default();
            let mut states = States::default();
            for start in 0..text.len() {
                let expected = whole.longest_from(&text, start, true, &mut states);
                let shown = || format!("{expression} at {start} of {}", text.escape_ascii());
                let merged = chain.longest_from(&text, start, true, &mut ends, &mut states);
                prop_assert_eq!(merged, expected, "{}", shown());
                for cut in start + 1..=text.len() {
                    let merged = chain.longest_from(&text[..cut], start, false, &mut ends, &mut states);
                    prop_assert!(merged == Merge::Undecided || merged == expected, "{merged:?} at {cut}: {}", shown());
                }
            }
        }
    }
}
