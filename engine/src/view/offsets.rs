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
    pub(crate) inside: Inside,
}

/// Which bytes of a change stand for which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// All for all.
    Token,
    /// Each `view` bytes for `original` ones; at the end for what is left.
    Units { original: u8, view: u8 },
    /// All for all since this offset of the original: they say nothing without those.
    Unpacked { from: u64 },
}

impl Change {
    /// The original bytes that the byte at `at` of the view, which lies in the change, stands for.
    fn original_of(&self, at: u64) -> Range<u64> {
        match self.inside {
            Inside::Token => self.original.clone(),
            Inside::Unpacked { from } => from..self.original.end,
            Inside::Units { original, view } => {
                let unit = (at - self.view.start) / u64::from(view);
                let start = self.original.start + unit * u64::from(original);
                start..(start + u64::from(original)).min(self.original.end)
            }
        }
    }

    /// Whether the change behind this one goes on in the same units, so that both are one.
    fn goes_on_in(&self, next: &Change) -> bool {
        let Inside::Units { original, view } = self.inside else { return false };
        let (from, to) = (self.original.end - self.original.start, self.view.end - self.view.start);
        self.inside == next.inside
            && self.view.end == next.view.start
            && self.original.end == next.original.start
            && from * u64::from(view) == to * u64::from(original)
            && to.is_multiple_of(u64::from(view))
    }
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
    /// Bytes that go right behind others that go are one change, so that a text of nothing else has one; and so are bytes
    /// in the same units.
    pub(crate) fn push(&mut self, change: Change) {
        if let Some(last) = self.changes.back_mut() {
            debug_assert!(last.view.end <= change.view.start && last.original.end <= change.original.start);
            let goes = last.view == change.view && last.original.end == change.original.start;
            if goes || last.goes_on_in(&change) {
                last.view.end = change.view.end;
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
            Some(change) if at < change.view.end => change.original_of(at),
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

    /// Where in the view the original bytes from `at` on begin to count.
    pub(crate) fn view_start(&self, at: u64) -> u64 {
        let i = self.changes.partition_point(|c| c.original.start <= at);
        match i.checked_sub(1).map(|i| &self.changes[i]) {
            Some(change) if at < change.original.end => change.view.start,
            Some(change) => change.view.end + (at - change.original.end),
            None => (self.origin_view + at).saturating_sub(self.origin),
        }
    }

    /// Where in the view the original bytes before `at` end.
    pub(crate) fn view_end(&self, at: u64) -> u64 {
        let i = self.changes.partition_point(|c| c.original.start < at);
        match i.checked_sub(1).map(|i| &self.changes[i]) {
            Some(change) if at <= change.original.end => change.view.end,
            Some(change) => change.view.end + (at - change.original.end),
            None => (self.origin_view + at).saturating_sub(self.origin),
        }
    }

    /// The stretches of the view that changes make up, those that touch each other as one.
    pub(crate) fn stretches(&self) -> Vec<Range<u64>> {
        let mut stretches: Vec<Range<u64>> = Vec::new();
        for change in &self.changes {
            match stretches.last_mut() {
                Some(last) if last.end == change.view.start => last.end = change.view.end,
                _ => stretches.push(change.view.clone()),
            }
        }
        stretches
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
        map.push(Change { view: 2..3, original: 2..8, inside: Inside::Token });
        map.push(Change { view: 5..5, original: 10..11, inside: Inside::Token });
        map.push(Change { view: 5..5, original: 11..14, inside: Inside::Token });
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

    /// Base64 in two pieces, and a third that is unpacked.
    #[test]
    fn units_and_what_is_unpacked() {
        let units = Inside::Units { original: 4, view: 3 };
        let mut map = OffsetMap::default();
        map.push(Change { view: 10..28, original: 10..34, inside: units });
        map.push(Change { view: 28..44, original: 34..56, inside: units });
        map.push(Change { view: 50..90, original: 62..80, inside: Inside::Unpacked { from: 40 } });
        assert_eq!(map.len(), 2);
        assert_eq!(map.original(&(10..11)), 10..14);
        assert_eq!(map.original(&(12..14)), 10..18);
        assert_eq!(map.original(&(43..46)), 54..58);
        assert_eq!(map.original(&(51..52)), 40..80);
        assert_eq!((map.view_start(5), map.view_start(20), map.view_start(57)), (5, 10, 45));
        assert_eq!((map.view_end(5), map.view_end(20), map.view_end(57), map.view_end(80)), (5, 44, 45, 90));
        assert_eq!(map.stretches(), [10..44, 50..90]);
    }

    #[test]
    fn bytes_that_go_in_a_row_are_one_change() {
        assert_eq!(map().len(), 2);
    }
}
