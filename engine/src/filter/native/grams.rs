//! The gram table: a bitmap to say "no" fast, buckets to say which anchors.

use crate::anchor::grams::{GRAM, spellings};
use crate::byteset::ByteSet;
use crate::filter::native::WINDOW;

/// 2^17 bits are 16 KiB: with the text that is read they stay in a first-level cache of 32 KiB.
const BITMAP_BITS: u32 = 17;
const BITMAP_WORDS: usize = 1 << (BITMAP_BITS - 5);
const BUCKET_BITS: u32 = 12;

/// Folds the four bytes at once.
const FOLD: u32 = u32::from_le_bytes([0x20; GRAM]);

/// A gram of an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GramEntry {
    gram: u32,
    /// The anchor's entry in the exact table.
    pub(super) entry: u32,
    /// Where in the anchor the gram stands.
    pub(super) offset: u8,
}

/// All grams of the anchors of one stride.
#[derive(Debug)]
pub(super) struct GramTable {
    bitmap: Box<[u32; BITMAP_WORDS]>,
    /// `entries[starts[b]..starts[b + 1]]` are the entries of bucket b.
    starts: Box<[u32]>,
    entries: Box<[GramEntry]>,
}

/// Collects grams.
#[derive(Debug, Default)]
pub(super) struct Builder {
    entries: Vec<GramEntry>,
}

impl Builder {
    /// Adds the grams of an anchor at the given offsets.
    pub(super) fn insert(&mut self, entry: u32, sets: &[ByteSet], offsets: &[usize]) {
        for &offset in offsets {
            for gram in spellings(&sets[offset..]) {
                let offset = u8::try_from(offset).expect("anchors are at most 16 bytes long");
                self.entries.push(GramEntry { gram, entry, offset });
            }
        }
    }

    pub(super) fn build(mut self) -> GramTable {
        self.entries.sort_unstable_by_key(|e| (bucket(e.gram), *e));
        self.entries.dedup();
        let mut bitmap = Box::new([0u32; BITMAP_WORDS]);
        let mut starts = vec![0u32; (1 << BUCKET_BITS) + 1];
        for entry in &self.entries {
            let (word, bit) = place(entry.gram);
            bitmap[word] |= 1 << bit;
            starts[bucket(entry.gram) + 1] += 1;
        }
        for b in 1..starts.len() {
            starts[b] += starts[b - 1];
        }
        GramTable { bitmap, starts: starts.into(), entries: self.entries.into() }
    }
}

impl GramTable {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bit k: the gram at `4 * k + phase` may be in the table.
    #[inline(always)]
    pub(super) fn hits(&self, window: &[u8; WINDOW], phase: usize) -> u32 {
        let mut hits = 0u32;
        for k in 0..16 {
            let (word, bit) = place(read(window, 4 * k + phase));
            hits |= (self.bitmap[word] >> bit & 1) << k;
        }
        hits
    }

    /// The entries with exactly this gram.
    #[inline]
    pub(super) fn entries(&self, gram: u32) -> impl Iterator<Item = &GramEntry> {
        let b = bucket(gram);
        self.entries[self.starts[b] as usize..self.starts[b + 1] as usize]
            .iter()
            .filter(move |e| e.gram == gram)
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.bitmap) + size_of_val(&*self.starts) + size_of_val(&*self.entries)
    }
}

/// The folded gram at an offset of a window.
#[inline(always)]
pub(super) fn read(window: &[u8; WINDOW], offset: usize) -> u32 {
    let bytes = [window[offset], window[offset + 1], window[offset + 2], window[offset + 3]];
    u32::from_le_bytes(bytes) | FOLD
}

#[inline(always)]
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9e37_79b1)
}

/// Word and bit of a gram in the bitmap.
#[inline(always)]
fn place(gram: u32) -> (usize, u32) {
    let h = hash(gram) >> (32 - BITMAP_BITS);
    ((h >> 5) as usize, h & 31)
}

#[inline(always)]
fn bucket(gram: u32) -> usize {
    (hash(gram) >> (32 - BUCKET_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::grams::fold;

    #[test]
    fn the_word_fold_is_the_byte_fold() {
        for b in 0..=255u8 {
            assert_eq!((u32::from_le_bytes([b; 4]) | FOLD).to_le_bytes(), [fold(b); 4]);
        }
    }
}
