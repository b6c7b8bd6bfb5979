//! Words: the first bytes of every run of letters and digits in the text, looked up by hash.

use crate::anchor::Literal;
use crate::anchor::grams::word_keys;
use crate::anchor::hash::{WIDE_FOLD, WORD_KEY, of_word, word_key};
use crate::error::LoadError;
use crate::filter::native::{WINDOW, look_ups};
use crate::serial::{Reader, Writer};

/// Bits of the bitmap for each key: two are set, so one word in 100 or so is a false hit.
const BITS_PER_KEY: usize = 12;

const LEAST_BITMAP_BITS: u32 = 12;

/// 2^17 bits are 16 KiB: with the text that is read they stay in a first-level cache of 32 KiB. A larger bitmap would have
/// fewer false hits and cost each word more.
const MOST_BITMAP_BITS: u32 = 18;

/// The bytes of a key, by the length of the word.
static KEY_MASKS: [u64; 128] = {
    let mut masks = [u64::MAX >> (64 - 8 * WORD_KEY); 128];
    let mut length = 0;
    while length < WORD_KEY {
        masks[length] = !(u64::MAX << (8 * length));
        length += 1;
    }
    masks
};

/// A word of an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WordEntry {
    /// Bits of the key's hash that the bucket does not tell.
    tag: u32,
    /// The anchor's entry in the exact table, and in the lowest four bits where in the anchor the word begins.
    entry_and_offset: u32,
}

/// The words of anchors.
#[derive(Debug)]
pub(super) struct WordTable {
    /// Each key sets two bits of one word.
    bitmap: Box<[u64]>,
    /// How far a hash is shifted to give a word of the bitmap, and a bucket.
    bitmap_shift: u32,
    bucket_shift: u32,
    /// `entries[starts[b]..starts[b + 1]]` are the entries of bucket b.
    starts: Box<[u32]>,
    entries: Box<[WordEntry]>,
}

impl WordEntry {
    /// The anchor's entry in the exact table.
    pub(super) fn entry(self) -> u32 {
        self.entry_and_offset >> 4
    }

    /// Where in the anchor the word begins.
    pub(super) fn offset(self) -> usize {
        (self.entry_and_offset & 15) as usize
    }
}

/// The words of anchors by their hashes, each with its entry and offset, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    hashes: Vec<(u64, u32)>,
}

impl Words {
    /// Takes entry, anchor and the offset of its word.
    pub(super) fn new(anchors: &[(u32, &Literal, usize)]) -> Words {
        let mut hashes: Vec<(u64, u32)> = Vec::new();
        for &(entry, literal, offset) in anchors {
            let keys = word_keys(literal, offset).expect("the plan of the anchor found its keys few enough");
            let place = u32::try_from(offset).expect("anchors are at most 16 bytes long");
            hashes.extend(keys.into_iter().map(|key| (of_word(key), entry << 4 | place)));
        }
        // By the hash's upper bits, which makes it the order of the buckets, too.
        hashes.sort_unstable();
        hashes.dedup();
        Words { hashes }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.list(&self.hashes, |writer, (hash, entry_and_offset)| {
            writer.u64(*hash);
            writer.u32(*entry_and_offset);
        });
    }

    /// Reads those of so many anchors.
    pub(super) fn read(reader: &mut Reader<'_>, anchors: usize) -> Result<Words, LoadError> {
        let hashes = reader.list(12, |reader| {
            let hash = reader.u64()?;
            let (entry, offset) = look_ups::read_place(reader, anchors)?;
            Ok((hash, entry << 4 | u32::from(offset)))
        })?;
        if !hashes.is_sorted() {
            return Err(LoadError::malformed("the words of its anchors are not in order"));
        }
        Ok(Words { hashes })
    }
}

impl WordTable {
    pub(super) fn new(words: &Words) -> WordTable {
        let hashes = &words.hashes;
        let bits_for = |count: usize| count.next_power_of_two().trailing_zeros();
        let bitmap_bits = bits_for(hashes.len() * BITS_PER_KEY).clamp(LEAST_BITMAP_BITS, MOST_BITMAP_BITS);
        let bucket_bits = bits_for(hashes.len()).clamp(8, 20);
        let (bitmap_shift, bucket_shift) = (64 - (bitmap_bits - 6), 64 - bucket_bits);
        let mut bitmap = vec![0u64; 1 << (bitmap_bits - 6)];
        let mut starts = vec![0u32; (1 << bucket_bits) + 1];
        for &(hash, _) in hashes {
            bitmap[upper(hash, bitmap_shift)] |= bits_of(hash);
            starts[upper(hash, bucket_shift) + 1] += 1;
        }
        for b in 1..starts.len() {
            starts[b] += starts[b - 1];
        }
        let entries =
            hashes.iter().map(|&(hash, entry_and_offset)| WordEntry { tag: tag(hash), entry_and_offset });
        WordTable {
            bitmap: bitmap.into(),
            bitmap_shift,
            bucket_shift,
            starts: starts.into(),
            entries: entries.collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The positions of a block at which a word of the table may begin.
    ///
    /// Bit i of `word` speaks of byte i of the window: whether it is one of a word; `behind` of the bytes behind the
    /// block. `before` says the same of the byte before it.
    #[inline(always)]
    pub(super) fn hits(&self, window: &[u8; WINDOW], word: u64, behind: u16, before: bool) -> u64 {
        let first = word & !(word << 1 | u64::from(before));
        // Bit i: the byte at i is the first behind a word.
        let mut ends = !word & (word << 1 | u64::from(before));
        if before {
            // The word that goes on from the block before has no beginning here.
            ends &= ends.wrapping_sub(1);
        }
        let last_end = 64 + (!behind).trailing_zeros();
        // The mask says what the shift has made sure of, so that no bound need be checked.
        let mask = self.bitmap.len() - 1;
        let bitmap = &self.bitmap[..=mask];
        let mut starts = first;
        let mut hits = 0;
        let mut next = || {
            // Where no start is left this looks at the first byte, and what comes of it is dropped below.
            let at = starts.trailing_zeros() & 63;
            let end = if ends == 0 { last_end } else { ends.trailing_zeros() };
            starts &= starts.wrapping_sub(1);
            ends &= ends.wrapping_sub(1);
            let bytes: &[u8; 8] = window[at as usize..][..8].try_into().expect("eight bytes");
            let key =
                (u64::from_le_bytes(*bytes) | WIDE_FOLD) & KEY_MASKS[(end.wrapping_sub(at) & 127) as usize];
            let hash = of_word(key);
            let bits = bits_of(hash);
            hits |= u64::from(bitmap[upper(hash, self.bitmap_shift) & mask] & bits == bits) << at;
            starts
        };
        // PERF: how many words a block has, nothing predicts; most have no more than this.
        let mut left = first;
        for _ in 0..12 {
            left = next();
        }
        while left != 0 {
            left = next();
        }
        hits & first
    }

    /// The entries whose word may be the one that begins at `offset` of the window.
    #[inline]
    pub(super) fn entries(&self, window: &[u8; WINDOW], offset: usize) -> impl Iterator<Item = WordEntry> {
        let bytes: &[u8; 8] = window[offset..offset + 8].try_into().expect("eight bytes");
        let length = bytes.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let hash = of_word(word_key(u64::from_le_bytes(*bytes), length));
        let b = upper(hash, self.bucket_shift);
        self.entries[self.starts[b] as usize..self.starts[b + 1] as usize]
            .iter()
            .copied()
            .filter(move |e| e.tag == tag(hash))
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.bitmap) + size_of_val(&*self.starts) + size_of_val(&*self.entries)
    }
}

/// The two bits of a key in its word of the bitmap.
#[inline(always)]
fn bits_of(hash: u64) -> u64 {
    1 << (hash >> 32 & 63) | 1 << (hash >> 38 & 63)
}

/// The upper bits of a hash: its place in a table of the size that the shift was made for.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what is left of the shift is an index")]
fn upper(hash: u64, shift: u32) -> usize {
    (hash >> shift) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "the middle of the hash")]
fn tag(hash: u64) -> u32 {
    (hash >> 20) as u32
}
