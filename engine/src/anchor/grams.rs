//! Which bytes of an anchor the filter looks up, and where in the text.
//!
//! Where an anchor holds the beginning of a word, and what stands before it makes sure of that, the filter need only
//! look at the beginnings of words, and there at up to six bytes of the word at once, closed by its end if it is shorter,
//! and at the bytes beside them; or at the first six bytes of the word and of the next one.
//! That is as good as looking up whole words, and most anchors are of this kind.
//!
//! A filter that reads four bytes at every fourth position meets an anchor of seven bytes or more in one of four
//! alignments; for each of these one gram of the anchor must be in its table. Where an anchor is longer there is a
//! choice, and the rarest gram is taken.

use std::fmt;

use crate::anchor::hash::{LONG_KEY, WORD_KEY};
use crate::anchor::{Literal, rarity};
use crate::byteset::ByteSet;

/// Bytes of a gram.
pub(crate) const GRAM: usize = 4;

/// Bytes of a short anchor's gram.
pub(crate) const SHORT_GRAM: usize = 3;

/// Bytes of a short anchor that are compared, if it has as many.
pub(crate) const MOST_SHORT: usize = 4;

/// Most spellings of one gram that go into the table.
const MAX_SPELLINGS: usize = 64;

/// What a spelling in the table costs, in occurrences per KiB: its share of the false hits.
const SPELLING_COST: f64 = 0.003;

/// How a filter finds an anchor; cheaper first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AnchorTier {
    /// By the first bytes of a word and of the next one, at every beginning of a word.
    Phrase,
    /// By the first bytes of a word, at every beginning of a word.
    Word,
    /// By grams at every fourth position of the text.
    Long,
    /// By grams at every second position.
    Medium,
    /// By a vectorized comparison of three or four bytes at every position.
    Short,
    /// By classifying every byte.
    Run,
    /// Not at all: every byte is a place to look closer at.
    Any,
}

impl AnchorTier {
    /// All of them, in the order in which they are numbered where a database is written.
    pub(crate) const ALL: [AnchorTier; 7] = [
        AnchorTier::Phrase,
        AnchorTier::Word,
        AnchorTier::Long,
        AnchorTier::Medium,
        AnchorTier::Short,
        AnchorTier::Run,
        AnchorTier::Any,
    ];
}

impl fmt::Display for AnchorTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AnchorTier::Phrase => "phrase",
            AnchorTier::Word => "word",
            AnchorTier::Long => "long",
            AnchorTier::Medium => "medium",
            AnchorTier::Short => "short",
            AnchorTier::Run => "run",
            AnchorTier::Any => "any",
        })
    }
}

/// How one anchor is to be found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GramPlan {
    pub(crate) tier: AnchorTier,
    /// Offsets in the anchor: of the word, of a gram for each alignment, or of the compared bytes of a short anchor.
    pub(crate) offsets: Vec<usize>,
    /// How often per KiB of ordinary text these turn up.
    pub(crate) per_kib: f64,
    /// Whether each gram holds a byte beyond ASCII: then only blocks of text with such bytes need be looked at.
    pub(crate) beyond_ascii: bool,
    /// How many keys are looked up.
    pub(crate) keys: usize,
}

impl GramPlan {
    /// The estimated cost of looking for the anchor, in cycles per KiB of ordinary text.
    ///
    /// A position that passes is compared. A word that many anchors share passes once for all of them, and most of them
    /// are told apart by one more byte; what can't be found as a word makes every block of text dearer, and though many
    /// share that, each has its part in it.
    pub(crate) fn cost(&self) -> f64 {
        let (passing, crowding) = match self.tier {
            AnchorTier::Phrase => (12.0, PHRASE_KEY * self.keys as f64),
            AnchorTier::Word => (12.0, 0.2 + WORD_KEY_COST * self.keys as f64),
            _ if self.beyond_ascii => (25.0, 0.3),
            AnchorTier::Long => (25.0, 6.0),
            AnchorTier::Medium => (25.0, 8.0),
            AnchorTier::Short | AnchorTier::Run | AnchorTier::Any => (25.0, 10.0),
        };
        passing * self.per_kib + crowding
    }
}

/// What each key costs by filling its table, in cycles per KiB.
const PHRASE_KEY: f64 = 0.01;
const WORD_KEY_COST: f64 = 0.01;

/// Most pairs of keys of one anchor.
const MAX_PAIRS: usize = 1024;

/// The cheapest way to find an anchor; `None` if it is too short or too vague.
pub(crate) fn plan(literal: &Literal) -> Option<GramPlan> {
    if !literal.next.is_empty() {
        return phrase(literal);
    }
    let sets = &literal.sets;
    let words = (0..sets.len()).filter_map(|offset| word(literal, offset));
    let strides = [(4, AnchorTier::Long), (2, AnchorTier::Medium)];
    let sampled = strides.into_iter().flat_map(|s| [(s, true), (s, false)]).filter_map(
        |((stride, tier), beyond_ascii)| {
            let (offsets, per_kib) = sampled(sets, stride, beyond_ascii)?;
            Some(GramPlan { tier, offsets, per_kib: per_kib / stride as f64, beyond_ascii, keys: stride })
        },
    );
    let shorts = short(sets).map(|offset| GramPlan {
        tier: AnchorTier::Short,
        per_kib: rarity::per_kib(&sets[offset..(offset + MOST_SHORT).min(sets.len())]),
        offsets: vec![offset],
        beyond_ascii: false,
        keys: 1,
    });
    words.chain(sampled).chain(shorts).min_by(|a, b| a.cost().total_cmp(&b.cost()))
}

/// How a word is found that one of some others follows.
fn phrase(literal: &Literal) -> Option<GramPlan> {
    let own = word_keys(literal, 0)?;
    let keys = own.len() * literal.next.len();
    let pairs = own.iter().flat_map(|&first| literal.next.iter().map(move |&next| (first, next)));
    (keys <= MAX_PAIRS).then(|| GramPlan {
        tier: AnchorTier::Phrase,
        offsets: vec![0],
        per_kib: pairs.map(|(first, next)| rarity::pair_per_kib(first, next)).sum(),
        beyond_ascii: false,
        keys,
    })
}

/// How the word is found that begins at an offset of an anchor.
fn word(literal: &Literal, offset: usize) -> Option<GramPlan> {
    let keys = word_keys(literal, offset)?;
    let sets = &literal.sets;
    let rate = keys.iter().map(|&key| rarity::word_per_kib(key)).sum::<f64>();
    let length = key_length(&sets[offset..]);
    let mut rates = vec![rate];
    if let Some(keys) = keys_at(literal, offset, LONG_KEY) {
        let rate = keys.iter().map(|&key| rarity::long_word_per_kib(key)).sum::<f64>();
        rates.push(rate);
        // What is looked up tells the bytes beside a word apart, too.
        if offset > 0 && folded(&sets[offset - 1]).len() <= MAX_BESIDE {
            rates.push(rarity::within(rate, rarity::per_kib(&sets[offset - 1..offset + length])));
        }
        let ends = length == LONG_KEY
            || sets.get(offset + length).is_some_and(|set| set.is_disjoint(&ByteSet::ALPHANUMERIC));
        if ends && sets.get(offset + length).is_some_and(|set| folded(set).len() <= MAX_BESIDE) {
            rates.push(rarity::within(rate, rarity::per_kib(&sets[offset..=offset + length])));
        }
    }
    Some(GramPlan {
        tier: AnchorTier::Word,
        offsets: vec![offset],
        per_kib: rates.into_iter().fold(f64::INFINITY, f64::min),
        beyond_ascii: false,
        keys: keys.len(),
    })
}

/// Most bytes that may stand beside a word for them to say something.
const MAX_BESIDE: usize = 8;

/// What is looked up of a word: its key, and which bytes may stand before the word and behind the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WordLook {
    pub(crate) key: u64,
    pub(crate) before: Neighbours,
    pub(crate) behind: Neighbours,
}

/// A set of bytes, by the lowest five bits of each: a bit for each of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Neighbours(pub(crate) u32);

impl Neighbours {
    const ALL: Neighbours = Neighbours(u32::MAX);

    fn of(set: &ByteSet) -> Neighbours {
        Neighbours(set.iter().fold(0, |bits, byte| bits | 1 << (byte & 31)))
    }

    /// Whether the byte may be one of them: 1 or 0.
    #[inline(always)]
    pub(crate) fn may_have(self, byte: u8) -> u32 {
        self.0 >> (byte & 31) & 1
    }
}

/// What is looked up of the word at an offset of an anchor.
pub(crate) fn word_looks(literal: &Literal, offset: usize) -> Option<Vec<WordLook>> {
    let sets = &literal.sets;
    let before = offset.checked_sub(1).map_or(Neighbours::ALL, |before| Neighbours::of(&sets[before]));
    let look = |key: u64| {
        let length = key_bytes(key);
        let behind = sets.get(offset + length).map_or(Neighbours::ALL, |set| {
            // Behind a word that ends before its key is full stands none of its bytes.
            let set = if length < WORD_KEY { set.difference(&ByteSet::ALPHANUMERIC) } else { *set };
            Neighbours::of(&set)
        });
        WordLook { key, before, behind }
    };
    Some(word_keys(literal, offset)?.into_iter().map(look).collect())
}

/// Bytes of a key.
fn key_bytes(key: u64) -> usize {
    8 - (key.leading_zeros() / 8) as usize
}

/// How many bytes of a long key the first of these sets certainly have.
fn key_length(sets: &[ByteSet]) -> usize {
    sets.iter().take(LONG_KEY).take_while(|set| set.is_subset(&ByteSet::ALPHANUMERIC)).count()
}

/// Where in an anchor the bytes stand that the vectorized comparison had best look for.
pub(crate) fn short(sets: &[ByteSet]) -> Option<usize> {
    let rate = |o: usize| rarity::per_kib(&sets[o..(o + MOST_SHORT).min(sets.len())]);
    (0..(sets.len() + 1).saturating_sub(SHORT_GRAM))
        .filter(|&o| spellings_count(&sets[o..o + SHORT_GRAM]) <= MAX_SPELLINGS)
        .min_by(|&a, &b| rate(a).total_cmp(&rate(b)))
}

/// Most keys of one word that go into the table; a word of five bytes that may go on has 37.
pub(crate) const MAX_WORD_KEYS: usize = 64;

/// The keys of the word that begins at an offset of an anchor, if none can begin elsewhere and they are few.
pub(crate) fn word_keys(literal: &Literal, offset: usize) -> Option<Vec<u64>> {
    keys_at(literal, offset, WORD_KEY)
}

/// The same of up to `most` bytes of the word.
fn keys_at(literal: &Literal, offset: usize, most: usize) -> Option<Vec<u64>> {
    let sets = &literal.sets;
    let begins = match offset.checked_sub(1) {
        None => literal.starts_word,
        Some(before) => sets[before].is_disjoint(&ByteSet::ALPHANUMERIC),
    };
    if !begins || !sets[offset].is_subset(&ByteSet::ALPHANUMERIC) {
        return None;
    }
    keys_up_to(most, &sets[offset..], literal.ends_word)
}

/// The keys of the word that begins with the first of these sets; `ends` says that no letter or digit follows the last
/// one.
pub(crate) fn keys_of(sets: &[ByteSet], ends: bool) -> Option<Vec<u64>> {
    keys_up_to(WORD_KEY, sets, ends)
}

fn keys_up_to(most: usize, sets: &[ByteSet], ends: bool) -> Option<Vec<u64>> {
    let mut keys = Vec::new();
    // The first bytes of words that go on.
    let mut open = vec![0u64];
    for k in 0..most {
        let set = match sets.get(k) {
            Some(set) => *set,
            None if ends => break,
            None => ByteSet::FULL,
        };
        if !set.is_subset(&ByteSet::ALPHANUMERIC) {
            keys.extend_from_slice(&open);
        }
        let bytes = folded(&set.intersection(&ByteSet::ALPHANUMERIC));
        open =
            open.iter().flat_map(|&key| bytes.iter().map(move |b| key | u64::from(b) << (8 * k))).collect();
        if keys.len() + open.len() > MAX_WORD_KEYS {
            return None;
        }
    }
    keys.append(&mut open);
    Some(keys)
}

/// For each alignment of the text to the stride the rarest gram, if every alignment has one; on demand only of those
/// that hold a byte beyond ASCII.
fn sampled(sets: &[ByteSet], stride: usize, beyond_ascii: bool) -> Option<(Vec<usize>, f64)> {
    let foreign = |gram: &[ByteSet]| gram.iter().any(|set| set.is_disjoint(&ByteSet::ASCII));
    let mut offsets = Vec::with_capacity(stride);
    let mut total = 0.0;
    for residue in 0..stride {
        let (offset, per_kib) = (residue..(sets.len() + 1).saturating_sub(GRAM))
            .step_by(stride)
            .filter(|&o| spellings_count(&sets[o..o + GRAM]) <= MAX_SPELLINGS)
            .filter(|&o| !beyond_ascii || foreign(&sets[o..o + GRAM]))
            .map(|o| {
                // Every spelling fills the table a little more, for everybody.
                let crowding = SPELLING_COST * spellings_count(&sets[o..o + GRAM]) as f64;
                (o, rarity::per_kib(&sets[o..o + GRAM]) + crowding)
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))?;
        offsets.push(offset);
        total += per_kib;
    }
    Some((offsets, total))
}

/// The byte as the filter reads it: bit 5 set, which maps letters to lower case and merges a few other bytes.
pub(crate) fn fold(byte: u8) -> u8 {
    byte | 0x20
}

fn folded(set: &ByteSet) -> ByteSet {
    let mut folded = ByteSet::EMPTY;
    set.iter().for_each(|b| folded.insert(fold(b)));
    folded
}

fn spellings_count(sets: &[ByteSet]) -> usize {
    sets.iter().map(|s| folded(s).len()).product()
}

/// All folded spellings of a gram of up to four bytes, as little-endian integers.
pub(crate) fn spellings(sets: &[ByteSet]) -> Vec<u32> {
    let mut all = vec![0u32];
    for (i, set) in sets.iter().enumerate() {
        let folded = folded(set);
        all = all.iter().flat_map(|&g| folded.iter().map(move |b| g | u32::from(b) << (8 * i))).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(text: &str) -> Vec<ByteSet> {
        text.bytes().map(|b| ByteSet::of(&[b.to_ascii_lowercase(), b.to_ascii_uppercase()])).collect()
    }

    /// `|` at an edge says that a word begins or ends there.
    fn literal(text: &str) -> Literal {
        Literal {
            sets: sets(text.trim_matches('|')),
            starts_word: text.starts_with('|'),
            ends_word: text.ends_with('|'),
            next: Vec::new(),
        }
    }

    /// Pins which way an anchor gets, so that a change that makes one slower is seen.
    #[test]
    fn the_tier_follows_from_the_length() {
        for (text, tier) in [
            ("instructions", AnchorTier::Long),
            ("ignored", AnchorTier::Long),
            ("ignore", AnchorTier::Medium),
            ("xoxb-", AnchorTier::Medium),
            ("AKIA", AnchorTier::Short),
            ("sk-", AnchorTier::Short),
            ("|instructions", AnchorTier::Word),
            ("|ignor", AnchorTier::Word),
            ("|AKIA", AnchorTier::Short),
            ("|sk-", AnchorTier::Word),
            (" rm -", AnchorTier::Word),
            ("|rm|", AnchorTier::Word),
        ] {
            assert_eq!(plan(&literal(text)).map(|p| p.tier), Some(tier), "{text}");
        }
        assert_eq!(plan(&literal("rm")), None);
    }

    #[test]
    fn every_alignment_has_a_gram() {
        for text in ["ignored", "exfiltrate", "://::://"] {
            let plan = plan(&literal(text)).expect("long enough");
            let mut residues: Vec<usize> = plan.offsets.iter().map(|o| o % 4).collect();
            residues.sort_unstable();
            assert_eq!(residues, [0, 1, 2, 3], "{text}");
        }
    }

    #[test]
    fn spellings_are_folded() {
        assert_eq!(spellings(&sets("AbC1")), [u32::from_le_bytes(*b"abc1")]);
    }
}
