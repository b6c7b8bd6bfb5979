//! Words: the first bytes of every run of letters and digits in the text, looked up by hash, with the bytes beside them.

use std::ops::Range;

use crate::anchor::Literal;
use crate::anchor::grams::{Neighbours, word_looks};
use crate::anchor::hash::{WORD_KEY, of_pair, of_word};
use crate::error::LoadError;
use crate::filter::native::buckets::upper;
use crate::filter::native::noted::Noted;
use crate::filter::native::phrases::{PhraseTable, Phrases};
use crate::filter::native::{BEHIND, WINDOW, look_ups};
use crate::filter::runs::{BLOCK, bits};
use crate::filter::table::AnchorTable;
use crate::serial::{Reader, Writer};

/// Slots are 2^this many: 256 KiB of them, of which ordinary text reads few.
///
/// PERF: a constant, so that the loop over the words need not keep it.
const SLOT_BITS: u32 = 14;
const SLOTS: usize = 1 << SLOT_BITS;

/// The words of anchors, and which word of a phrase may follow which.
#[derive(Debug)]
pub(super) struct WordTable {
    slots: Box<[Slot; SLOTS]>,
    /// `groups[starts[s]..starts[s + 1]]` are those of slot s.
    starts: Box<[u32; SLOTS + 1]>,
    groups: Box<[Group]>,
}

/// What all words of one hash have in common.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// What stands before and behind the words of anchors.
    before: Neighbours,
    behind: Neighbours,
    /// Of the words that come next in a phrase, a bit each: see [`next_bit`].
    next: u64,
}

/// Words of anchors that have the same slot, with as much of each anchor from there on as is compared at once.
///
/// PERF: several together, because how many there are of a word is hard to predict, and to compare what is not there costs
/// next to nothing.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Group {
    /// Of each anchor's first eight bytes those that are fixed, in little-endian order, and which bits that are.
    values: [u64; TOGETHER],
    masks: [u64; TOGETHER],
    before: [Neighbours; TOGETHER],
    places: [Place; TOGETHER],
}

const TOGETHER: usize = 4;

/// Where a word stands in an anchor: the anchor's entry in the exact table, and in the lowest four bits the offset of the
/// word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u32);

impl Place {
    fn entry(self) -> u32 {
        self.0 >> 4
    }

    fn offset(self) -> usize {
        (self.0 & 15) as usize
    }
}

impl Group {
    /// A group of none: no bytes are 1 where nothing is compared.
    const EMPTY: Group = Group {
        values: [1; TOGETHER],
        masks: [0; TOGETHER],
        before: [Neighbours(0); TOGETHER],
        places: [Place(0); TOGETHER],
    };

    /// Which members may stand where these bytes do, a bit each.
    ///
    /// PERF: the compiler makes vector code of it.
    #[inline(always)]
    fn may_begin(&self, bytes: u64, before: u8) -> u32 {
        let mut agree = 0;
        for member in 0..TOGETHER {
            let same = bytes & self.masks[member] == self.values[member];
            agree |= u32::from(same) << member;
        }
        let mut beside = 0;
        for member in 0..TOGETHER {
            beside |= self.before[member].may_have(before) << member;
        }
        agree & beside
    }
}

/// What is looked up of the words of anchors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    entries: Vec<WordLookUp>,
}

/// What is looked up of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct WordLookUp {
    hash: u64,
    before: Neighbours,
    behind: Neighbours,
    place: Place,
}

impl Words {
    /// Takes entry, anchor and the offset of its word.
    pub(super) fn new(anchors: &[(u32, &Literal, usize)]) -> Words {
        let mut entries: Vec<WordLookUp> = Vec::new();
        for &(entry, literal, offset) in anchors {
            let looks = word_looks(literal, offset).expect("the plan of the anchor found them few enough");
            let place = Place(entry << 4 | u32::try_from(offset).expect("anchors are at most 16 bytes long"));
            entries.extend(looks.into_iter().map(|look| WordLookUp {
                hash: of_word(look.key),
                before: look.before,
                behind: look.behind,
                place,
            }));
        }
        entries.sort_unstable();
        entries.dedup();
        Words { entries }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.list(&self.entries, |writer, entry| {
            writer.u64(entry.hash);
            writer.u32(entry.before.0);
            writer.u32(entry.behind.0);
            writer.u32(entry.place.0);
        });
    }

    /// Reads those of so many anchors.
    pub(super) fn read(reader: &mut Reader<'_>, anchors: usize) -> Result<Words, LoadError> {
        let entries = reader.list(20, |reader| {
            let hash = reader.u64()?;
            let (before, behind) = (Neighbours(reader.u32()?), Neighbours(reader.u32()?));
            let (entry, offset) = look_ups::read_place(reader, anchors)?;
            Ok(WordLookUp { hash, before, behind, place: Place(entry << 4 | u32::from(offset)) })
        })?;
        if !entries.is_sorted() {
            return Err(LoadError::malformed("the words of its anchors are not in order"));
        }
        Ok(Words { entries })
    }
}

impl WordTable {
    pub(super) fn new(words: &Words, phrases: &Phrases, table: &AnchorTable) -> WordTable {
        let mut slots = boxed(Slot::default());
        let mut starts: Box<[u32; SLOTS + 1]> = boxed(0);
        let mut groups = Vec::new();
        let mut rest = words.entries.as_slice();
        // In the order of the hashes, and so of the slots.
        for (i, slot) in slots.iter_mut().enumerate() {
            let (own, behind) = rest.split_at(rest.partition_point(|word| place(word.hash) <= i));
            rest = behind;
            for of_group in own.chunks(TOGETHER) {
                let mut group = Group::EMPTY;
                for (member, word) in of_group.iter().enumerate() {
                    slot.before.0 |= word.before.0;
                    slot.behind.0 |= word.behind.0;
                    (group.values[member], group.masks[member]) =
                        table.prefix(word.place.entry(), word.place.offset());
                    group.before[member] = word.before;
                    group.places[member] = word.place;
                }
                groups.push(group);
            }
            starts[i + 1] = u32::try_from(groups.len()).expect("fewer than the bytes of the database");
        }
        for &(first, next, _) in &phrases.pairs {
            slots[place(first)].next |= 1 << next_bit(next);
        }
        WordTable { slots, starts, groups: groups.into() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    #[inline(always)]
    fn slot(&self, hash: u64) -> &Slot {
        &self.slots[place(hash)]
    }

    /// Where the groups of the anchors with a word of this hash are; hardly ever there are others.
    #[inline(always)]
    fn groups(&self, hash: u64) -> Range<usize> {
        let slot = place(hash);
        self.starts[slot] as usize..self.starts[slot + 1] as usize
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.slots) + size_of_val(&*self.starts) + size_of_val(&*self.groups)
    }
}

/// An array that would be too long for a stack.
fn boxed<T: Copy, const N: usize>(value: T) -> Box<[T; N]> {
    let Ok(boxed) = vec![value; N].into_boxed_slice().try_into() else {
        unreachable!("the slice has this length")
    };
    boxed
}

/// The slot of a hash.
#[inline(always)]
fn place(hash: u64) -> usize {
    upper(hash, 64 - SLOT_BITS)
}

/// Which bit of the word before it stands for a word with this hash.
#[inline(always)]
fn next_bit(hash: u64) -> u32 {
    // Bits that the slot of the word does not depend on.
    (hash >> 40) as u32 & 63
}

/// Bytes of text whose words are noted before they are looked up.
pub(super) const SECTION: usize = 2048;

/// Positions noted for every block, whether it has that many words or not.
const AT_ONCE: usize = 12;

/// Bytes that are kept before a section.
const BEFORE: usize = 16;

/// The words of a section of the text, and what was found among them.
///
/// PERF: noted first and looked up then, because a loop over the words of one block ends at a place that nothing
/// predicts. Over a section there are two loops without branches. It is kept from text to text, because to clear it
/// would cost more than to search a short one.
#[derive(Clone, Debug)]
pub(crate) struct WordSearch {
    /// The section's letters and digits, folded; zeros elsewhere.
    letters: [u8; SECTION + BEHIND],
    /// The section itself, behind the byte before it.
    bytes: [u8; BEFORE + SECTION + BEHIND],
    /// Every second byte begins a word at most; the rest is room for those noted at once.
    positions: Noted<{ MOST_WORDS + BLOCK }>,
    /// Whether the byte before the next block is a letter or digit.
    before: bool,
    /// The last two words before the section, the nearer one last: where they begin in the text.
    last: [Option<Word>; 2],
    /// Of the words that may be in the table, the positions.
    words: [u16; MOST_WORDS],
    /// Of the pairs that may be in the table the index of the second word.
    pairs: [u16; MOST_WORDS],
    /// How many words and pairs were found.
    found: (usize, usize),
    /// The groups that agree with what stands at one of the words, and room for more.
    named: Vec<Named>,
    named_count: usize,
}

/// Members of a group that agree with what stands at a word of the section.
#[derive(Clone, Copy, Debug, Default)]
struct Named {
    group: u32,
    at: u16,
    /// A bit each.
    members: u32,
}

/// A word somewhere in the text, or two in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) hash: u64,
}

/// What is looked up of a word.
#[derive(Clone, Copy, Debug)]
struct Look {
    hash: u64,
    /// The byte before it, and the one behind its key.
    before: u8,
    behind: u8,
}

/// Most words of a section; they stand apart.
const MOST_WORDS: usize = SECTION / 2;

impl Default for WordSearch {
    fn default() -> WordSearch {
        WordSearch {
            letters: [0; SECTION + BEHIND],
            bytes: [0; BEFORE + SECTION + BEHIND],
            positions: Noted::default(),
            before: false,
            last: [None; 2],
            words: [0; MOST_WORDS],
            pairs: [0; MOST_WORDS],
            found: (0, 0),
            named: Vec::new(),
            named_count: 0,
        }
    }
}

impl WordSearch {
    /// Begins a text.
    pub(super) fn restart(&mut self) {
        self.last = [None; 2];
    }

    /// Begins a section behind a byte, or at the beginning of the text.
    pub(super) fn begin(&mut self, before: Option<u8>) {
        self.positions.clear();
        self.before = before.is_some_and(|b| b.is_ascii_alphanumeric());
        self.bytes[BEFORE - 1] = before.unwrap_or(0);
    }

    /// Where the letters of the block at `at` and of what follows it are to be written.
    #[inline(always)]
    pub(super) fn letters(&mut self, at: usize) -> &mut [u8; WINDOW] {
        (&mut self.letters[at..at + WINDOW]).try_into().expect("the slice has this length")
    }

    /// Notes the words that begin in the block at `at`, of which bit i of `word` says whether byte i is a letter or digit.
    #[inline(always)]
    pub(super) fn block(&mut self, at: usize, window: &[u8; WINDOW], word: u64) {
        self.bytes[BEFORE + at..BEFORE + at + WINDOW].copy_from_slice(window);
        let starts = word & !(word << 1 | u64::from(self.before));
        self.before = word >> 63 != 0;
        self.positions.block::<AT_ONCE>(at, starts);
    }

    /// The section's bytes from a position on.
    #[inline(always)]
    pub(super) fn bytes_at<const N: usize>(&self, at: u16) -> &[u8; N] {
        const { assert!(N <= BEHIND, "a block is noted with what follows it") };
        let from = BEFORE + (usize::from(at) & (SECTION - 1));
        self.bytes[from..from + N].try_into().expect("the slice has this length")
    }

    /// Looks up the words of the section, and each as the one that comes next for the one before it.
    #[inline(always)]
    pub(super) fn look_up(&mut self, table: &WordTable) {
        let next = self.last[1].map_or(0, |last| table.slot(last.hash).next);
        let positions = self.positions.positions();
        let found = (&mut self.words, &mut self.pairs);
        self.found = look_up(&self.letters, &self.bytes, positions, next, table, found);
    }

    /// Compares the anchors of the words that were found.
    #[inline(always)]
    pub(super) fn compare(&mut self, table: &WordTable) {
        let mut count = 0;
        for &at in &self.words[..self.found.0] {
            let look = look_at(&self.letters, &self.bytes, at);
            let bytes = u64::from_le_bytes(*self.bytes_at(at));
            let groups = table.groups(look.hash);
            if self.named.len() < count + groups.len() {
                self.named.resize((count + groups.len()) * 2, Named::default());
            }
            for (index, group) in groups.clone().zip(&table.groups[groups]) {
                let members = group.may_begin(bytes, look.before);
                #[expect(clippy::cast_possible_truncation, reason = "as few as `starts` can say")]
                let group = index as u32;
                self.named[count] = Named { group, at, members };
                count += usize::from(members != 0);
            }
        }
        self.named_count = count;
    }

    /// The entries of the exact table that agreed, and where in the text their anchors would begin.
    #[inline(always)]
    pub(super) fn named(&self, table: &WordTable, section: usize) -> impl Iterator<Item = (u32, usize)> {
        self.named[..self.named_count].iter().flat_map(move |named| {
            let places = &table.groups[named.group as usize].places;
            bits(named.members.into()).filter_map(move |member| {
                let place = places[member];
                let start = (section + usize::from(named.at)).checked_sub(place.offset())?;
                Some((place.entry(), start))
            })
        })
    }

    /// How many words and pairs of the section may be in a table.
    pub(super) fn found(&self) -> u64 {
        (self.found.0 + self.found.1) as u64
    }

    /// Of the pairs those that may be in the table by the hash of both words.
    #[inline(always)]
    pub(super) fn narrow_pairs(&mut self, phrases: &PhraseTable) {
        let mut pairs = 0;
        for i in 0..self.found.1 {
            let index = self.pairs[i];
            self.pairs[pairs & (MOST_WORDS - 1)] = index;
            pairs += self.pair(index).map_or(0, |(_, hash)| phrases.may_have(hash));
        }
        self.found.1 = pairs;
    }

    /// The pairs that may be in the table: where the first word begins, and the hash of both.
    #[inline(always)]
    pub(super) fn pairs(&self, section: usize) -> impl Iterator<Item = Word> {
        self.pairs[..self.found.1].iter().filter_map(move |&index| {
            let (first, hash) = self.pair(index)?;
            let at = match first {
                Some(at) => section + usize::from(at),
                None => self.last[1]?.at,
            };
            Some(Word { at, hash })
        })
    }

    /// Where the word before the one with an index stands, if in this section, and the hash of both.
    #[inline(always)]
    fn pair(&self, index: u16) -> Option<(Option<u16>, u64)> {
        let hash = |at: u16| look_at(&self.letters, &self.bytes, at).hash;
        let index = usize::from(index);
        let positions = self.positions.positions();
        let second = hash(positions[index]);
        let Some(first) = index.checked_sub(1).map(|i| positions[i]) else {
            return Some((None, of_pair(self.last[1]?.hash, second)));
        };
        Some((Some(first), of_pair(hash(first), second)))
    }

    fn word_at(&self, section: usize, at: u16) -> Word {
        Word { at: section + usize::from(at), hash: look_at(&self.letters, &self.bytes, at).hash }
    }

    /// Ends the section.
    #[inline(always)]
    pub(super) fn end(&mut self, section: usize) {
        let positions = self.positions.positions();
        for &at in &positions[positions.len().saturating_sub(2)..] {
            self.last = [self.last[1], Some(self.word_at(section, at))];
        }
    }

    /// The words of which the text does not say what comes next: the last one, and the one before it if the last may go
    /// on behind the end.
    pub(super) fn unfinished(&self, length: usize) -> impl Iterator<Item = Word> {
        let cut = self.last[1].is_some_and(|last| last.at + WORD_KEY > length);
        self.last[0].filter(|_| cut).into_iter().chain(self.last[1])
    }
}

/// Puts down the positions of the words that may be in the table, and the indices of those that may be the second one of a
/// phrase; says how many there are.
///
/// PERF: every step puts down what it has and counts it if it was right, so that there is nothing to predict.
#[inline(always)]
fn look_up(
    letters: &[u8; SECTION + BEHIND],
    bytes: &[u8; BEFORE + SECTION + BEHIND],
    positions: &[u16],
    mut next: u64,
    table: &WordTable,
    (words, pairs): (&mut [u16; MOST_WORDS], &mut [u16; MOST_WORDS]),
) -> (usize, usize) {
    let (mut words_count, mut pairs_count) = (0, 0);
    for (index, &at) in (0u16..).zip(positions) {
        let look = look_at(letters, bytes, at);
        let slot = table.slot(look.hash);
        // There are never more hits than words.
        words[words_count & (MOST_WORDS - 1)] = at;
        words_count += (slot.before.may_have(look.before) & slot.behind.may_have(look.behind)) as usize;
        pairs[pairs_count & (MOST_WORDS - 1)] = index;
        pairs_count += (next >> next_bit(look.hash) & 1) as usize;
        next = slot.next;
    }
    (words_count, pairs_count)
}

/// What is looked up of the word that begins at `at`.
#[inline(always)]
fn look_at(letters: &[u8; SECTION + BEHIND], bytes: &[u8; BEFORE + SECTION + BEHIND], at: u16) -> Look {
    let at = usize::from(at) & (SECTION - 1);
    let word: &[u8; 8] = letters[at..at + 8].try_into().expect("eight bytes");
    let (key, length) = key_of(u64::from_le_bytes(*word));
    Look {
        hash: of_word(key),
        before: bytes[BEFORE + at - 1],
        behind: bytes[BEFORE + at + (length & 7) as usize],
    }
}

/// The key of the word that these letters and zeros begin with, and how many bytes it has.
#[inline(always)]
fn key_of(letters: u64) -> (u64, u32) {
    // All letters and digits, folded, have bit 5; behind the last byte of a key another bit ends it.
    let ends = !letters & BIT_5 | 1 << (8 * WORD_KEY);
    let end = ends.trailing_zeros();
    (letters & !(u64::MAX << end), end / 8)
}

/// Bit 5 of each byte of a key.
const BIT_5: u64 = 0x2020_2020_2020_2020 >> (64 - 8 * WORD_KEY);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::hash::word_key;

    #[test]
    fn a_key_ends_at_the_first_zero() {
        for (bytes, length) in [
            (*b"a\0bcdefg", 1),
            (*b"ab\0\0\0\0\0\0", 2),
            (*b"abcdefgh", 6),
            (*b"abcdef\0h", 6),
            (*b"01234\0xy", 5),
            (*b"abc\0\0de\0", 3),
        ] {
            let bytes = u64::from_le_bytes(bytes);
            assert_eq!(key_of(bytes), (word_key(bytes, length as usize), length));
        }
    }
}
