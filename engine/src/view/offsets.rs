//! From offsets in a stretch of a view back to the original.

use std::collections::VecDeque;
use std::ops::Range;

/// Where a view differs from the original: these bytes of the view stand for those of the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) view: Range<u64>,
    pub(crate) original: Range<u64>,
}

/// The map of one stretch.
#[derive(Clone, Debug)]
pub(crate) struct OffsetMap {
    /// These two offsets correspond, and no change lies before them that is still in `changes`.
    origin_view: u64,
    origin: u64,
    changes: VecDeque<Change>,
}

impl OffsetMap {
    /// A map whose view begins at `origin` of the original.
    pub(crate) fn new(origin: u64) -> OffsetMap {
        OffsetMap { origin_view: 0, origin, changes: VecDeque::new() }
    }

    /// Adds a change behind all others.
    pub(crate) fn push(&mut self, change: Change) {
        debug_assert!(self.changes.back().is_none_or(|c| c.view.end <= change.view.start));
        self.changes.push_back(change);
    }

    /// The end of the last change in the original.
    pub(crate) fn last_change_end(&self) -> Option<u64> {
        self.changes.back().map(|c| c.original.end)
    }

    /// Whether a change lies in `span` of the view, or right beside it.
    pub(crate) fn touches(&self, span: &Range<u64>) -> bool {
        let from = span.start.saturating_sub(1);
        // The first change that does not end before the byte in front of the span.
        let i = self.changes.partition_point(|c| c.view.end <= from);
        self.changes.get(i).is_some_and(|c| c.view.start <= span.end)
    }

    /// The original bytes of `span`, rounded outward to whole tokens.
    pub(crate) fn original(&self, span: &Range<u64>) -> Range<u64> {
        let start = self.token(span.start).start;
        let end = if span.end > span.start { self.token(span.end - 1).end } else { start };
        start..end
    }

    /// The original bytes that the byte at `at` of the view stands for.
    fn token(&self, at: u64) -> Range<u64> {
        let i = self.changes.partition_point(|c| c.view.start <= at);
        match i.checked_sub(1).map(|i| &self.changes[i]) {
            Some(change) if at < change.view.end => change.original.clone(),
            Some(change) => {
                let start = change.original.end + (at - change.view.end);
                start..start + 1
            }
            None => {
                let start = self.origin + (at - self.origin_view);
                start..start + 1
            }
        }
    }

    /// Where in the original the byte at `at` of the view begins.
    pub(crate) fn original_start(&self, at: u64) -> u64 {
        self.token(at).start
    }

    /// Forgets the changes that end before `least` of the view, which is not asked for again.
    pub(crate) fn forget_before(&mut self, least: u64) {
        while self.changes.len() > 1 && self.changes[1].view.start < least {
            if let Some(change) = self.changes.pop_front() {
                self.origin_view = change.view.end;
                self.origin = change.original.end;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ab` + a token of 6 for 1 byte + `cd`, beginning at offset 10 of the original.
    fn map() -> OffsetMap {
        let mut map = OffsetMap::new(10);
        map.push(Change { view: 2..3, original: 12..18 });
        map
    }

    #[test]
    fn spans_are_rounded_outward_to_tokens() {
        assert_eq!(map().original(&(0..2)), 10..12);
        assert_eq!(map().original(&(1..3)), 11..18);
        assert_eq!(map().original(&(2..3)), 12..18);
        assert_eq!(map().original(&(3..5)), 18..20);
    }

    #[test]
    fn a_neighbour_of_a_change_touches_it() {
        assert!(!map().touches(&(0..1)));
        assert!(map().touches(&(0..2)));
        assert!(map().touches(&(3..5)));
        assert!(!map().touches(&(4..5)));
    }
}
