//! Phrases: two words in a row, looked up by one hash.
//!
//! Most attacks are made of ordinary words, and what is rare is that they stand together. Whatever stands between the two,
//! as long as no letter and no digit is in it, need not be looked at.

use crate::anchor::Anchor;
use crate::anchor::grams::{self, word_keys};
use crate::anchor::hash::{WORD_KEY, of_pair, of_word};
use crate::anchor::list::{AnchorList, Bytes, Position};
use crate::filter::native::buckets::{Buckets, upper};

/// Bits of the bitmap for each pair, so that one in eight is set.
const BITS_PER_PAIR: usize = 8;

/// 2^16 bits are 8 KiB; 2^24 are 2 MiB, which is more than a second-level cache holds.
const LEAST_BITS: u32 = 16;
const MOST_BITS: u32 = 24;

/// The anchors that are a word before one of some others.
#[derive(Debug)]
pub(super) struct PhraseTable {
    bitmap: Box<[u64]>,
    /// How far a hash is shifted to give a bit.
    shift: u32,
    /// Entries of the exact table by the hash of both words.
    pairs: Buckets<u32>,
    /// The same by the hash of the first word, for where the next one is not known.
    firsts: Buckets<u32>,
}

/// What is looked up of phrases.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    /// The hashes of first words, each with an entry of the exact table.
    firsts: Vec<(u64, u32)>,
    /// The hashes of both words, each with an entry of the exact table.
    pub(super) pairs: Vec<(u64, u64, u32)>,
}

impl Phrases {
    pub(super) fn new(anchors: &AnchorList) -> Phrases {
        let mut phrases = Phrases::default();
        for (entry, string) in (0u32..).zip(anchors.strings()).filter(|(_, string)| !string.next.is_empty()) {
            each_key(anchors, string, |key| {
                let first = of_word(key);
                phrases.firsts.push((first, entry));
                phrases.pairs.extend(string.next.iter().map(|&next| (first, of_word(next), entry)));
            });
        }
        phrases
    }
}

impl PhraseTable {
    pub(super) fn new(phrases: &Phrases) -> PhraseTable {
        let pairs = phrases.pairs.iter().map(|&(first, next, entry)| (of_pair(first, next), entry));
        let pairs: Vec<(u64, u32)> = pairs.collect();
        let bits = (pairs.len() * BITS_PER_PAIR).next_power_of_two().trailing_zeros();
        let shift = 64 - bits.clamp(LEAST_BITS, MOST_BITS);
        let mut bitmap = vec![0u64; 1 << (64 - shift - 6)];
        for (hash, _) in &pairs {
            let place = upper(*hash, shift);
            bitmap[place >> 6] |= 1 << (place & 63);
        }
        PhraseTable {
            bitmap: bitmap.into(),
            shift,
            pairs: Buckets::new(&pairs),
            firsts: Buckets::new(&phrases.firsts),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether two words in a row may be in the table: 1 or 0.
    #[inline(always)]
    pub(super) fn may_have(&self, pair: u64) -> usize {
        let place = upper(pair, self.shift);
        // The mask says what the shift has made sure of, so that no bound need be checked.
        (self.bitmap[(place >> 6) & (self.bitmap.len() - 1)] >> (place & 63) & 1) as usize
    }

    /// The entries of the exact table for two words in a row.
    #[inline]
    pub(super) fn of_pair(&self, pair: u64) -> impl Iterator<Item = u32> {
        self.pairs.of(pair)
    }

    /// The entries for a word before any other.
    pub(super) fn of_first(&self, first: u64) -> impl Iterator<Item = u32> {
        self.firsts.of(first)
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.bitmap) + self.pairs.memory() + self.firsts.memory()
    }
}

/// Calls with each key of a word; with none if it is no word, which only forged bytes can bring about.
fn each_key(anchors: &AnchorList, string: Bytes<'_>, mut found: impl FnMut(u64)) {
    if !(string.starts_word && string.ends_word) {
        return;
    }
    let mut key = 0;
    for (i, position) in string.positions.iter().take(WORD_KEY).enumerate() {
        let (Position::Byte(byte) | Position::Letter(byte)) = *position else {
            // PERF: seldom, and far more work.
            if let Anchor::Bytes(literal) = anchors.get(string.anchor as usize) {
                word_keys(&literal, 0).into_iter().flatten().for_each(found);
            }
            return;
        };
        if !byte.is_ascii_alphanumeric() {
            return;
        }
        key |= u64::from(grams::fold(byte)) << (8 * i);
    }
    found(key);
}
