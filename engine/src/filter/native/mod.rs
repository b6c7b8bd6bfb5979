//! The native filter: words, two words in a row, grams at sampled positions, short anchors and class runs by vectorized comparison.
//!
//! The text is read once in blocks of 64 bytes. Of each block
//! - the words are noted; of a section of blocks their first bytes are hashed, and the slot of a hash says what may stand
//!   beside such a word ([`words`]) and which word may come next ([`phrases`]);
//! - the four bytes at every fourth position (and, if there are anchors of five or six bytes, at every second one)
//!   are folded, hashed and looked up in a bitmap of their own ([`gram_table`]); those that hold a byte beyond ASCII only
//!   in blocks that have one;
//! - all positions are compared with the short anchors at once ([`shorts`]), among which are the longer ones while they
//!   are few;
//! - all bytes are classified where run anchors ask for it ([`crate::filter::runs`]).
//!
//! What passes is compared with the anchors themselves in the exact table.

mod buckets;
mod gram_table;
mod kernel;
mod look_ups;
mod noted;
mod phrases;
mod shorts;
mod words;

use crate::anchor::MAX_ANCHOR;
use crate::anchor::grams::GRAM;
use crate::anchor::list::AnchorList;
use crate::filter::runs::{BLOCK, RunAnchors, RunMasks, RunSearch, bits};
use crate::filter::table::AnchorTable;
use crate::filter::{Candidate, FilterScratch, SimdLevel};

use gram_table::GramTable;
use kernel::Kernel;
use look_ups::SampledGrams;
use noted::Noted;
use phrases::{PhraseTable, Phrases};
use shorts::ShortTable;
use words::{SECTION, WordTable};

pub(crate) use look_ups::LookUps;
pub(crate) use words::WordSearch;

/// Bytes behind a block that its comparisons may read: what a word, a gram or a short anchor at its end takes along.
const BEHIND: usize = 16;

const WINDOW: usize = BLOCK + BEHIND;

/// Where short anchors may stand in a section.
pub(crate) type ShortPositions = Noted<{ SECTION + BLOCK }>;

/// Short anchors noted for every block, whether so many may stand there or not.
const SHORTS_AT_ONCE: usize = 4;

/// The native filter of one database.
#[derive(Debug)]
pub(crate) struct Native {
    table: AnchorTable,
    words: WordTable,
    phrases: PhraseTable,
    /// Grams at every second position, and those of text in other scripts.
    ascii: Sampled,
    foreign: Sampled,
    shorts: ShortTable,
    runs: RunAnchors,
    kernel: Kernel,
}

/// The grams of anchors by their stride.
#[derive(Debug)]
struct Sampled {
    long: GramTable,
    medium: GramTable,
}

/// What a kernel says about one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Masks {
    /// Letters and digits.
    word: u64,
    /// Positions at which a short anchor may stand.
    short: u64,
    runs: RunMasks,
}

impl Native {
    pub(crate) fn new(anchors: &AnchorList, look_ups: LookUps, level: SimdLevel) -> Native {
        let table = AnchorTable::new(anchors);
        let shorts = ShortTable::new(look_ups.shorts);
        let runs = RunAnchors::new(anchors);
        let phrases = Phrases::new(anchors);
        let words = WordTable::new(&look_ups.words, &phrases, &table);
        let phrases = PhraseTable::new(&phrases);
        let by_words = !words.is_empty() || !phrases.is_empty();
        let kernel = Kernel::new(level.resolve(), by_words, &shorts, &runs);
        Native {
            table,
            words,
            phrases,
            ascii: Sampled::new(look_ups.ascii),
            foreign: Sampled::new(look_ups.foreign),
            shorts,
            runs,
            kernel,
        }
    }

    /// See [`Filter::find`](crate::filter::Filter::find).
    pub(crate) fn find(&self, text: &[u8], from: usize, until: usize, scratch: &mut FilterScratch) -> u64 {
        self.kernel.run(self, text, from, until, scratch)
    }

    pub(crate) fn memory(&self) -> usize {
        self.table.memory()
            + self.words.memory()
            + self.phrases.memory()
            + self.ascii.memory()
            + self.foreign.memory()
            + self.shorts.memory()
    }

    /// The search itself; `masks` is the kernel's comparison of one block, which also writes down its letters and digits, and
    /// `look_up` looks up the words of a section.
    #[inline(always)]
    fn search(
        &self,
        text: &[u8],
        from: usize,
        until: usize,
        scratch: &mut FilterScratch,
        masks: impl Fn(&[u8; WINDOW], &mut [u8; WINDOW]) -> Masks,
        look_up: impl Fn(&mut WordSearch, &WordTable),
    ) -> u64 {
        let mut looked = 0;
        let mut runs = self.runs.search();
        let FilterScratch { candidates: found, words, shorts, .. } = scratch;
        words.restart();
        for section in (from..text.len()).step_by(SECTION) {
            words.begin(section.checked_sub(1).map(|i| text[i]));
            shorts.clear();
            for at in (section..text.len().min(section + SECTION)).step_by(BLOCK) {
                let padded;
                let window = match text.get(at..at + WINDOW) {
                    Some(window) => window.try_into().expect("the slice has the window's length"),
                    None => {
                        // What the padding makes up, the exact table refuses: it compares with the text itself.
                        padded = pad(&text[at..]);
                        &padded
                    }
                };
                let masks = masks(window, words.letters(at - section));
                words.block(at - section, window, masks.word);
                shorts.block::<SHORTS_AT_ONCE>(at - section, masks.short);
                let length = (text.len() - at).min(BLOCK);
                looked += self.block(masks, window, text, at, length, &mut runs, found);
            }
            looked += self.follow_shorts(shorts, words, text, section, found);
            if self.kernel.by_words() {
                look_up(words, &self.words);
                looked += self.follow_words(words, text, section, found);
            }
        }
        for word in words.unfinished(text.len()).filter(|word| word.at < until) {
            self.phrases.of_first(word.hash).for_each(|entry| self.check(entry, text, word.at, found));
        }
        runs.finish(text.len(), found);
        looked
    }

    /// Follows up what the kernel found in a block, but for the words.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "the state of the loop that this is a part of")]
    fn block(
        &self,
        masks: Masks,
        window: &[u8; WINDOW],
        text: &[u8],
        at: usize,
        length: usize,
        runs: &mut RunSearch<'_>,
        found: &mut Vec<Candidate>,
    ) -> u64 {
        let mut looked = 0;
        if !self.ascii.is_empty() {
            looked += self.look_up_sampled(&self.ascii, window, text, at, found);
        }
        if !self.foreign.is_empty() && !window[..BLOCK + GRAM].is_ascii() {
            looked += self.look_up_sampled(&self.foreign, window, text, at, found);
        }
        if !self.runs.is_empty() {
            runs.block(text, at, length, masks.runs, found);
        }
        looked
    }

    /// Compares the short anchors that were found in a section of the text.
    #[inline(always)]
    fn follow_shorts(
        &self,
        shorts: &mut ShortPositions,
        bytes: &WordSearch,
        text: &[u8],
        section: usize,
        found: &mut Vec<Candidate>,
    ) -> u64 {
        shorts.narrow(|at| self.shorts.may_have(*bytes.bytes_at(at)));
        for &at in shorts.positions() {
            for entry in self.shorts.entries(*bytes.bytes_at(at)) {
                let start = (section + usize::from(at)).checked_sub(usize::from(entry.offset));
                let Some(start) = start else { continue };
                self.check(entry.entry, text, start, found);
            }
        }
        shorts.positions().len() as u64
    }

    /// Compares the anchors whose words were found in a section of the text.
    #[inline(always)]
    fn follow_words(
        &self,
        words: &mut WordSearch,
        text: &[u8],
        section: usize,
        found: &mut Vec<Candidate>,
    ) -> u64 {
        words.compare(&self.words);
        words.named(&self.words, section).for_each(|(entry, start)| self.check(entry, text, start, found));
        words.narrow_pairs(&self.phrases);
        for pair in words.pairs(section) {
            self.phrases.of_pair(pair.hash).for_each(|entry| self.check(entry, text, pair.at, found));
        }
        words.end(section);
        words.found()
    }

    /// Looks up the grams at every second position.
    #[inline(always)]
    fn look_up_sampled(
        &self,
        tables: &Sampled,
        window: &[u8; WINDOW],
        text: &[u8],
        at: usize,
        found: &mut Vec<Candidate>,
    ) -> u64 {
        let hits = tables.hits(window);
        for offset in bits(hits) {
            // Every fourth position is looked up among the long ones, the positions between among the medium ones.
            let table = if offset % 4 == 0 { &tables.long } else { &tables.medium };
            self.look_up(table, window, offset, text, at, found);
        }
        hits.count_ones().into()
    }

    /// Compares the anchors that have the gram at `offset` of the window.
    #[inline(never)]
    fn look_up(
        &self,
        table: &GramTable,
        window: &[u8; WINDOW],
        offset: usize,
        text: &[u8],
        at: usize,
        found: &mut Vec<Candidate>,
    ) {
        for entry in table.entries(gram_table::read(window, offset)) {
            let Some(start) = (at + offset).checked_sub(usize::from(entry.offset)) else { continue };
            self.check(entry.entry, text, start, found);
        }
    }

    #[inline]
    fn check(&self, entry: u32, text: &[u8], start: usize, found: &mut Vec<Candidate>) {
        if let Some((anchor, length)) = self.table.verify(entry, text, start) {
            debug_assert!(length <= MAX_ANCHOR);
            found.push(Candidate { first_end: start + length, last_end: start + length, anchor });
        }
    }
}

impl Sampled {
    fn new(grams: SampledGrams) -> Sampled {
        Sampled { long: GramTable::new(grams.long), medium: GramTable::new(grams.medium) }
    }

    fn is_empty(&self) -> bool {
        self.long.is_empty()
    }

    /// The positions at which a gram may stand, looked up one by one.
    #[inline(always)]
    fn hits(&self, window: &[u8; WINDOW]) -> u64 {
        let mut hits = spread(self.long.hits::<0>(window));
        if !self.medium.is_empty() {
            hits |= spread(self.medium.hits::<2>(window)) << 2;
        }
        hits
    }

    fn memory(&self) -> usize {
        self.long.memory() + self.medium.memory()
    }
}

/// A window with zeros behind the end of the text.
#[cold]
fn pad(rest: &[u8]) -> [u8; WINDOW] {
    let mut window = [0; WINDOW];
    let length = rest.len().min(WINDOW);
    window[..length].copy_from_slice(&rest[..length]);
    window
}

/// Bit k of 16 becomes bit 4k of 64.
#[inline(always)]
fn spread(mask: u32) -> u64 {
    let mut spread = u64::from(mask & 0xffff);
    spread = (spread | spread << 24) & 0x0000_00ff_0000_00ff;
    spread = (spread | spread << 12) & 0x000f_000f_000f_000f;
    spread = (spread | spread << 6) & 0x0303_0303_0303_0303;
    (spread | spread << 3) & 0x1111_1111_1111_1111
}
