//! The portable baseline: `aho-corasick` over one literal of each anchor, runs by a plain loop.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use crate::anchor::list::{AnchorList, Bytes};
use crate::byteset::ByteSet;
use crate::filter::Candidate;
use crate::filter::runs::RunAnchors;
use crate::filter::table::AnchorTable;

/// Most spellings of an anchor's literal before a shorter literal is taken.
const MAX_SPELLINGS: usize = 64;

/// Most spellings of all anchors together; the built-in rules have 6,000 or so.
const MAX_LITERALS: usize = 1 << 18;

/// A filter over the anchors' literals.
#[derive(Debug)]
pub(crate) struct AhoCorasickFilter {
    /// `None` when there are run anchors only.
    automaton: Option<AhoCorasick>,
    /// For each literal of the automaton: entries of the table and the literal's offset in their anchors.
    literals: Vec<Vec<(u32, usize)>>,
    table: AnchorTable,
    runs: RunAnchors,
}

impl AhoCorasickFilter {
    /// Whether these are few enough: the automaton grows with the number of their spellings.
    pub(crate) fn can_take(anchors: &AnchorList) -> bool {
        let mut left = MAX_LITERALS;
        anchors.strings().all(|string| {
            let spellings = Stretch::of(anchors, string).spellings_count();
            left.checked_sub(spellings).map(|rest| left = rest).is_some()
        })
    }

    pub(crate) fn new(anchors: &AnchorList) -> AhoCorasickFilter {
        let mut by_literal: BTreeMap<Vec<u8>, Vec<(u32, usize)>> = BTreeMap::new();
        for (entry, string) in (0u32..).zip(anchors.strings()) {
            let stretch = Stretch::of(anchors, string);
            for spelling in stretch.spellings() {
                by_literal.entry(spelling).or_default().push((entry, stretch.offset));
            }
        }
        let automaton = (!by_literal.is_empty()).then(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(by_literal.keys())
                .expect("the anchors of a database are far below the automaton's limits")
        });
        AhoCorasickFilter {
            automaton,
            literals: by_literal.into_values().collect(),
            table: AnchorTable::new(anchors),
            runs: RunAnchors::new(anchors),
        }
    }

    pub(crate) fn find(&self, text: &[u8], from: usize, found: &mut Vec<Candidate>) -> u64 {
        let mut looked = 0;
        if let Some(automaton) = &self.automaton {
            // A literal stands somewhere in its anchor, so it begins at or behind the anchor's start.
            let input = Input::new(text).span(from..text.len());
            for hit in automaton.find_overlapping_iter(input) {
                looked += 1;
                for &(entry, offset) in &self.literals[hit.pattern().as_usize()] {
                    let Some(at) = hit.start().checked_sub(offset) else { continue };
                    if let Some((anchor, length)) = self.table.verify(entry, text, at) {
                        found.push(Candidate { first_end: at + length, last_end: at + length, anchor });
                    }
                }
            }
        }
        self.runs.find(text, from, found);
        looked
    }

    pub(crate) fn memory(&self) -> usize {
        self.automaton.as_ref().map_or(0, AhoCorasick::memory_usage) + self.table.memory()
    }
}

/// A part of an anchor, with its bytes in lower case.
struct Stretch {
    offset: usize,
    sets: Vec<ByteSet>,
}

impl Stretch {
    /// The longest part of an anchor with few enough spellings.
    fn of(anchors: &AnchorList, string: Bytes<'_>) -> Stretch {
        let lower =
            |set: ByteSet| ByteSet::of(&set.iter().map(|b| b.to_ascii_lowercase()).collect::<Vec<u8>>());
        let sets: Vec<ByteSet> = string.positions.iter().map(|p| lower(anchors.set(*p))).collect();
        let mut best = 0..0;
        for from in 0..sets.len() {
            let mut count = 1;
            let to = (from..sets.len())
                .take_while(|&i| {
                    count *= sets[i].len();
                    count <= MAX_SPELLINGS
                })
                .last();
            if let Some(to) = to.filter(|to| to + 1 - from > best.len()) {
                best = from..to + 1;
            }
        }
        Stretch { offset: best.start, sets: sets[best].to_vec() }
    }

    fn spellings_count(&self) -> usize {
        self.sets.iter().map(ByteSet::len).product()
    }

    fn spellings(&self) -> Vec<Vec<u8>> {
        let mut spellings = vec![Vec::new()];
        for set in &self.sets {
            spellings = spellings
                .iter()
                .flat_map(|s: &Vec<u8>| set.iter().map(move |b| [s.as_slice(), &[b]].concat()))
                .collect();
        }
        spellings
    }
}
