//! Where anchors were found in a text that arrives in pieces.

use crate::filter::Candidate;

/// Occurrences of one anchor, in offsets of the text: it ends at every offset from `first_end` to `last_end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) first_end: u64,
    pub(crate) last_end: u64,
    pub(crate) anchor: u32,
}

/// Most ends of one entry: long runs are told in several, so that a search by the first end finds all of them.
pub(crate) const MOST_ENDS: u64 = 64;

impl Found {
    /// Adds to a list what a filter found, as far as it ends in `ends`; offsets count from `base`.
    pub(crate) fn add(
        found: &mut Vec<Found>,
        candidates: &[Candidate],
        base: u64,
        ends: std::ops::RangeInclusive<u64>,
    ) {
        for candidate in candidates {
            let mut first_end = (base + candidate.first_end as u64).max(*ends.start());
            let last_end = (base + candidate.last_end as u64).min(*ends.end());
            while first_end <= last_end {
                let upto = last_end.min(first_end + (MOST_ENDS - 1));
                found.push(Found { first_end, last_end: upto, anchor: candidate.anchor });
                first_end = upto + 1;
            }
        }
    }

    /// The entries of a sorted list that can have an end at `least` or behind it.
    pub(crate) fn from(found: &[Found], least: u64) -> &[Found] {
        &found[found.partition_point(|f| f.first_end + MOST_ENDS <= least)..]
    }
}

/// Anchors to follow up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidates<'a> {
    /// Sorted.
    pub(crate) found: &'a [Found],
    /// What must be added to their offsets, modulo 2^64, to get those of the text.
    pub(crate) shift: u64,
    /// Those that end before this of the text have been followed up.
    pub(crate) from: u64,
}
