//! Gates: is anything of what else a match must contain near the anchor?
//!
//! An anchor of a long pattern is often an ordinary word, and what makes the pattern rare is that another word of it
//! stands near. A gate is a set of byte strings of which every match contains one at a known distance from the anchor.
//! Four bytes of each are compared with all positions of that window at once, in the manner of the short anchors; where
//! nothing passes, no automaton and no merge is started. A gate only ever says "certainly not".

use crate::anchor::{Located, grams, rarity};
use crate::byteset::ByteSet;
use crate::error::LoadError;
use crate::filter::SimdLevel;
use crate::filter::deal::{PLACES, deal};
use crate::filter::simd::NibbleTable;
use crate::pattern::MAX_WIDTH;
use crate::serial::{Reader, Writer};

/// Bytes of a string that are compared.
const BYTES: usize = PLACES;
const BUCKETS: usize = 8;

/// Positions that are compared at once.
const BLOCK: usize = 64;

/// Four bytes of each of some strings, compared with many positions at once.
#[derive(Debug)]
pub(crate) struct Comparison {
    tables: [NibbleTable; BYTES],
    level: SimdLevel,
    /// What the tables let pass is looked up here by the hash of its first three and of its four bytes; empty where
    /// the strings have too many spellings.
    exact: Box<[u64]>,
}

/// Words of 64 bits in which the spellings of a comparison are noted.
const EXACT_WORDS: usize = 32;

/// Most spellings of one string before a comparison does without looking them up.
const MAX_SPELLINGS: usize = 512;

/// A gate lies at most this far from the end of its anchor, since both lie in one match.
const MAX_DISTANCE: usize = 2 * MAX_WIDTH;

/// A set of strings, one of which must stand in a window around the anchor.
#[derive(Debug)]
pub(crate) struct Gate {
    comparison: Comparison,
    /// The compared bytes begin at least this far behind the end of the anchor (less than zero: before it).
    nearest: isize,
    /// And at most this far.
    farthest: isize,
}

/// What the offsets of strings behind the start of a match are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offsets {
    /// What stands before a string, from its least to its most bytes.
    Whole,
    /// The same, but none is more than a match is long: two of them say nothing about what lies between.
    Cut,
}

/// The strings of a gate and how often they pass in ordinary text.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    strings: Vec<(Compared, usize, usize)>,
    /// Expected number of positions per KiB that pass.
    pub(crate) per_kib: f64,
}

/// The four bytes of a string that are compared.
#[derive(Clone, Copy, Debug)]
struct Compared {
    sets: [ByteSet; BYTES],
}

impl Group {
    /// The group of some located strings; `None` if one of them is too vague to be told from anything else.
    pub(crate) fn new(strings: &[Located]) -> Option<Group> {
        let mut group = Group { strings: Vec::new(), per_kib: 0.0 };
        for located in strings {
            let sets = located.anchor.sets()?;
            let (offset, compared, per_kib) = Compared::best(sets)?;
            group.per_kib += per_kib;
            group.strings.push((compared, located.from + offset, located.to + offset));
        }
        Some(group)
    }
}

impl Compared {
    /// The rarest four bytes of a string; of a shorter one what there is, with anything behind it.
    fn best(sets: &[ByteSet]) -> Option<(usize, Compared, f64)> {
        if sets.len() < BYTES {
            let mut padded = [ByteSet::FULL; BYTES];
            padded[..sets.len()].copy_from_slice(sets);
            let per_kib = rarity::per_kib(sets);
            return (sets.len() >= 2).then_some((0, Compared { sets: padded }, per_kib));
        }
        sets.windows(BYTES)
            .enumerate()
            .map(|(offset, window)| {
                let sets: [ByteSet; BYTES] = window.try_into().expect("windows have this length");
                (offset, rarity::per_kib(window), sets)
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(offset, per_kib, sets)| (offset, Compared { sets }, per_kib))
    }
}

impl Gate {
    /// The gate of a group for the anchors that lead to it.
    pub(crate) fn new(group: &Group, anchors: &[Located], offsets: Offsets, level: SimdLevel) -> Gate {
        let (mut nearest, mut farthest) = (isize::MAX, isize::MIN);
        for (_, from, to) in &group.strings {
            for anchor in anchors {
                // Both lie behind the same start, so what lies between them is bounded more tightly than each alone.
                let bounds = match offsets {
                    Offsets::Whole => [(*from, anchor.from), (*to, anchor.to)],
                    Offsets::Cut => [(*from, anchor.to), (*to, anchor.from)],
                };
                for (string, anchor_at) in bounds {
                    let distance =
                        string.cast_signed() - anchor_at.cast_signed() - anchor.anchor.len().cast_signed();
                    nearest = nearest.min(distance);
                    farthest = farthest.max(distance);
                }
            }
        }
        let strings: Vec<[ByteSet; BYTES]> =
            group.strings.iter().map(|(compared, ..)| compared.sets).collect();
        Gate { comparison: Comparison::new(&strings, level), nearest, farthest }
    }

    /// Whether a match around an anchor that ends at `end` is possible; always if the window is not all there.
    #[inline]
    pub(crate) fn may_match(&self, text: &[u8], end: usize, complete: bool) -> bool {
        let Some(last) = end.checked_add_signed(self.farthest) else { return false };
        let first = end.saturating_add_signed(self.nearest);
        if last + BYTES > text.len() && !complete {
            return true;
        }
        self.comparison.positions(text, first, last).next().is_some()
    }
}

impl Gate {
    pub(crate) fn write(&self, writer: &mut Writer) {
        for distance in [self.nearest, self.farthest] {
            let shifted = distance.checked_add_unsigned(MAX_DISTANCE).expect("a gate is near its anchor");
            writer.number(shifted.cast_unsigned());
        }
        self.comparison.write(writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>, level: SimdLevel) -> Result<Gate, LoadError> {
        let distance = |shifted: usize| shifted.cast_signed() - MAX_DISTANCE.cast_signed();
        let nearest = distance(reader.at_most(2 * MAX_DISTANCE)?);
        let farthest = distance(reader.at_most(2 * MAX_DISTANCE)?);
        Ok(Gate { comparison: Comparison::read(reader, level)?, nearest, farthest })
    }
}

impl Comparison {
    pub(crate) fn write(&self, writer: &mut Writer) {
        for table in &self.tables {
            writer.raw(&table.low);
            writer.raw(&table.high);
        }
        writer.flag(!self.exact.is_empty());
        self.exact.iter().for_each(|word| writer.u64(*word));
    }

    pub(crate) fn read(reader: &mut Reader<'_>, level: SimdLevel) -> Result<Comparison, LoadError> {
        let mut tables = [NibbleTable::default(); BYTES];
        for table in &mut tables {
            *table = NibbleTable { low: *reader.array()?, high: *reader.array()? };
        }
        let mut exact = Vec::new();
        if reader.flag()? {
            let (words, _) = reader.raw(EXACT_WORDS * 8)?.as_chunks();
            exact = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        }
        Ok(Comparison { tables, level: level.resolve(), exact: exact.into() })
    }
}

impl Comparison {
    /// A comparison with the first bytes of strings; what is shorter may have anything behind it.
    pub(crate) fn with_prefixes(strings: &[Vec<ByteSet>], level: SimdLevel) -> Comparison {
        let padded =
            |string: &Vec<ByteSet>| std::array::from_fn(|i| string.get(i).copied().unwrap_or(ByteSet::FULL));
        Comparison::new(&strings.iter().map(padded).collect::<Vec<_>>(), level)
    }

    fn new(strings: &[[ByteSet; BYTES]], level: SimdLevel) -> Comparison {
        let mut of: [[u8; 256]; BYTES] = [[0; 256]; BYTES];
        for (sets, bucket) in strings.iter().zip(deal(strings, BUCKETS)) {
            for (table, set) in of.iter_mut().zip(sets) {
                for byte in set.iter() {
                    table[usize::from(byte)] |= 1 << bucket;
                }
            }
        }
        let tables = of.map(|table| NibbleTable::new(|b| table[usize::from(b)]));
        Comparison { tables, level: level.resolve(), exact: exact(strings) }
    }

    pub(crate) fn level(&self) -> SimdLevel {
        self.level
    }

    /// Whether a string of the set, or one with the same hash, stands at `at`; always near the end of the text.
    #[inline]
    fn confirms(&self, text: &[u8], at: usize) -> bool {
        if self.exact.is_empty() {
            return true;
        }
        let Some(bytes) = text.get(at..at + BYTES) else { return true };
        let gram = u32::from_le_bytes(bytes.try_into().expect("four bytes")) | FOLD;
        let noted = |place: usize| self.exact[place >> 6] >> (place & 63) & 1 != 0;
        noted(place(gram)) || noted(place(gram & SHORT))
    }

    /// The positions from `first` to `last` at which one of the strings may stand. Near the end of the text only the
    /// bytes that are there are compared.
    #[inline]
    pub(crate) fn positions(&self, text: &[u8], first: usize, last: usize) -> impl Iterator<Item = usize> {
        let last = last.min(text.len().saturating_sub(1));
        let mut at = first;
        let mut hits = 0u64;
        let mut base = first;
        std::iter::from_fn(move || {
            loop {
                while hits == 0 {
                    if at > last || at >= text.len() {
                        return None;
                    }
                    hits = self.hits(text, at) & (u64::MAX >> (BLOCK - (last - at + 1).min(BLOCK)));
                    base = at;
                    at += BLOCK;
                }
                let position = base + hits.trailing_zeros() as usize;
                hits &= hits - 1;
                if self.confirms(text, position) {
                    return Some(position);
                }
            }
        })
    }

    /// One bit for each of the 64 positions from `at` on.
    #[inline]
    fn hits(&self, text: &[u8], at: usize) -> u64 {
        if let Some(window) = text.get(at..at + BLOCK + BYTES) {
            return self.block(window.try_into().expect("the slice has this length"));
        }
        let rest = &text[at..];
        if rest.len() >= BLOCK + BYTES - 1 {
            // Only the byte behind the last compared one is missing.
            let mut padded = [0u8; BLOCK + BYTES];
            padded[..rest.len()].copy_from_slice(rest);
            return self.block(&padded);
        }
        // The last positions lack bytes, and what is missing does not speak against a string.
        let whole = rest.len().saturating_sub(BYTES - 1);
        let mut padded = [0u8; BLOCK + BYTES];
        padded[..rest.len()].copy_from_slice(rest);
        let mut hits = self.block(&padded) & ((1 << whole) - 1);
        for i in whole..rest.len().min(BLOCK) {
            let all = self.tables.iter().zip(&rest[i..]).fold(0xff, |all, (table, b)| all & table.of(*b));
            hits |= u64::from(all != 0) << i;
        }
        hits
    }

    /// One bit for each position of a block: whether one of the strings may stand there.
    #[inline]
    fn block(&self, window: &[u8; BLOCK + BYTES]) -> u64 {
        match self.level {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => {
                // SAFETY: `new` resolved the level for this CPU.
                unsafe { x86::block_avx512(&self.tables, window) }
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => {
                // SAFETY: as above.
                unsafe { x86::block_avx2(&self.tables, window) }
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Ssse3 => {
                // SAFETY: as above.
                unsafe { x86::block_ssse3(&self.tables, window) }
            }
            _ => self.portable(window),
        }
    }

    fn portable(&self, window: &[u8; BLOCK + BYTES]) -> u64 {
        let mut hits = 0;
        for i in 0..BLOCK {
            let first = self.tables[0].of(window[i]);
            if first != 0 {
                let all = (1..BYTES).fold(first, |all, k| all & self.tables[k].of(window[i + k]));
                hits |= u64::from(all != 0) << i;
            }
        }
        hits
    }
}

/// Bit 5 of every byte: letters in both cases become one.
const FOLD: u32 = 0x2020_2020;

/// The first three bytes of a gram.
const SHORT: u32 = 0x00ff_ffff;

/// Where a gram is noted.
#[inline]
fn place(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> (32 - (EXACT_WORDS * 64).trailing_zeros())) as usize
}

/// Notes every spelling of every string, or nothing if they are too many.
fn exact(strings: &[[ByteSet; BYTES]]) -> Box<[u64]> {
    let mut noted = vec![0u64; EXACT_WORDS];
    for sets in strings {
        // A string of three bytes has anything behind it.
        let length = if sets[BYTES - 1] == ByteSet::FULL { BYTES - 1 } else { BYTES };
        let count: usize = sets[..length].iter().map(ByteSet::len).product();
        if count > MAX_SPELLINGS {
            return Box::default();
        }
        for gram in grams::spellings(&sets[..length]) {
            let place = place(gram);
            noted[place >> 6] |= 1 << (place & 63);
        }
    }
    noted.into()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m128i, __m256i, __m512i};

    use super::{BLOCK, BYTES};
    use crate::filter::simd::{Lanes, NibbleTable};

    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn block<L: Lanes>(tables: &[NibbleTable; BYTES], window: &[u8; BLOCK + BYTES]) -> u64 {
        let mut hits = 0;
        for lane in (0..BLOCK).step_by(L::WIDTH) {
            // SAFETY: the caller promises the feature; the bytes are in the window.
            let mut all = unsafe { buckets::<L>(&tables[0], window, lane) };
            for (k, table) in tables.iter().enumerate().skip(1) {
                // SAFETY: as above.
                let one = unsafe { buckets::<L>(table, window, lane + k) };
                // SAFETY: the caller promises the feature.
                all = unsafe { all.and(one) };
            }
            // SAFETY: as above.
            hits |= unsafe { all.test(0xff) } << lane;
        }
        hits
    }

    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn buckets<L: Lanes>(table: &NibbleTable, window: &[u8; BLOCK + BYTES], offset: usize) -> L {
        let bytes: &[u8] = &window[offset..offset + L::WIDTH];
        // SAFETY: the slice has `WIDTH` bytes; the caller promises the feature, here and below.
        let text = unsafe { L::load(bytes.as_ptr()) };
        // SAFETY: as above.
        let low = unsafe { L::table(&table.low) };
        // SAFETY: as above.
        let high = unsafe { L::table(&table.high) };
        // SAFETY: as above.
        unsafe { text.classify(low, high) }
    }

    macro_rules! block {
        ($(#[$doc:meta])* $name:ident, $register:ty, $features:literal) => {
            $(#[$doc])*
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $name(tables: &[NibbleTable; BYTES], window: &[u8; BLOCK + BYTES]) -> u64 {
                // SAFETY: this function is only called where the CPU has the features.
                unsafe { block::<$register>(tables, window) }
            }
        };
    }

    block!(
        /// # Safety
        /// The CPU must have SSSE3.
        block_ssse3, __m128i, "ssse3"
    );
    block!(
        /// # Safety
        /// The CPU must have AVX2.
        block_avx2, __m256i, "avx2"
    );
    block!(
        /// # Safety
        /// The CPU must have AVX-512F and AVX-512BW.
        block_avx512, __m512i, "avx512f,avx512bw"
    );
}
