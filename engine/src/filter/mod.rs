//! Filters: where in a text does an anchor stand?
//!
//! A filter only proposes. It must report every occurrence of every anchor in the bytes that it is given; whether a
//! pattern matches around it is for the confirm step to say, so that all filters give the same findings.

mod aho_corasick;
pub(crate) mod classify;
mod config;
mod deal;
#[cfg(test)]
mod exactness;
pub(crate) mod gate;
#[cfg(feature = "hyperscan")]
mod hyperscan;
pub(crate) mod native;
pub(crate) mod runs;
pub(crate) mod simd;
pub(crate) mod table;

use crate::anchor::list::AnchorList;
use aho_corasick::AhoCorasickFilter;
use native::LookUps;

pub use config::{Config, FilterKind, SimdLevel};

/// Occurrences of one anchor: it ends at every offset from `first_end` to `last_end` of the text.
///
/// For byte anchors the two are the same; a run that is longer than its anchor holds many occurrences in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    pub(crate) first_end: usize,
    pub(crate) last_end: usize,
    pub(crate) anchor: u32,
}

/// What a filter finds, and scratch space for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterScratch {
    pub(crate) candidates: Vec<Candidate>,
    words: Box<native::WordSearch>,
    shorts: Box<native::ShortPositions>,
    #[cfg(feature = "hyperscan")]
    hyperscan: hyperscan::Scratch,
}

/// What a library says that a filter rests on: it can't take the anchors, or can't scan.
pub(crate) type FilterError = String;

/// A compiled filter.
#[derive(Debug)]
pub(crate) enum Filter {
    Native(Box<native::Native>),
    AhoCorasick(AhoCorasickFilter),
    #[cfg(feature = "hyperscan")]
    Hyperscan(hyperscan::HyperscanFilter),
}

impl Filter {
    /// The filter of a configuration. `look_ups` says how the native one finds the anchors, and is asked only for it.
    ///
    /// # Errors
    /// The library that the filter rests on refuses the anchors or this machine.
    pub(crate) fn new(
        anchors: &AnchorList,
        look_ups: impl FnOnce() -> LookUps,
        config: Config,
    ) -> Result<Filter, FilterError> {
        Ok(match config.filter {
            FilterKind::Native => {
                Filter::Native(Box::new(native::Native::new(anchors, look_ups(), config.simd)))
            }
            FilterKind::AhoCorasick => Filter::AhoCorasick(AhoCorasickFilter::new(anchors)),
            #[cfg(feature = "hyperscan")]
            FilterKind::Hyperscan => Filter::Hyperscan(hyperscan::HyperscanFilter::new(anchors)?),
        })
    }

    /// Whether the filter of a configuration can take these anchors in bounded memory.
    pub(crate) fn can_take(anchors: &AnchorList, config: Config) -> bool {
        match config.filter {
            FilterKind::Native => true,
            FilterKind::AhoCorasick => AhoCorasickFilter::can_take(anchors),
            #[cfg(feature = "hyperscan")]
            FilterKind::Hyperscan => hyperscan::HyperscanFilter::can_take(anchors),
        }
    }

    /// Appends to the candidates every occurrence that begins at `from` or behind it and ends within `text`, in no order.
    ///
    /// Whether a digit run goes on over a separator at the very end of `text` is only known once the next byte is
    /// there: such an occurrence may be missing until `text` is longer.
    ///
    /// What ends behind `until` may be missing.
    ///
    /// Returns how many positions reached the exact table.
    ///
    /// # Errors
    /// The library that the filter rests on could not scan: nothing is known of the text.
    pub(crate) fn find(
        &self,
        text: &[u8],
        from: usize,
        until: usize,
        scratch: &mut FilterScratch,
    ) -> Result<u64, FilterError> {
        match self {
            Filter::Native(filter) => Ok(filter.find(text, from, until, scratch)),
            Filter::AhoCorasick(filter) => Ok(filter.find(text, from, &mut scratch.candidates)),
            #[cfg(feature = "hyperscan")]
            Filter::Hyperscan(filter) => {
                filter.find(text, from, until, &mut scratch.hyperscan, &mut scratch.candidates)
            }
        }
    }

    /// How much memory the tables take, in bytes.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Filter::Native(filter) => filter.memory(),
            Filter::AhoCorasick(filter) => filter.memory(),
            #[cfg(feature = "hyperscan")]
            Filter::Hyperscan(filter) => filter.memory(),
        }
    }
}
