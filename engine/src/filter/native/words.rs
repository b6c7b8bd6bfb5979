//! Words: the first bytes of every run of letters and digits in the text, looked up by hash.

use crate::anchor::Literal;
use crate::anchor::grams::{Beside, fold, word_hashes};
use crate::anchor::hash::{WORD_KEY, of_long_word, of_pair, of_word, of_word_before, of_word_behind};
use crate::error::LoadError;
use crate::filter::native::buckets::{Buckets, upper};
use crate::filter::native::phrases::PhraseTable;
use crate::filter::native::{BEHIND, WINDOW, look_ups};
use crate::filter::runs::BLOCK;
use crate::serial::{Reader, Writer};

/// Bits of the first bitmap, by the key of a word: 8 KiB, which stay in a first-level cache.
///
/// PERF: a constant, so that the loop over the words need not keep it.
const KEY_BITS: u32 = 16;

/// Bits of the second bitmap, by what is looked up of a word: 32 KiB.
const BITS: u32 = 18;

/// The words of anchors.
#[derive(Debug)]
pub(super) struct WordTable {
    keys: Box<[u64; 1 << (KEY_BITS - 6)]>,
    bitmap: Box<[u64; 1 << (BITS - 6)]>,
    entries: Buckets<WordEntry>,
}

/// A word of an anchor: the anchor's entry in the exact table, and in the lowest four bits where in the anchor the word
/// begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WordEntry(u32);

impl WordEntry {
    /// The anchor's entry in the exact table.
    pub(super) fn entry(self) -> u32 {
        self.0 >> 4
    }

    /// Where in the anchor the word begins.
    pub(super) fn offset(self) -> usize {
        (self.0 & 15) as usize
    }
}

/// What is looked up of the words of anchors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// The hash of each one's key, in order; only as many bits of it as the first bitmap needs.
    keys: Vec<u16>,
    /// Hashes with entry and offset, in order.
    hashes: Vec<(u64, u32)>,
}

impl Words {
    /// Takes entry, anchor, the offset of its word and what is looked up with it.
    pub(super) fn new(anchors: &[(u32, &Literal, usize, Beside)]) -> Words {
        let mut keys: Vec<u16> = Vec::new();
        let mut hashes: Vec<(u64, u32)> = Vec::new();
        for &(entry, literal, offset, beside) in anchors {
            let of_word =
                word_hashes(literal, offset, beside).expect("the plan of the anchor found them few enough");
            let place = u32::try_from(offset).expect("anchors are at most 16 bytes long");
            hashes.extend(of_word.into_iter().map(|hash| (hash, entry << 4 | place)));
            let key_places = word_hashes(literal, offset, Beside::Key).expect("a long key begins with a key");
            keys.extend(key_places.into_iter().map(place_of_key));
        }
        keys.sort_unstable();
        keys.dedup();
        hashes.sort_unstable();
        hashes.dedup();
        Words { keys, hashes }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.list(&self.keys, |writer, key| writer.u16(*key));
        writer.list(&self.hashes, |writer, (hash, entry_and_offset)| {
            writer.u64(*hash);
            writer.u32(*entry_and_offset);
        });
    }

    /// Reads those of so many anchors.
    pub(super) fn read(reader: &mut Reader<'_>, anchors: usize) -> Result<Words, LoadError> {
        let keys = reader.list(2, Reader::u16)?;
        let hashes = reader.list(12, |reader| {
            let hash = reader.u64()?;
            let (entry, offset) = look_ups::read_place(reader, anchors)?;
            Ok((hash, entry << 4 | u32::from(offset)))
        })?;
        if !keys.is_sorted() || !hashes.is_sorted() {
            return Err(LoadError::malformed("the words of its anchors are not in order"));
        }
        Ok(Words { keys, hashes })
    }
}

impl WordTable {
    pub(super) fn new(words: &Words) -> WordTable {
        let mut keys = Box::new([0u64; 1 << (KEY_BITS - 6)]);
        for &key in &words.keys {
            keys[usize::from(key >> 6)] |= 1 << (key & 63);
        }
        let mut bitmap = Box::new([0u64; 1 << (BITS - 6)]);
        for &(hash, _) in &words.hashes {
            let (word, bit) = place(hash);
            bitmap[word] |= 1 << bit;
        }
        let entries: Vec<(u64, WordEntry)> =
            words.hashes.iter().map(|&(hash, of)| (hash, WordEntry(of))).collect();
        WordTable { keys, bitmap, entries: Buckets::new(&entries) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a word may be in the table by the hash of its key: 1 or 0.
    #[inline(always)]
    fn may_begin(&self, hash: u64) -> usize {
        let place = place_of_key(hash);
        (self.keys[usize::from(place >> 6)] >> (place & 63) & 1) as usize
    }

    /// Whether what is looked up of a word may be in the table: 1 or 0.
    #[inline(always)]
    fn may_have(&self, hash: u64) -> usize {
        let (word, bit) = place(hash);
        (self.bitmap[word] >> bit & 1) as usize
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.keys) + size_of_val(&*self.bitmap) + self.entries.memory()
    }
}

/// Bytes of text whose words are noted before they are looked up.
pub(super) const SECTION: usize = 2048;

/// Positions noted for every block, whether it has that many words or not.
const AT_ONCE: usize = 12;

/// The words of a section of the text, and what was found among them.
///
/// PERF: noted first and looked up then, because a loop over the words of one block ends at a place that nothing
/// predicts. Over a section there are two loops without branches. It is kept from text to text, because to clear it
/// would cost more than to search a short one.
#[derive(Clone, Debug)]
pub(crate) struct WordSearch {
    /// The section's letters and digits, folded; zeros elsewhere.
    letters: [u8; SECTION + BEHIND],
    /// Every second byte begins a word at most; the rest is room for those noted at once.
    positions: [Position; MOST_WORDS + BLOCK],
    count: usize,
    /// Whether the byte before the next block is a letter or digit.
    before: bool,
    /// The last two words before the section, the nearer one last: where they begin in the text.
    last: [Option<Word>; 2],
    /// Positions of the words that may be in the table, by their first bytes; then by all that is looked up of them.
    words: [u16; MOST_WORDS],
    /// Of the pairs that may be in the table the index of the second word.
    pairs: [u16; MOST_WORDS],
    /// How many words and pairs were found.
    found: (usize, usize),
    /// What is looked up of the words, as far as it may be in the table: the hash, with the position in the lowest bits.
    asked: Box<[u64; MOST_ASKED]>,
    asked_count: usize,
    /// Entries of the table with the same hash, and where their words begin.
    named: Vec<(WordEntry, u16)>,
}

/// A word somewhere in the text, or two in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) hash: u64,
}

/// Most words of a section; they stand apart.
const MOST_WORDS: usize = SECTION / 2;

/// Most that is looked up of them; a power of two.
const MOST_ASKED: usize = LOOK_UPS * MOST_WORDS;

/// Words whose hashes are worked out together.
const TOGETHER: usize = 8;

/// Look-ups of a word: by key, by long key, and by that with the byte before or behind.
const LOOK_UPS: usize = 4;

/// The bits of a hash that make room for a position; no table looks at them.
const POSITION: u64 = 0xffff;

/// PERF: apart from each other in memory, or the compiler gathers several and counts their zeros in vectors, which was slower.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    at: u16,
    _apart: u16,
}

impl Default for WordSearch {
    fn default() -> WordSearch {
        WordSearch {
            letters: [0; SECTION + BEHIND],
            positions: [Position::default(); MOST_WORDS + BLOCK],
            count: 0,
            before: false,
            last: [None; 2],
            words: [0; MOST_WORDS],
            pairs: [0; MOST_WORDS],
            found: (0, 0),
            asked: Box::new([0; MOST_ASKED]),
            asked_count: 0,
            named: Vec::new(),
        }
    }
}

impl WordSearch {
    /// Begins a text.
    pub(super) fn restart(&mut self) {
        self.last = [None; 2];
    }

    /// Begins a section; `before` says whether a letter or digit stands before it.
    pub(super) fn begin(&mut self, before: bool) {
        self.count = 0;
        self.before = before;
    }

    /// Where the letters of the block at `at` and of what follows it are to be written.
    #[inline(always)]
    pub(super) fn letters(&mut self, at: usize) -> &mut [u8; WINDOW] {
        (&mut self.letters[at..at + WINDOW]).try_into().expect("the slice has this length")
    }

    /// Notes the words that begin in the block at `at`, of which bit i of `word` says whether byte i is a letter or digit.
    #[inline(always)]
    pub(super) fn block(&mut self, at: usize, word: u64) {
        let mut starts = word & !(word << 1 | u64::from(self.before));
        self.before = word >> 63 != 0;
        let count = starts.count_ones() as usize;
        let noted = &mut self.positions[self.count..self.count + BLOCK];
        let mut next = |place: &mut Position| {
            #[expect(clippy::cast_possible_truncation, reason = "below the length of a section")]
            let position = (at + starts.trailing_zeros() as usize) as u16;
            place.at = position;
            starts &= starts.wrapping_sub(1);
        };
        noted[..AT_ONCE].iter_mut().for_each(&mut next);
        if count > AT_ONCE {
            noted[AT_ONCE..count].iter_mut().for_each(&mut next);
        }
        self.count += count;
    }

    /// Looks up the words of the section, and what each makes with the one before it.
    #[inline(always)]
    pub(super) fn look_up(&mut self, table: &WordTable, phrases: &PhraseTable) {
        self.found = (0, 0);
        let mut before = self.last[1].map_or(0, |last| last.hash);
        // PERF: the hashes of several words at a time, which the compiler turns into vector code.
        let whole = self.count - self.count % TOGETHER;
        for first in (0..whole).step_by(TOGETHER) {
            let at: [u16; TOGETHER] = std::array::from_fn(|k| self.positions[first + k].at);
            let hashes = at.map(|at| key_at(&self.letters, at)).map(of_word);
            let pairs: [u64; TOGETHER] =
                std::array::from_fn(|k| of_pair(if k == 0 { before } else { hashes[k - 1] }, hashes[k]));
            before = hashes[TOGETHER - 1];
            for k in 0..TOGETHER {
                self.note(table, phrases, first + k, at[k], hashes[k], pairs[k]);
            }
        }
        for i in whole..self.count {
            let at = self.positions[i].at;
            let hash = of_word(key_at(&self.letters, at));
            self.note(table, phrases, i, at, hash, of_pair(before, hash));
            before = hash;
        }
    }

    /// Puts down a word and what it makes with the one before it, and counts what may be in a table.
    #[inline(always)]
    fn note(
        &mut self,
        table: &WordTable,
        phrases: &PhraseTable,
        index: usize,
        at: u16,
        hash: u64,
        pair: u64,
    ) {
        let (words, pairs) = &mut self.found;
        // There are never more hits than words.
        self.words[*words & (MOST_WORDS - 1)] = at;
        *words += table.may_begin(hash);
        #[expect(clippy::cast_possible_truncation, reason = "below the number of words of a section")]
        let index = index as u16;
        self.pairs[*pairs & (MOST_WORDS - 1)] = index;
        *pairs += phrases.may_have(pair);
    }

    /// Of the words that were found: what more of them may be in the table. Returns how much of that there is.
    ///
    /// PERF: every step puts down what it has and counts it if it was right, so that there is nothing to predict; and so
    /// do the next two.
    #[inline(always)]
    pub(super) fn narrow(&mut self, table: &WordTable, text: &[u8], section: usize) -> usize {
        let mut asked = 0;
        for i in 0..self.found.0 {
            let at = self.words[i];
            for hash in self.hashes(text, section, at) {
                self.asked[asked & (MOST_ASKED - 1)] = hash & !POSITION | u64::from(at);
                asked += table.may_have(hash);
            }
        }
        self.asked_count = asked;
        asked
    }

    /// The entries of the table for that, each with where in the text its anchor would begin.
    #[inline(always)]
    pub(super) fn named(&mut self, table: &WordTable, section: usize) -> impl Iterator<Item = (u32, usize)> {
        self.named.clear();
        for asked in &self.asked[..self.asked_count] {
            let at = (asked & POSITION) as u16;
            self.named.extend(table.entries.of(*asked).map(|entry| (entry, at)));
        }
        self.named.iter().filter_map(move |&(entry, at)| {
            let start = (section + usize::from(at)).checked_sub(entry.offset())?;
            Some((entry.entry(), start))
        })
    }

    /// All that is looked up of a word.
    #[inline(always)]
    fn hashes(&self, text: &[u8], section: usize, at: u16) -> [u64; LOOK_UPS] {
        let key = long_key_at(&self.letters, at);
        let hash = of_long_word(key);
        let start = section + usize::from(at);
        let before = start.checked_sub(1).map_or(0, |i| text[i]);
        let behind = text.get(start + length(key)).copied().unwrap_or(0);
        [of_word(key & KEY), hash, of_word_behind(hash, fold(before)), of_word_before(hash, fold(behind))]
    }

    /// The pairs that may be in the table: where the first word begins, and the hash of both.
    #[inline(always)]
    pub(super) fn pairs(&self, section: usize) -> impl Iterator<Item = Word> {
        self.pairs[..self.found.1].iter().filter_map(move |&i| {
            let i = usize::from(i);
            let second = self.word_at(section, self.positions[i].at);
            let before = i.checked_sub(1).map(|i| self.word_at(section, self.positions[i].at));
            let first = before.or(self.last[1])?;
            Some(Word { at: first.at, hash: of_pair(first.hash, second.hash) })
        })
    }

    fn word_at(&self, section: usize, at: u16) -> Word {
        Word { at: section + usize::from(at), hash: of_word(key_at(&self.letters, at)) }
    }

    /// Ends the section.
    #[inline(always)]
    pub(super) fn end(&mut self, section: usize) {
        for position in &self.positions[self.count.saturating_sub(2)..self.count] {
            self.last = [self.last[1], Some(self.word_at(section, position.at))];
        }
    }

    /// The words of which the text does not say what comes next: the last one, and the one before it if the last may go
    /// on behind the end.
    pub(super) fn unfinished(&self, length: usize) -> impl Iterator<Item = Word> {
        let cut = self.last[1].is_some_and(|last| last.at + WORD_KEY > length);
        self.last[0].filter(|_| cut).into_iter().chain(self.last[1])
    }
}

/// The key of the word that begins at `at`.
#[inline(always)]
fn key_at(letters: &[u8; SECTION + BEHIND], at: u16) -> u64 {
    long_key_at(letters, at) & KEY
}

/// The bytes that a key takes of a long one.
const KEY: u64 = u64::MAX >> (64 - 8 * WORD_KEY);

/// The long key of the word that begins at `at`.
#[inline(always)]
fn long_key_at(letters: &[u8; SECTION + BEHIND], at: u16) -> u64 {
    let at = usize::from(at) & (SECTION - 1);
    let bytes: &[u8; 8] = letters[at..at + 8].try_into().expect("eight bytes");
    first_word(u64::from_le_bytes(*bytes))
}

/// The bytes before the first zero; zeros behind them.
#[inline(always)]
fn first_word(bytes: u64) -> u64 {
    // Bit 7 of the first zero byte is the lowest that is set here.
    let zeros = bytes.wrapping_sub(0x0101_0101_0101_0101) & !bytes & 0x8080_8080_8080_8080;
    bytes & (zeros ^ zeros.wrapping_sub(1))
}

/// Bytes of a key.
#[inline(always)]
fn length(key: u64) -> usize {
    8 - (key.leading_zeros() / 8) as usize
}

/// The word and the bit of a hash in the second bitmap.
#[inline(always)]
fn place(hash: u64) -> (usize, usize) {
    let place = upper(hash, 64 - BITS);
    (place >> 6, place & 63)
}

/// The bit of a key's hash in the first bitmap.
#[inline(always)]
fn place_of_key(hash: u64) -> u16 {
    (hash >> (64 - KEY_BITS)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::hash::first_bytes;

    #[test]
    fn a_word_ends_at_the_first_zero() {
        for (bytes, length) in [
            (*b"a\0bcdefg", 1),
            (*b"ab\0\0\0\0\0\0", 2),
            (*b"abcdefgh", 8),
            (*b"01234\0xy", 5),
            (*b"abc\0\0de\0", 3),
        ] {
            let bytes = u64::from_le_bytes(bytes);
            assert_eq!(first_word(bytes), first_bytes(bytes, length));
        }
    }
}
