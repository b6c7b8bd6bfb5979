//! The comparison of one block at each SIMD level, and the choice among them.
//!
//! All kernels do the same: classify the bytes by two table look-ups, one for each nibble, and turn what they find into
//! bit masks. The portable one uses tables by byte value and is the reference in the tests.

use crate::filter::native::shorts::{BYTES, ShortTable};
use crate::filter::native::words::WordSearch;
use crate::filter::native::{Masks, Native, WINDOW};
use crate::filter::runs::{BLOCK, KINDS, RunAnchors, RunMasks, kind};
use crate::filter::simd::NibbleTable;
use crate::filter::{FilterScratch, SimdLevel};

/// The tables of a database, and the level that was chosen.
#[derive(Debug)]
pub(super) struct Kernel {
    level: SimdLevel,
    by_words: bool,
    /// Of the first eight buckets and of the others.
    shorts: Option<[[NibbleTable; BYTES]; 2]>,
    kinds: Option<NibbleTable>,
    /// The exact tables, for the portable kernel.
    short_bytes: Box<[[u16; 256]; BYTES]>,
}

impl Kernel {
    /// `level` must be one that the CPU has.
    pub(super) fn new(level: SimdLevel, by_words: bool, shorts: &ShortTable, runs: &RunAnchors) -> Kernel {
        assert!(level.is_available(), "the SIMD level was resolved for this CPU");
        let of_shorts = std::array::from_fn(|half| {
            std::array::from_fn(|i| NibbleTable::new(|b| shorts.buckets_of(i, b).to_le_bytes()[half]))
        });
        let mut short_bytes = Box::new([[0; 256]; BYTES]);
        for (i, table) in short_bytes.iter_mut().enumerate() {
            for b in 0..=255u8 {
                table[usize::from(b)] = shorts.buckets_of(i, b);
            }
        }
        Kernel {
            level,
            by_words,
            shorts: (!shorts.is_empty()).then_some(of_shorts),
            kinds: (!runs.is_empty() || by_words).then(|| NibbleTable::new(|b| KINDS[usize::from(b)])),
            short_bytes,
        }
    }

    /// Whether there are anchors that are found as words.
    pub(super) fn by_words(&self) -> bool {
        self.by_words
    }

    /// Searches with the chosen level.
    pub(super) fn run(
        &self,
        native: &Native,
        text: &[u8],
        from: usize,
        until: usize,
        scratch: &mut FilterScratch,
    ) -> u64 {
        match self.level {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => {
                // SAFETY: `new` checked that this CPU has the level.
                unsafe { x86::search_avx512(self, native, text, from, until, scratch) }
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => {
                // SAFETY: `new` checked that this CPU has the level.
                unsafe { x86::search_avx2(self, native, text, from, until, scratch) }
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Ssse3 => {
                // SAFETY: `new` checked that this CPU has the level.
                unsafe { x86::search_ssse3(self, native, text, from, until, scratch) }
            }
            _ => {
                let masks = |window: &_, words: &mut _| self.portable(window, words);
                native.search(text, from, until, scratch, masks, WordSearch::look_up)
            }
        }
    }

    fn portable(&self, window: &[u8; WINDOW], words: &mut [u8; WINDOW]) -> Masks {
        let mut masks = Masks::default();
        if self.shorts.is_some() {
            let tables = &*self.short_bytes;
            for i in 0..BLOCK {
                let buckets = (0..BYTES).fold(0xffff, |all, k| all & tables[k][usize::from(window[i + k])]);
                masks.short |= u64::from(buckets != 0) << i;
            }
        }
        if self.kinds.is_some() {
            masks.runs = RunMasks::portable(&window[..BLOCK]);
            let is_word = |i: usize| KINDS[usize::from(window[i])] & kind::ALPHANUMERIC != 0;
            masks.word = (0..BLOCK).fold(0, |all, i| all | u64::from(is_word(i)) << i);
            for (i, (byte, word)) in window.iter().zip(words).enumerate() {
                *word = if is_word(i) { byte | 0x20 } else { 0 };
            }
        }
        masks
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Kernel, Masks, Native};
    use crate::filter::FilterScratch;
    use crate::filter::native::WINDOW;
    use crate::filter::native::words::{WordSearch, WordTable};
    use crate::filter::runs::{BLOCK, RunMasks, kind};
    use crate::filter::simd::{Lanes, NibbleTable};

    /// The comparison of one block in registers of one kind.
    ///
    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn masks<L: Lanes>(kernel: &Kernel, window: &[u8; WINDOW], words: &mut [u8; WINDOW]) -> Masks {
        // SAFETY: the caller promises the feature.
        let short = unsafe { shorts::<L>(kernel, window) };
        let mut masks = Masks { short, ..Masks::default() };
        // SAFETY: as above.
        unsafe { kinds::<L>(kernel, window, words, &mut masks) };
        masks
    }

    /// Where the nibble tables let a short anchor pass.
    ///
    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn shorts<L: Lanes>(kernel: &Kernel, window: &[u8; WINDOW]) -> u64 {
        let mut short = 0;
        for tables in kernel.shorts.iter().flatten() {
            for lane in (0..BLOCK).step_by(L::WIDTH) {
                // SAFETY: the caller promises the feature; the offsets are 0 to 3.
                let mut all = unsafe { buckets::<L>(&tables[0], window, lane) };
                for (k, table) in tables.iter().enumerate().skip(1) {
                    // SAFETY: as above.
                    let one = unsafe { buckets::<L>(table, window, lane + k) };
                    // SAFETY: the caller promises the feature.
                    all = unsafe { all.and(one) };
                }
                // SAFETY: as above.
                short |= unsafe { all.test(0xff) } << lane;
            }
        }
        short
    }

    /// The kinds of the bytes, as far as anchors ask for them.
    ///
    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn kinds<L: Lanes>(
        kernel: &Kernel,
        window: &[u8; WINDOW],
        words: &mut [u8; WINDOW],
        masks: &mut Masks,
    ) {
        let Some(kinds) = &kernel.kinds else { return };
        // SAFETY: every level with vectors has registers of 16 bytes.
        unsafe { letters::<__m128i>(kinds, window, words, BLOCK) };
        let mut runs = RunMasks::default();
        for lane in (0..BLOCK).step_by(L::WIDTH) {
            // SAFETY: the caller promises the feature.
            let of = unsafe { letters::<L>(kinds, window, words, lane) };
            // SAFETY: the caller promises the feature, here and below.
            let digit = unsafe { of.test(kind::DIGIT) };
            // SAFETY: as above.
            let separator = unsafe { of.test(kind::SEPARATOR) };
            // SAFETY: as above.
            let token = unsafe { of.test(kind::TOKEN) };
            // SAFETY: as above.
            let letter = unsafe { of.test(kind::LETTER) };
            // SAFETY: as above.
            let lead_greek_cyrillic = unsafe { of.test(kind::LEAD_GREEK_CYRILLIC) };
            // SAFETY: as above.
            let lead_mark = unsafe { of.test(kind::LEAD_MARK) };
            // SAFETY: as above.
            masks.word |= unsafe { of.test(kind::ALPHANUMERIC) } << lane;
            runs = RunMasks {
                digit: runs.digit | digit << lane,
                separator: runs.separator | separator << lane,
                token: runs.token | token << lane,
                letter: runs.letter | letter << lane,
                lead_greek_cyrillic: runs.lead_greek_cyrillic | lead_greek_cyrillic << lane,
                lead_mark: runs.lead_mark | lead_mark << lane,
            };
        }
        masks.runs = runs;
    }

    /// Classifies the bytes of the window from `offset` on, and copies the letters and digits among them, folded.
    ///
    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn letters<L: Lanes>(
        kinds: &NibbleTable,
        window: &[u8; WINDOW],
        words: &mut [u8; WINDOW],
        offset: usize,
    ) -> L {
        // SAFETY: the caller promises the feature, here and below.
        let of = unsafe { buckets::<L>(kinds, window, offset) };
        let bytes: &[u8] = &window[offset..offset + L::WIDTH];
        // SAFETY: the slice has `WIDTH` bytes.
        let text = unsafe { L::load(bytes.as_ptr()) };
        // SAFETY: as above.
        let letters = unsafe { text.fold_where(of, kind::ALPHANUMERIC) };
        let place: &mut [u8] = &mut words[offset..offset + L::WIDTH];
        // SAFETY: the slice has `WIDTH` bytes.
        unsafe { letters.store(place.as_mut_ptr()) };
        of
    }

    /// Looks up the bytes of the window from `offset` on.
    ///
    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn buckets<L: Lanes>(table: &NibbleTable, window: &[u8; WINDOW], offset: usize) -> L {
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

    macro_rules! search {
        ($(#[$doc:meta])* $name:ident, $look_up:ident, $register:ty, $features:literal) => {
            /// PERF: apart, so that the loop has the registers for itself.
            ///
            $(#[$doc])*
            #[inline(never)]
            #[target_feature(enable = $features)]
            unsafe fn $look_up(words: &mut WordSearch, table: &WordTable) {
                words.look_up(table);
            }

            $(#[$doc])*
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $name(
                kernel: &Kernel,
                native: &Native,
                text: &[u8],
                from: usize,
                until: usize,
                scratch: &mut FilterScratch,
            ) -> u64 {
                let masks = |window: &_, words: &mut _| {
                    // SAFETY: this function is only called where the CPU has the features.
                    unsafe { masks::<$register>(kernel, window, words) }
                };
                let look_up = |words: &mut _, table: &_| {
                    // SAFETY: as above.
                    unsafe { $look_up(words, table) }
                };
                native.search(text, from, until, scratch, masks, look_up)
            }
        };
    }

    search!(
        /// # Safety
        /// The CPU must have SSSE3.
        search_ssse3, look_up_ssse3, __m128i, "ssse3"
    );
    search!(
        /// # Safety
        /// The CPU must have AVX2.
        search_avx2, look_up_avx2, __m256i, "avx2,bmi1,bmi2,lzcnt,popcnt"
    );
    search!(
        /// # Safety
        /// The CPU must have AVX-512F, BW, DQ and VL.
        search_avx512, look_up_avx512, __m512i, "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table by nibbles must give a byte exactly its kinds, or the levels would differ in what they propose.
    #[test]
    fn the_kinds_survive_the_split_into_nibbles() {
        let table = NibbleTable::new(|b| KINDS[usize::from(b)]);
        for b in 0..=255u8 {
            assert_eq!(table.of(b), KINDS[usize::from(b)], "byte {b:#04x}");
        }
    }
}
