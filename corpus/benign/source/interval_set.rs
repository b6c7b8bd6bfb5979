//! A set of half-open intervals, kept sorted and disjoint.

use std::ops::Range;

/// Disjoint intervals in ascending order; neighbours that touch are merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntervalSet {
    ranges: Vec<Range<u64>>,
}

impl IntervalSet {
    /// Adds `range`. An empty range changes nothing.
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        // All ranges that touch the new one lie in `low..high`.
        let low = self.ranges.partition_point(|r| r.end < range.start);
        let high = self.ranges.partition_point(|r| r.start <= range.end);
        let merged = self.ranges[low..high]
            .iter()
            .fold(range, |acc, r| acc.start.min(r.start)..acc.end.max(r.end));
        self.ranges.splice(low..high, [merged]);
    }

    /// Removes `range`, which may cut an interval in two.
    pub fn remove(&mut self, range: Range<u64>) {
        let mut kept = Vec::with_capacity(self.ranges.len() + 1);
        for r in self.ranges.drain(..) {
            let left = r.start..r.end.min(range.start);
            let right = r.start.max(range.end)..r.end;
            kept.extend([left, right].into_iter().filter(|part| !part.is_empty()));
        }
        self.ranges = kept;
    }

    /// True if `point` lies in one of the intervals.
    pub fn contains(&self, point: u64) -> bool {
        let i = self.ranges.partition_point(|r| r.end <= point);
        self.ranges.get(i).is_some_and(|r| r.start <= point)
    }

    /// Sum of all lengths.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|r| r.end - r.start).sum()
    }

    /// True if nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The gaps between the intervals inside `window`.
    pub fn gaps(&self, window: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let mut at = window.start;
        let ends = self.ranges.iter().cloned().chain(std::iter::once(window.end..u64::MAX));
        ends.filter_map(move |r| {
            let gap = at..r.start.min(window.end);
            at = at.max(r.end);
            (gap.start < gap.end).then_some(gap)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_ranges_merge() {
        let mut set = IntervalSet::default();
        set.insert(10..20);
        set.insert(30..40);
        set.insert(20..30);
        assert_eq!(set.ranges, [10..40]);
        set.remove(15..16);
        assert_eq!(set.ranges, [10..15, 16..40]);
        assert_eq!(set.gaps(0..50).collect::<Vec<_>>(), [0..10, 15..16, 40..50]);
        assert!(set.contains(10) && !set.contains(15) && !set.contains(40));
    }
}
