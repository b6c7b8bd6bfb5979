//! What is looked up of a text by hash: grams, the beginnings of words, and two words in a row.
//!
//! `examples/rarity_table.rs` takes in this file as it is, so that it counts what the filter looks up.

/// Multipliers: the golden ratio.
pub(crate) const MULTIPLIER: u32 = 0x9e37_79b1;
pub(crate) const WIDE_MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Most bytes of a word that are looked up.
pub(crate) const WORD_KEY: usize = 6;

/// Most bytes of a word that are looked up where an anchor says so much of it.
pub(crate) const LONG_KEY: usize = 8;

/// Bit 5 of every byte: letters in both cases become one.
#[allow(dead_code, reason = "see below")]
pub(crate) const WIDE_FOLD: u64 = 0x2020_2020_2020_2020;

/// The folded first bytes of a word of `length` bytes, at most as many as a key has, with zeros behind them; `bytes` holds at
/// least these.
#[allow(
    dead_code,
    reason = "the words of the rarity table are counted by it; the filter has folded them before"
)]
pub(crate) fn word_key(bytes: u64, length: usize) -> u64 {
    first_bytes(bytes, length.min(WORD_KEY))
}

/// The same of as many bytes as there are, up to eight.
#[allow(dead_code, reason = "see above")]
pub(crate) fn first_bytes(bytes: u64, length: usize) -> u64 {
    (bytes | WIDE_FOLD) & (u64::MAX >> (64 - 8 * length.clamp(1, LONG_KEY)))
}

/// The hash of a word's key; its upper bits are the good ones.
#[inline(always)]
pub(crate) fn of_word(key: u64) -> u64 {
    key.wrapping_mul(WIDE_MULTIPLIER)
}

/// The hash of a word by its long key; not the one by its key, even if the two are the same.
#[inline(always)]
pub(crate) fn of_long_word(long_key: u64) -> u64 {
    (long_key ^ LONG).wrapping_mul(WIDE_MULTIPLIER)
}

/// Tells long keys from keys: no letter and no digit, folded, has these bits.
const LONG: u64 = 0x80;

/// The hash of two words in a row, from theirs; its upper bits are the good ones.
#[inline(always)]
pub(crate) fn of_pair(first: u64, next: u64) -> u64 {
    (first.rotate_left(32) ^ next).wrapping_mul(WIDE_MULTIPLIER)
}

/// The place of two words in a row in a table of `size` entries, a power of two.
#[inline]
pub(crate) fn pair_place(first: u64, next: u64, size: usize) -> usize {
    let hash = of_pair(of_word(first), of_word(next));
    usize::try_from(hash >> (64 - size.trailing_zeros())).expect("below the size of a table")
}

/// The place of a gram in a table of `size` entries, a power of two.
#[inline]
pub(crate) fn gram_place(gram: u32, size: usize) -> usize {
    (gram.wrapping_mul(MULTIPLIER) >> (32 - size.trailing_zeros())) as usize
}

/// The place of a word's long key in a table of `size` entries, a power of two.
#[inline]
pub(crate) fn long_word_place(key: u64, size: usize) -> usize {
    usize::try_from(of_long_word(key) >> (64 - size.trailing_zeros())).expect("below the size of a table")
}

/// The place of a word's key in a table of `size` entries, a power of two.
#[inline]
pub(crate) fn word_place(key: u64, size: usize) -> usize {
    usize::try_from(of_word(key) >> (64 - size.trailing_zeros())).expect("below the size of a table")
}
