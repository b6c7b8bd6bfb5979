//! How near to a change of a view an anchor must be, for a match around it to touch the change.

use std::ops::RangeInclusive;

use crate::confirm::Confirm;
use crate::pattern::MAX_WIDTH;
use crate::view::offsets::{Change, OffsetMap};

/// For each pattern how far before and behind an anchor's end a match of its rule reaches.
#[derive(Debug)]
pub(crate) struct Near {
    patterns: Vec<Distances>,
    /// The largest of them.
    most: Distances,
}

/// Bytes from the end of an anchor back to the change before it, and on to the change behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Distances {
    pub(crate) before: u64,
    pub(crate) behind: u64,
}

impl Distances {
    fn reach(self, other: Distances) -> bool {
        self.before >= other.before || self.behind >= other.behind
    }
}

impl Near {
    /// `within` has the longest hull of each rule whose patterns must all match.
    pub(crate) fn new(patterns: &[Confirm], within: &[Option<u64>]) -> Near {
        let of = |p: &Confirm| match within[p.rule as usize] {
            // The byte beside a match, which an assertion reads, counts, too.
            None => Distances {
                before: p.farthest_end as u64 + 1,
                behind: (p.width as u64 + 1).saturating_sub(p.nearest_end as u64),
            },
            // The same for all patterns of a rule: which of its parts come last must not depend on what else is near.
            Some(within) => {
                let most = within + MAX_WIDTH as u64 + 2;
                Distances { before: most, behind: most }
            }
        };
        let patterns: Vec<Distances> = patterns.iter().map(of).collect();
        let most = Distances {
            before: patterns.iter().map(|d| d.before).max().unwrap_or(0),
            behind: patterns.iter().map(|d| d.behind).max().unwrap_or(0),
        };
        Near { patterns, most }
    }

    /// Whether a match of the pattern may touch a change that far from an end of its anchor.
    #[inline]
    pub(crate) fn reaches(&self, pattern: u32, distances: Distances) -> bool {
        self.patterns[pattern as usize].reach(distances)
    }

    /// Whether one of any pattern may.
    #[inline]
    pub(crate) fn may_reach(&self, distances: Distances) -> bool {
        self.most.reach(distances)
    }

    /// No anchor that is farther from a change than this leads to a match that touches it.
    pub(crate) fn most(&self) -> u64 {
        self.most.before.max(self.most.behind)
    }
}

/// The changes on both sides of places that are asked for in about the order of the text.
#[derive(Debug)]
pub(crate) struct Neighbours<'a> {
    map: &'a OffsetMap,
    /// The first change behind the place asked for last.
    next: usize,
}

impl<'a> Neighbours<'a> {
    pub(crate) fn new(map: &'a OffsetMap) -> Neighbours<'a> {
        Neighbours { map, next: usize::MAX }
    }

    /// How far it is from an anchor that ends at all of `ends` to the changes around it.
    #[inline]
    pub(crate) fn distances(&mut self, ends: &RangeInclusive<u64>) -> Distances {
        let (first, last) = (*ends.start(), *ends.end());
        let starts = |i: usize, change: fn(&Change) -> u64| self.map.change(i).map(change);
        if self.next == usize::MAX {
            self.next = self.map.first_behind(last);
        }
        while starts(self.next, |c| c.view.start).is_some_and(|start| start <= last) {
            self.next += 1;
        }
        while self.next > 0 && starts(self.next - 1, |c| c.view.start).is_some_and(|start| start > last) {
            self.next -= 1;
        }
        let before = self.next.checked_sub(1).and_then(|i| starts(i, |c| c.view.end));
        let behind = starts(self.next, |c| c.view.start);
        Distances {
            before: before.map_or(u64::MAX, |end| first.saturating_sub(end)),
            behind: behind.map_or(u64::MAX, |start| start - last),
        }
    }
}
