//! Words: the first bytes of every run of letters and digits in the text, looked up by hash.

use crate::anchor::grams::{fold, word_keys};
use crate::anchor::hash::{WORD_KEY, of_pair, of_word};
use crate::anchor::{Literal, rarity};
use crate::byteset::ByteSet;
use crate::error::LoadError;
use crate::filter::native::buckets::{Buckets, upper};
use crate::filter::native::phrases::PhraseTable;
use crate::filter::native::{BEHIND, WINDOW, look_ups};
use crate::filter::runs::BLOCK;
use crate::serial::{Reader, Writer};

/// Bits of the bitmap: 32 KiB, of which a second-level cache holds what the first does not. With the keys of a few
/// hundred rules one bit in thirty is set.
///
/// PERF: a constant, so that the loop over the words need not keep it. Two bits a key in half the space gained nothing.
const BITMAP_BITS: u32 = 18;

/// A word of an anchor.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WordEntry {
    /// The anchor's entry in the exact table, and in the lowest four bits where in the anchor the word begins.
    entry_and_offset: u32,
    telling: Telling,
}

/// One more byte of an anchor: the byte this far behind the beginning of the word, folded, must be `byte`.
///
/// PERF: many phrases begin with the same word; this tells most of them apart without a look at the anchor itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Telling {
    distance: i8,
    byte: u8,
    /// Zero where the anchor has no such byte.
    mask: u8,
}

/// The words of anchors.
#[derive(Debug)]
pub(super) struct WordTable {
    bitmap: Box<[u64; 1 << (BITMAP_BITS - 6)]>,
    entries: Buckets<WordEntry>,
}

impl WordEntry {
    /// The anchor's entry in the exact table.
    pub(super) fn entry(self) -> u32 {
        self.entry_and_offset >> 4
    }

    /// Whether the anchor may stand where its word begins at `at`.
    #[inline(always)]
    pub(super) fn may_stand(self, text: &[u8], at: usize) -> bool {
        let byte = at.checked_add_signed(isize::from(self.telling.distance)).and_then(|i| text.get(i));
        byte.is_some_and(|&b| fold(b) & self.telling.mask == self.telling.byte)
    }

    /// Where in the anchor the word begins.
    pub(super) fn offset(self) -> usize {
        (self.entry_and_offset & 15) as usize
    }
}

/// The words of anchors by their hashes, each with its entry and offset and its telling byte, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    hashes: Vec<(u64, u32, Telling)>,
}

impl Words {
    /// Takes entry, anchor and the offset of its word.
    pub(super) fn new(anchors: &[(u32, &Literal, usize)]) -> Words {
        let mut hashes: Vec<(u64, u32, Telling)> = Vec::new();
        for &(entry, literal, offset) in anchors {
            let keys = word_keys(literal, offset).expect("the plan of the anchor found its keys few enough");
            let place = u32::try_from(offset).expect("anchors are at most 16 bytes long");
            let telling = telling_byte(literal, offset);
            hashes.extend(keys.into_iter().map(|key| (of_word(key), entry << 4 | place, telling)));
        }
        // By the hash's upper bits, which makes it the order of the buckets, too.
        hashes.sort_unstable();
        hashes.dedup();
        Words { hashes }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.list(&self.hashes, |writer, (hash, entry_and_offset, telling)| {
            writer.u64(*hash);
            writer.u32(*entry_and_offset);
            writer.byte(telling.distance.cast_unsigned());
            writer.byte(telling.byte);
            writer.byte(telling.mask);
        });
    }

    /// Reads those of so many anchors.
    pub(super) fn read(reader: &mut Reader<'_>, anchors: usize) -> Result<Words, LoadError> {
        let hashes = reader.list(15, |reader| {
            let hash = reader.u64()?;
            let (entry, offset) = look_ups::read_place(reader, anchors)?;
            let telling = Telling {
                distance: reader.byte()?.cast_signed(),
                byte: reader.byte()?,
                mask: reader.byte()?,
            };
            Ok((hash, entry << 4 | u32::from(offset), telling))
        })?;
        if !hashes.is_sorted() {
            return Err(LoadError::malformed("the words of its anchors are not in order"));
        }
        Ok(Words { hashes })
    }
}

impl WordTable {
    pub(super) fn new(words: &Words) -> WordTable {
        let mut bitmap = Box::new([0u64; 1 << (BITMAP_BITS - 6)]);
        for &(hash, ..) in &words.hashes {
            let (word, bit) = place(hash);
            bitmap[word] |= 1 << bit;
        }
        let entry = |&(hash, entry_and_offset, telling): &(u64, u32, Telling)| {
            (hash, WordEntry { entry_and_offset, telling })
        };
        WordTable { bitmap, entries: Buckets::new(&words.hashes.iter().map(entry).collect::<Vec<_>>()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a word may be in the table: 1 or 0.
    #[inline(always)]
    fn may_have(&self, hash: u64) -> usize {
        let (word, bit) = place(hash);
        (self.bitmap[word] >> bit & 1) as usize
    }

    /// The entries whose word has this hash.
    #[inline]
    pub(super) fn entries(&self, hash: u64) -> impl Iterator<Item = WordEntry> {
        self.entries.of(hash)
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.bitmap) + self.entries.memory()
    }
}

/// The byte of an anchor that says most beside the key of the word at `offset`.
fn telling_byte(literal: &Literal, offset: usize) -> Telling {
    let signed = |i: usize| i8::try_from(i).expect("anchors are at most 16 bytes long");
    let key_end = (offset..literal.sets.len().min(offset + WORD_KEY))
        .find(|&i| !literal.sets[i].is_subset(&ByteSet::ALPHANUMERIC))
        .unwrap_or(literal.sets.len().min(offset + WORD_KEY));
    let definite = |i: usize| {
        let mut folded = literal.sets[i].iter().map(fold);
        let first = folded.next()?;
        folded.all(|b| b == first).then_some((i, first))
    };
    let outside = (0..offset).chain(key_end..literal.sets.len()).filter_map(definite);
    let rarest = outside
        .min_by(|a, b| rarity::share(&literal.sets[a.0]).total_cmp(&rarity::share(&literal.sets[b.0])));
    rarest.map_or(Telling::default(), |(at, byte)| Telling {
        distance: signed(at) - signed(offset),
        byte,
        mask: u8::MAX,
    })
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
    /// Positions of the words that may be in the table.
    words: [u16; MOST_WORDS],
    /// Of the pairs that may be in the table the index of the second word.
    pairs: [u16; MOST_WORDS],
    /// How many words and pairs were found.
    found: (usize, usize),
}

/// A word somewhere in the text, or two in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) hash: u64,
}

/// Most words of a section; they stand apart.
const MOST_WORDS: usize = SECTION / 2;

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
        let (mut words, mut pairs) = (0, 0);
        let mut before = self.last[1].map_or(0, |last| last.hash);
        for (i, position) in (0u16..).zip(&self.positions[..self.count]) {
            let hash = of_word(key_at(&self.letters, position.at));
            // There are never more hits than words.
            self.words[words & (MOST_WORDS - 1)] = position.at;
            words += table.may_have(hash);
            self.pairs[pairs & (MOST_WORDS - 1)] = i;
            pairs += phrases.may_have(of_pair(before, hash));
            before = hash;
        }
        self.found = (words, pairs);
    }

    /// The words that may be in the table, of the section that begins at `section`.
    #[inline(always)]
    pub(super) fn words(&self, section: usize) -> impl ExactSizeIterator<Item = Word> {
        self.words[..self.found.0].iter().map(move |&at| self.word_at(section, at))
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
    let at = usize::from(at) & (SECTION - 1);
    let bytes: &[u8; 8] = letters[at..at + 8].try_into().expect("eight bytes");
    first_word(u64::from_le_bytes(*bytes))
}

/// The bytes before the first zero, at most as many as a key has; zeros behind them.
#[inline(always)]
fn first_word(bytes: u64) -> u64 {
    let bytes = bytes & (u64::MAX >> (64 - 8 * WORD_KEY));
    // Bit 7 of the first zero byte is the lowest that is set here.
    let zeros = bytes.wrapping_sub(0x0101_0101_0101_0101) & !bytes & 0x8080_8080_8080_8080;
    bytes & (zeros ^ zeros.wrapping_sub(1))
}

/// The word and the bit of a hash in the bitmap.
#[inline(always)]
fn place(hash: u64) -> (usize, usize) {
    let place = upper(hash, 64 - BITMAP_BITS);
    (place >> 6, place & 63)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::hash::word_key;

    #[test]
    fn a_word_ends_at_the_first_zero() {
        for (bytes, length) in [
            (*b"a\0bcdefg", 1),
            (*b"ab\0\0\0\0\0\0", 2),
            (*b"abcdefgh", 6),
            (*b"01234\0xy", 5),
            (*b"abc\0\0de\0", 3),
        ] {
            let bytes = u64::from_le_bytes(bytes);
            assert_eq!(first_word(bytes), word_key(bytes, length));
        }
    }
}
