//! Strings as an expression spells them: a set of bytes at each position, gaps of white space and the like between them.

use crate::anchor::{Literal, grams};
use crate::byteset::ByteSet;

/// A string: a set of bytes at each position, where edges of words or lines are asserted, and where something of no fixed
/// length stands that holds no letter and no digit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) sets: Vec<ByteSet>,
    /// Bit i: no word goes on from the byte before i to the byte at i. Those that lie too far behind are forgotten, which
    /// is safe.
    pub(super) edges: u128,
    gaps: Vec<Gap>,
}

/// A stretch of bytes, none of them a letter or a digit; if it can be empty, a byte of this kind stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    /// It stands before the byte at this position.
    at: usize,
    /// Bytes that it takes.
    min: usize,
    max: usize,
    /// What they can be.
    bytes: ByteSet,
}

impl Text {
    pub(super) fn of(sets: Vec<ByteSet>) -> Text {
        Text { sets, ..Text::default() }
    }

    /// Nothing but an assertion.
    pub(super) fn edge() -> Text {
        Text { edges: 1, ..Text::default() }
    }

    /// Nothing but a gap.
    pub(super) fn gap(min: usize, max: usize, bytes: ByteSet) -> Text {
        Text { sets: Vec::new(), edges: 1, gaps: vec![Gap { at: 0, min, max, bytes }] }
    }

    /// Positions, gaps left out.
    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether it may have no bytes.
    pub(super) fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.gaps.is_empty()
    }

    pub(super) fn has_gap(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// Its one byte, if it is just that.
    pub(super) fn one_byte(&self) -> Option<ByteSet> {
        if self.gaps.is_empty() && self.sets.len() == 1 { Some(self.sets[0]) } else { None }
    }

    /// Bytes in all.
    pub(super) fn shortest(&self) -> usize {
        self.offset(self.len() + 1).0
    }

    pub(super) fn longest(&self) -> usize {
        self.offset(self.len() + 1).1
    }

    /// How many bytes stand before a position, at least and at most.
    pub(super) fn offset(&self, position: usize) -> (usize, usize) {
        let before = position.min(self.len());
        let gaps = self.gaps.iter().take_while(|gap| gap.at <= position);
        gaps.fold((before, before), |(min, max), gap| (min + gap.min, max.saturating_add(gap.max)))
    }

    pub(super) fn then(&self, next: &Text) -> Text {
        let length = self.len();
        let shift = u32::try_from(length).expect("strings are short");
        let moved = next.gaps.iter().map(|gap| Gap { at: gap.at + length, ..*gap });
        Text {
            sets: [self.sets.as_slice(), &next.sets].concat(),
            edges: self.edges | next.edges.checked_shl(shift).unwrap_or(0),
            gaps: self.gaps.iter().copied().chain(moved).collect(),
        }
    }

    /// Notes that an edge stands behind what there is.
    pub(super) fn assert_edge_behind(&mut self) {
        self.edges |= 1u128.checked_shl(u32::try_from(self.len()).expect("strings are short")).unwrap_or(0);
    }

    /// Forgets the first positions, and gives how many bytes that were.
    pub(super) fn drop_front(&mut self, count: usize) -> (usize, usize) {
        let dropped = self.offset(count);
        self.sets.drain(..count);
        self.edges = self.edges.checked_shr(u32::try_from(count).expect("strings are short")).unwrap_or(0);
        self.gaps.retain_mut(|gap| {
            let stays = gap.at > count;
            gap.at = gap.at.saturating_sub(count);
            stays
        });
        dropped
    }

    /// What it begins with, up to the first byte of the first gap.
    pub(super) fn head(mut self) -> Vec<ByteSet> {
        if let Some(gap) = self.gaps.first() {
            self.sets.truncate(gap.at);
            self.sets.extend((gap.min > 0).then_some(gap.bytes));
        }
        self.sets
    }

    /// The strings between gaps, each with the bytes of the gaps beside it, and how many bytes stand before it at least and
    /// at most.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (Text, (usize, usize))> {
        let solid = |gap: Option<&Gap>| gap.filter(|gap| gap.min > 0).map(|gap| gap.bytes);
        (0..=self.gaps.len()).filter_map(move |i| {
            let before = i.checked_sub(1).and_then(|i| self.gaps.get(i));
            let behind = self.gaps.get(i);
            let from = before.map_or(0, |gap| gap.at);
            let to = behind.map_or(self.len(), |gap| gap.at);
            let mut sets = self.sets[from..to].to_vec();
            let mut edges = self.edges.checked_shr(u32::try_from(from).ok()?).unwrap_or(0);
            let (mut min, mut max) = self.offset_of_gaps(i);
            (min, max) = (min + from, max.saturating_add(from));
            sets.extend(solid(behind));
            if let Some(bytes) = solid(before) {
                sets.insert(0, bytes);
                edges <<= 1;
                (min, max) = (min - 1, max - 1);
            }
            (from < to).then(|| (Text { sets, edges, gaps: Vec::new() }, (min, max)))
        })
    }

    fn offset_of_gaps(&self, count: usize) -> (usize, usize) {
        let gaps = self.gaps[..count].iter();
        gaps.fold((0, 0), |(min, max), gap| (min + gap.min, max.saturating_add(gap.max)))
    }

    /// A part of a stretch, and what the rest says about its edges.
    pub(super) fn part(&self, offset: usize, length: usize) -> Literal {
        let end = offset + length;
        let sets = self.sets[offset..end].to_vec();
        let before = offset.checked_sub(1).map(|i| self.sets[i]);
        let no_word = |set: Option<&ByteSet>| set.is_some_and(|s| s.is_disjoint(&ByteSet::ALPHANUMERIC));
        let of_word = |set: Option<&ByteSet>| set.is_some_and(|s| s.is_subset(&ByteSet::ALPHANUMERIC));
        Literal {
            starts_word: of_word(sets.first()) && (self.has_edge(offset) || no_word(before.as_ref())),
            ends_word: of_word(sets.last()) && (self.has_edge(end) || no_word(self.sets.get(end))),
            sets,
            next: Vec::new(),
        }
    }

    /// The last position at which no word goes on from the byte before it.
    pub(super) fn last_edge(&self) -> Option<usize> {
        let other =
            |at: usize| at.checked_sub(1).is_some_and(|i| self.sets[i].is_disjoint(&ByteSet::ALPHANUMERIC));
        (0..=self.len()).rev().find(|&at| self.has_edge(at) || other(at))
    }

    fn has_edge(&self, at: usize) -> bool {
        at < 128 && self.edges >> at & 1 != 0
    }

    /// The whole words: their first position and the one behind their last.
    pub(super) fn words(&self) -> Vec<std::ops::Range<usize>> {
        let mut words = Vec::new();
        let mut from = None;
        for at in 0..=self.len() {
            let set = self.sets.get(at);
            let letter = set.is_some_and(|s| s.is_subset(&ByteSet::ALPHANUMERIC));
            let other = set.is_none_or(|s| s.is_disjoint(&ByteSet::ALPHANUMERIC));
            let edge = self.has_edge(at);
            let ends = edge || (other && at < self.len());
            if ends && let Some(from) = from.take() {
                words.push(from..at);
            }
            if !letter {
                from = None;
            } else if from.is_none() {
                let behind_other =
                    at.checked_sub(1).is_some_and(|i| self.sets[i].is_disjoint(&ByteSet::ALPHANUMERIC));
                from = (edge || behind_other).then_some(at);
            }
        }
        words
    }

    /// The keys of the first word at or behind a position that is the edge of a word, and how far from there it may begin.
    pub(super) fn word_behind(&self, position: usize) -> Behind {
        let Some(from) = (position..self.len()).find(|&i| !self.sets[i].is_disjoint(&ByteSet::ALPHANUMERIC))
        else {
            return Behind::Beyond;
        };
        if !self.sets[from].is_subset(&ByteSet::ALPHANUMERIC) {
            return Behind::Unknown;
        }
        let end = (from + 1..=self.len()).find(|&at| self.has_edge(at));
        let word = &self.sets[from..end.unwrap_or(self.len())];
        match grams::keys_of(word, end.is_some()) {
            Some(keys) => Behind::Keys { keys, within: self.most_between(position, from) },
            None if end.is_none() && word.len() < crate::anchor::hash::WORD_KEY => Behind::Beyond,
            None => Behind::Unknown,
        }
    }

    /// The most bytes between a position and a later one, with the gaps at both.
    pub(super) fn most_between(&self, from: usize, to: usize) -> usize {
        let gaps = self.gaps.iter().filter(|gap| (from..=to).contains(&gap.at));
        gaps.fold(to - from, |most, gap| most.saturating_add(gap.max))
    }

    /// Whether what begins here certainly begins with something other than a letter or digit.
    pub(super) fn begins_with_edge(&self) -> bool {
        self.has_edge(0) || self.sets.first().is_some_and(|s| s.is_disjoint(&ByteSet::ALPHANUMERIC))
    }
}

/// What is known of the next word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// It has one of these keys, and begins within so many bytes.
    Keys { keys: Vec<u64>, within: usize },
    /// It lies, or goes on, beyond the end of the string.
    Beyond,
    /// Too many.
    Unknown,
}
