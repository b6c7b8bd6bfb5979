//! From offsets in a view back to the text that it was made from.

use std::collections::VecDeque;
use std::ops::Range;

use crate::cache::recycled;
use crate::view::near::Neighbours;

/// Where a view differs from the text before it: these bytes of the view stand for those of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) view: Range<u64>,
    pub(crate) original: Range<u64>,
}

/// The changes of a view, as far back as they are still asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct OffsetMap {
    /// These two offsets correspond, and no change lies before them that is still in `changes`.
    origin_view: u64,
    origin: u64,
    changes: VecDeque<Change>,
}

impl OffsetMap {
    /// An empty map in the room of another one.
    pub(crate) fn recycled(old: OffsetMap) -> OffsetMap {
        OffsetMap { changes: recycled(old.changes.into()).into(), ..OffsetMap::default() }
    }

    /// Adds a change behind all others.
    ///
    /// Bytes that go right behind others that go are one change, so that a text of nothing else has one.
    pub(crate) fn push(&mut self, change: Change) {
        if let Some(last) = self.changes.back_mut() {
            debug_assert!(last.view.end <= change.view.start && last.original.end <= change.original.start);
            if last.view == change.view && last.original.end == change.original.start {
                last.original.end = change.original.end;
                return;
            }
        }
        self.changes.push_back(change);
    }

    pub(crate) fn last(&self) -> Option<&Change> {
        self.changes.back()
    }

    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    #[inline]
    pub(crate) fn change(&self, index: usize) -> Option<&Change> {
        self.changes.get(index)
    }

    /// The index of the first change that begins behind `at` of the view.
    pub(crate) fn first_behind(&self, at: u64) -> usize {
        self.changes.partition_point(|c| c.view.start <= at)
    }

    /// The index of the first change that ends at `at` of the view or behind it.
    pub(crate) fn first_ending_at(&self, at: u64) -> usize {
        self.changes.partition_point(|c| c.view.end < at)
    }

    /// The changes around places of the view.
    pub(crate) fn near(&self) -> Neighbours<'_> {
        Neighbours::new(self)
    }

    /// Whether a change lies in `span` of the view, or right beside it.
    pub(crate) fn touches(&self, span: &Range<u64>) -> bool {
        self.change(self.first_ending_at(span.start)).is_some_and(|c| c.view.start <= span.end)
    }

    /// The original bytes of `span`, rounded outward to whole tokens.
    pub(crate) fn original(&self, span: &Range<u64>) -> Range<u64> {
        let start = self.token(span.start).start;
        let end = if span.end > span.start { self.token(span.end - 1).end } else { start };
        start..end
    }

    /// The original bytes that the byte at `at` of the view stands for. What was forgotten counts as unchanged.
    fn token(&self, at: u64) -> Range<u64> {
        let i = self.changes.partition_point(|c| c.view.start <= at);
        match i.checked_sub(1).map(|i| &self.changes[i]) {
            Some(change) if at < change.view.end => change.original.clone(),
            Some(change) => {
                let start = change.original.end + (at - change.view.end);
                start..start + 1
            }
            None => {
                let start = (self.origin + at).saturating_sub(self.origin_view);
                start..start + 1
            }
        }
    }

    /// Where in the original the byte at `at` of the view begins.
    pub(crate) fn original_start(&self, at: u64) -> u64 {
        self.token(at).start
    }

    /// Forgets the changes that end before `least` of the view, which is not asked for again, but for the last one.
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

    /// `ab` + a token of 6 for 1 byte + `cd` + 4 bytes that go + `ef`.
    fn map() -> OffsetMap {
        let mut map = OffsetMap::default();
        map.push(Change { view: 2..3, original: 2..8 });
        map.push(Change { view: 5..5, original: 10..11 });
        map.push(Change { view: 5..5, original: 11..14 });
        map
    }

    #[test]
    fn spans_are_rounded_outward_to_tokens() {
        assert_eq!(map().original(&(0..2)), 0..2);
        assert_eq!(map().original(&(1..3)), 1..8);
        assert_eq!(map().original(&(2..3)), 2..8);
        assert_eq!(map().original(&(3..5)), 8..10);
        assert_eq!(map().original(&(4..6)), 9..15);
        assert_eq!(map().original(&(5..6)), 14..15);
    }

    #[test]
    fn a_neighbour_of_a_change_touches_it() {
        assert!(!map().touches(&(0..1)));
        assert!(map().touches(&(0..2)));
        assert!(map().touches(&(3..4)));
        assert!(!map().touches(&(4..4)));
        assert!(map().touches(&(4..5)));
        assert!(map().touches(&(5..7)));
        assert!(!map().touches(&(6..7)));
    }

    #[test]
    fn bytes_that_go_in_a_row_are_one_change() {
        assert_eq!(map().len(), 2);
    }
}
