//! The mutable state of a worker: scratch space and counters, reused from scan to scan.

use crate::confirm::automaton::States;
use crate::database::Program;
use crate::filter::{Candidate, FilterError, FilterScratch};
use crate::pattern::sequence::Ends;
use crate::view::layers::Layers;
use crate::view::run::place::Places;

/// Scratch space for scans with one database.
///
/// One per worker: [`Scanner::scan`](crate::Scanner::scan) takes one from a pool of its own, the `_with` calls take
/// the caller's. A cache made for another database is refused.
#[derive(Debug)]
pub struct Cache {
    /// The database it was made for.
    pub(crate) database: u64,
    pub(crate) scratch: Scratch,
}

#[derive(Debug)]
pub(crate) struct Scratch {
    filter: FilterScratch,
    /// The state of a text that was scanned before, empty: the next one need not ask for memory again.
    pub(crate) spare: Option<Layers>,
    /// The same for the bytes that were kept of it.
    pub(crate) spare_tail: Vec<u8>,
    /// Where the trigger bytes of a view stand.
    pub(crate) masks: Vec<[u64; 1]>,
    /// Where runs may begin.
    pub(crate) places: Places,
    /// What a piece of a run stands for.
    pub(crate) decoded: Vec<u8>,
    pub(crate) ends: Ends,
    pub(crate) states: States,
    pub(crate) marks: Marks,
    pub(crate) stats: Stats,
    /// A pattern of the database is none: the scan is worth nothing.
    pub(crate) failed: bool,
    /// The filter could not scan: neither is it then.
    pub(crate) filter_error: Option<FilterError>,
}

impl Cache {
    pub(crate) fn new(database: u64, patterns: usize) -> Cache {
        let scratch = Scratch {
            filter: FilterScratch::default(),
            spare: None,
            spare_tail: Vec::new(),
            masks: Vec::new(),
            places: Places::default(),
            decoded: Vec::new(),
            ends: Ends::default(),
            states: States::default(),
            marks: Marks { epoch: 0, upto: vec![(0, 0); patterns], touched: Vec::new() },
            stats: Stats::new(patterns),
            failed: false,
            filter_error: None,
        };
        Cache { database, scratch }
    }

    /// What the scans with this cache have cost so far.
    pub fn stats(&self) -> &Stats {
        &self.scratch.stats
    }

    /// Sets all counters to zero.
    pub fn reset_stats(&mut self) {
        self.scratch.stats = Stats::new(self.scratch.stats.by_pattern.len());
    }
}

impl Scratch {
    /// What the filter finds in a text from `from` on and that ends no farther than at `until`, and any byte if a pattern has
    /// no other anchor.
    pub(crate) fn find(&mut self, program: &Program, text: &[u8], from: usize, until: usize) -> &[Candidate] {
        self.filter.candidates.clear();
        match program.filter.find(text, from, until, &mut self.filter) {
            Ok(looked) => self.stats.candidates += looked,
            Err(error) => self.filter_error = Some(error),
        }
        if let Some(anchor) = program.any_byte {
            let last_end = until.min(text.len());
            self.filter.candidates.push(Candidate { first_end: from + 1, last_end, anchor });
        }
        &self.filter.candidates
    }
}

/// Bytes that a list may take to be kept for the next text.
const MAX_RECYCLED: usize = 1 << 20;

/// An empty list in the room of another one, unless that is large.
pub(crate) fn recycled<T>(mut old: Vec<T>) -> Vec<T> {
    old.clear();
    if old.capacity() * size_of::<T>() > MAX_RECYCLED { Vec::new() } else { old }
}

/// Up to where the starts of each pattern have been examined, during one call.
#[derive(Debug)]
pub(crate) struct Marks {
    epoch: u64,
    upto: Vec<(u64, u64)>,
    touched: Vec<u32>,
}

impl Marks {
    /// Forgets all marks and takes those of a text.
    pub(crate) fn load(&mut self, saved: &[(u32, u64)]) {
        self.epoch += 1;
        self.touched.clear();
        for &(pattern, upto) in saved {
            self.set(pattern, upto);
        }
    }

    /// The marks that can still matter: those above `least`.
    pub(crate) fn save(&self, least: u64, saved: &mut Vec<(u32, u64)>) {
        saved.clear();
        let marks = self.touched.iter().map(|&p| (p, self.upto[p as usize].1));
        saved.extend(marks.filter(|&(_, upto)| upto > least));
    }

    pub(crate) fn get(&self, pattern: u32) -> u64 {
        let (epoch, upto) = self.upto[pattern as usize];
        if epoch == self.epoch { upto } else { 0 }
    }

    pub(crate) fn set(&mut self, pattern: u32, upto: u64) {
        let mark = &mut self.upto[pattern as usize];
        if mark.0 != self.epoch {
            self.touched.push(pattern);
        }
        *mark = (self.epoch, upto);
    }
}

/// Counters of work; they depend on the filter, the findings do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Positions that reached the exact table.
    pub candidates: u64,
    /// Automata and sequences started.
    pub confirms: u64,
    /// The same for each pattern, in the order of [`Database::plans`](crate::Database::plans).
    pub by_pattern: Vec<PatternStats>,
}

/// Counters of one pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatternStats {
    /// Occurrences of its anchors.
    pub hits: u64,
    /// Automata or sequences started.
    pub confirms: u64,
}

impl Stats {
    fn new(patterns: usize) -> Stats {
        Stats { candidates: 0, confirms: 0, by_pattern: vec![PatternStats::default(); patterns] }
    }
}
