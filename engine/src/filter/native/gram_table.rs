//! The gram table: a bitmap to say "no" fast, buckets to say which anchors.

use crate::anchor::grams::{GRAM, spellings};
use crate::anchor::hash::MULTIPLIER;
use crate::byteset::ByteSet;
use crate::error::LoadError;
use crate::filter::native::{WINDOW, look_ups};
use crate::filter::runs::BLOCK;
use crate::serial::{Reader, Writer};

/// Bits of the bitmap for each gram: one false hit in 16 positions.
const BITS_PER_GRAM: usize = 16;

/// 2^17 bits are 16 KiB: with the text that is read they stay in a first-level cache of 32 KiB.
const LEAST_BITMAP_BITS: u32 = 17;

/// 2^20 bits are 128 KiB, which a second-level cache holds with ease.
const MOST_BITMAP_BITS: u32 = 20;

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
    bitmap: Box<[u32]>,
    /// How far a hash is shifted to give a place in the bitmap, and a bucket.
    bitmap_shift: u32,
    bucket_shift: u32,
    /// `entries[starts[b]..starts[b + 1]]` are the entries of bucket b.
    starts: Box<[u32]>,
    entries: Box<[GramEntry]>,
}

/// The grams of anchors, in the order of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grams {
    entries: Vec<GramEntry>,
}

impl Grams {
    /// Adds the grams of `length` bytes of an anchor at the given offsets.
    pub(super) fn insert(&mut self, entry: u32, sets: &[ByteSet], offsets: &[usize], length: usize) {
        for &offset in offsets {
            for gram in spellings(&sets[offset..offset + length]) {
                let offset = u8::try_from(offset).expect("anchors are at most 16 bytes long");
                self.entries.push(GramEntry { gram, entry, offset });
            }
        }
    }

    /// Puts them in order, as the other calls want them.
    pub(super) fn sort(&mut self) {
        self.entries.sort_unstable_by_key(GramEntry::place);
        self.entries.dedup();
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.list(&self.entries, |writer, entry| {
            writer.u32(entry.gram);
            writer.u32(entry.entry << 4 | u32::from(entry.offset));
        });
    }

    /// Reads grams of so many anchors.
    pub(super) fn read(reader: &mut Reader<'_>, anchors: usize) -> Result<Grams, LoadError> {
        let entries = reader.list(8, |reader| {
            let gram = reader.u32()?;
            let (entry, offset) = look_ups::read_place(reader, anchors)?;
            Ok(GramEntry { gram, entry, offset })
        })?;
        if !entries.is_sorted_by_key(GramEntry::place) {
            return Err(LoadError::malformed("the grams of its anchors are not in order"));
        }
        Ok(Grams { entries })
    }
}

impl GramEntry {
    /// What the entries of every table are sorted by: a bucket is a range of hashes.
    fn place(&self) -> (u32, GramEntry) {
        (hash(self.gram), *self)
    }
}

impl GramTable {
    pub(super) fn new(grams: Grams) -> GramTable {
        let entries = grams.entries;
        let bits_for = |count: usize| count.next_power_of_two().trailing_zeros();
        let bitmap_bits = bits_for(entries.len() * BITS_PER_GRAM).clamp(LEAST_BITMAP_BITS, MOST_BITMAP_BITS);
        let bucket_bits = bits_for(entries.len()).clamp(8, 20);
        let (bitmap_shift, bucket_shift) = (32 - bitmap_bits, 32 - bucket_bits);
        let mut bitmap = vec![0u32; 1 << (bitmap_bits - 5)];
        let mut starts = vec![0u32; (1 << bucket_bits) + 1];
        for entry in &entries {
            let hash = hash(entry.gram);
            let place = hash >> bitmap_shift;
            bitmap[(place >> 5) as usize] |= 1 << (place & 31);
            starts[(hash >> bucket_shift) as usize + 1] += 1;
        }
        for b in 1..starts.len() {
            starts[b] += starts[b - 1];
        }
        GramTable {
            bitmap: bitmap.into(),
            bitmap_shift,
            bucket_shift,
            starts: starts.into(),
            entries: entries.into(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bit k: the gram at `4 * k + PHASE` may be in the table.
    #[inline(always)]
    pub(super) fn hits<const PHASE: usize>(&self, window: &[u8; WINDOW]) -> u32 {
        let (words, _) = window[PHASE..PHASE + BLOCK].as_chunks::<GRAM>();
        let words: &[[u8; GRAM]; BLOCK / GRAM] = words.try_into().expect("a block holds this many grams");
        // PERF: all hashes first, which the compiler turns into vector code; then the look-ups, each independent.
        let places = words.map(|bytes| hash(u32::from_le_bytes(bytes) | FOLD) >> self.bitmap_shift);
        // The mask says what the shift has made sure of, so that no bound need be checked.
        let mask = self.bitmap.len() - 1;
        let bitmap = &self.bitmap[..=mask];
        let mut hits = 0u32;
        for (k, place) in places.into_iter().enumerate() {
            let word = bitmap[(place >> 5) as usize & mask];
            hits |= (word >> (place & 31) & 1) << k;
        }
        hits
    }

    /// Whether a gram may be in the table.
    #[inline(always)]
    pub(super) fn may_have(&self, gram: u32) -> bool {
        let place = hash(gram) >> self.bitmap_shift;
        self.bitmap[(place >> 5) as usize] >> (place & 31) & 1 != 0
    }

    /// The entries with exactly this gram.
    #[inline]
    pub(super) fn entries(&self, gram: u32) -> impl Iterator<Item = &GramEntry> {
        let b = (hash(gram) >> self.bucket_shift) as usize;
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
    let bytes: &[u8; GRAM] = window[offset..offset + GRAM].try_into().expect("the slice has this length");
    u32::from_le_bytes(*bytes) | FOLD
}

/// The folded gram of the first three of some bytes.
#[inline(always)]
pub(super) fn short(bytes: [u8; GRAM]) -> u32 {
    (u32::from_le_bytes(bytes) | FOLD) & (u32::MAX >> 8)
}

#[inline(always)]
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(MULTIPLIER)
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
