//! The comparison of one block at each SIMD level, and the choice among them.
//!
//! All kernels do the same: classify the bytes by two table look-ups, one for each nibble, and turn what they find into
//! bit masks. The portable one uses tables by byte value and is the reference in the tests.

use crate::filter::native::shorts::{BYTES, ShortTable};
use crate::filter::native::{Masks, Native, WINDOW};
use crate::filter::runs::{BLOCK, KINDS, RunAnchors, RunMasks};
use crate::filter::{Candidate, SimdLevel};

/// A table by nibbles: a byte's answer is the common bits of its low and its high nibble.
#[derive(Clone, Copy, Debug, Default)]
struct NibbleTable {
    low: [u8; 16],
    high: [u8; 16],
}

impl NibbleTable {
    /// The tightest table whose answers hold all bits that `of` gives.
    fn new(of: impl Fn(u8) -> u8) -> NibbleTable {
        let mut table = NibbleTable::default();
        for b in 0..=255u8 {
            table.low[usize::from(b & 15)] |= of(b);
            table.high[usize::from(b >> 4)] |= of(b);
        }
        table
    }
}

/// The tables of a database, and the level that was chosen.
#[derive(Debug)]
pub(super) struct Kernel {
    level: SimdLevel,
    shorts: Option<[NibbleTable; BYTES]>,
    kinds: Option<NibbleTable>,
    /// The exact tables, for the portable kernel.
    short_bytes: Box<[[u8; 256]; BYTES]>,
}

impl Kernel {
    /// `level` must be one that the CPU has.
    pub(super) fn new(level: SimdLevel, shorts: &ShortTable, runs: &RunAnchors) -> Kernel {
        assert!(level.is_available(), "the SIMD level was resolved for this CPU");
        let of_shorts = std::array::from_fn(|i| NibbleTable::new(|b| shorts.buckets_of(i, b)));
        let mut short_bytes = Box::new([[0; 256]; BYTES]);
        for (i, table) in short_bytes.iter_mut().enumerate() {
            for b in 0..=255u8 {
                table[usize::from(b)] = shorts.buckets_of(i, b);
            }
        }
        Kernel {
            level,
            shorts: (!shorts.is_empty()).then_some(of_shorts),
            kinds: (!runs.is_empty()).then(|| NibbleTable::new(|b| KINDS[usize::from(b)])),
            short_bytes,
        }
    }

    /// Searches with the chosen level.
    pub(super) fn run(&self, native: &Native, text: &[u8], from: usize, found: &mut Vec<Candidate>) -> u64 {
        match self.level {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => {
                // SAFETY: `new` checked that this CPU has the level.
                unsafe { x86::search_avx512(self, native, text, from, found) }
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => {
                // SAFETY: `new` checked that this CPU has the level.
                unsafe { x86::search_avx2(self, native, text, from, found) }
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Ssse3 => {
                // SAFETY: `new` checked that this CPU has the level.
                unsafe { x86::search_ssse3(self, native, text, from, found) }
            }
            _ => native.search(text, from, found, |window| self.portable(window)),
        }
    }

    fn portable(&self, window: &[u8; WINDOW]) -> Masks {
        let mut masks = Masks::default();
        if self.shorts.is_some() {
            let tables = &*self.short_bytes;
            for i in 0..BLOCK {
                let buckets = (0..BYTES).fold(0xff, |all, k| all & tables[k][usize::from(window[i + k])]);
                masks.short |= u64::from(buckets != 0) << i;
            }
        }
        if self.kinds.is_some() {
            masks.runs = RunMasks::portable(&window[..BLOCK]);
        }
        masks
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Kernel, Masks, Native, NibbleTable};
    use crate::filter::Candidate;
    use crate::filter::native::WINDOW;
    use crate::filter::runs::{BLOCK, RunMasks, kind};

    /// A register of bytes.
    ///
    /// # Safety
    /// Every method may only be called where the CPU has the implementation's feature.
    trait Lanes: Copy {
        /// Bytes of a register.
        const WIDTH: usize;
        /// Reads `WIDTH` bytes; `at` must be readable that far.
        unsafe fn load(at: *const u8) -> Self;
        /// Repeats a table of 16 in every 16-byte lane.
        unsafe fn table(table: &[u8; 16]) -> Self;
        /// For each byte the table's answer to its low nibble and to its high nibble, and-ed.
        unsafe fn classify(self, low: Self, high: Self) -> Self;
        /// Bitwise and.
        unsafe fn and(self, other: Self) -> Self;
        /// One bit a byte: whether it shares a bit with `bits`.
        unsafe fn test(self, bits: u8) -> u64;
    }

    impl Lanes for __m128i {
        const WIDTH: usize = 16;

        #[inline(always)]
        unsafe fn load(at: *const u8) -> Self {
            // SAFETY: the caller promises 16 readable bytes; the load needs no alignment.
            unsafe { _mm_loadu_si128(at.cast()) }
        }

        #[inline(always)]
        unsafe fn table(table: &[u8; 16]) -> Self {
            // SAFETY: the table has 16 bytes; the load needs no alignment.
            unsafe { _mm_loadu_si128(table.as_ptr().cast()) }
        }

        #[inline(always)]
        unsafe fn classify(self, low: Self, high: Self) -> Self {
            // SAFETY: the caller promises SSSE3.
            let nibble = unsafe { _mm_set1_epi8(15) };
            // SAFETY: as above.
            let index = unsafe { _mm_and_si128(self, nibble) };
            // SAFETY: as above.
            let by_low = unsafe { _mm_shuffle_epi8(low, index) };
            // SAFETY: as above.
            let shifted = unsafe { _mm_srli_epi16(self, 4) };
            // SAFETY: as above.
            let index = unsafe { _mm_and_si128(shifted, nibble) };
            // SAFETY: as above.
            let by_high = unsafe { _mm_shuffle_epi8(high, index) };
            // SAFETY: as above.
            unsafe { _mm_and_si128(by_low, by_high) }
        }

        #[inline(always)]
        unsafe fn and(self, other: Self) -> Self {
            // SAFETY: the caller promises SSSE3.
            unsafe { _mm_and_si128(self, other) }
        }

        #[inline(always)]
        unsafe fn test(self, bits: u8) -> u64 {
            // SAFETY: the caller promises SSSE3.
            let wanted = unsafe { _mm_set1_epi8(bits.cast_signed()) };
            // SAFETY: as above.
            let shared = unsafe { _mm_and_si128(self, wanted) };
            // SAFETY: as above.
            let zero = unsafe { _mm_setzero_si128() };
            // SAFETY: as above.
            let none = unsafe { _mm_cmpeq_epi8(shared, zero) };
            // SAFETY: as above.
            let mask = unsafe { _mm_movemask_epi8(none) };
            u64::from(!mask.cast_unsigned() & 0xffff)
        }
    }

    impl Lanes for __m256i {
        const WIDTH: usize = 32;

        #[inline(always)]
        unsafe fn load(at: *const u8) -> Self {
            // SAFETY: the caller promises 32 readable bytes; the load needs no alignment.
            unsafe { _mm256_loadu_si256(at.cast()) }
        }

        #[inline(always)]
        unsafe fn table(table: &[u8; 16]) -> Self {
            // SAFETY: the table has 16 bytes; the load needs no alignment.
            let lane = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
            // SAFETY: the caller promises AVX2.
            unsafe { _mm256_broadcastsi128_si256(lane) }
        }

        #[inline(always)]
        unsafe fn classify(self, low: Self, high: Self) -> Self {
            // SAFETY: the caller promises AVX2.
            let nibble = unsafe { _mm256_set1_epi8(15) };
            // SAFETY: as above.
            let index = unsafe { _mm256_and_si256(self, nibble) };
            // SAFETY: as above.
            let by_low = unsafe { _mm256_shuffle_epi8(low, index) };
            // SAFETY: as above.
            let shifted = unsafe { _mm256_srli_epi16(self, 4) };
            // SAFETY: as above.
            let index = unsafe { _mm256_and_si256(shifted, nibble) };
            // SAFETY: as above.
            let by_high = unsafe { _mm256_shuffle_epi8(high, index) };
            // SAFETY: as above.
            unsafe { _mm256_and_si256(by_low, by_high) }
        }

        #[inline(always)]
        unsafe fn and(self, other: Self) -> Self {
            // SAFETY: the caller promises AVX2.
            unsafe { _mm256_and_si256(self, other) }
        }

        #[inline(always)]
        unsafe fn test(self, bits: u8) -> u64 {
            // SAFETY: the caller promises AVX2.
            let wanted = unsafe { _mm256_set1_epi8(bits.cast_signed()) };
            // SAFETY: as above.
            let shared = unsafe { _mm256_and_si256(self, wanted) };
            // SAFETY: as above.
            let zero = unsafe { _mm256_setzero_si256() };
            // SAFETY: as above.
            let none = unsafe { _mm256_cmpeq_epi8(shared, zero) };
            // SAFETY: as above.
            let mask = unsafe { _mm256_movemask_epi8(none) };
            u64::from(!mask.cast_unsigned())
        }
    }

    impl Lanes for __m512i {
        const WIDTH: usize = 64;

        #[inline(always)]
        unsafe fn load(at: *const u8) -> Self {
            // SAFETY: the caller promises 64 readable bytes; the load needs no alignment.
            unsafe { _mm512_loadu_si512(at.cast()) }
        }

        #[inline(always)]
        unsafe fn table(table: &[u8; 16]) -> Self {
            // SAFETY: the table has 16 bytes; the load needs no alignment.
            let lane = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
            // SAFETY: the caller promises AVX-512F.
            unsafe { _mm512_broadcast_i32x4(lane) }
        }

        #[inline(always)]
        unsafe fn classify(self, low: Self, high: Self) -> Self {
            // SAFETY: the caller promises AVX-512BW.
            let nibble = unsafe { _mm512_set1_epi8(15) };
            // SAFETY: as above.
            let index = unsafe { _mm512_and_si512(self, nibble) };
            // SAFETY: as above.
            let by_low = unsafe { _mm512_shuffle_epi8(low, index) };
            // SAFETY: as above.
            let shifted = unsafe { _mm512_srli_epi16(self, 4) };
            // SAFETY: as above.
            let index = unsafe { _mm512_and_si512(shifted, nibble) };
            // SAFETY: as above.
            let by_high = unsafe { _mm512_shuffle_epi8(high, index) };
            // SAFETY: as above.
            unsafe { _mm512_and_si512(by_low, by_high) }
        }

        #[inline(always)]
        unsafe fn and(self, other: Self) -> Self {
            // SAFETY: the caller promises AVX-512F.
            unsafe { _mm512_and_si512(self, other) }
        }

        #[inline(always)]
        unsafe fn test(self, bits: u8) -> u64 {
            // SAFETY: the caller promises AVX-512BW.
            let wanted = unsafe { _mm512_set1_epi8(bits.cast_signed()) };
            // SAFETY: as above.
            unsafe { _mm512_test_epi8_mask(self, wanted) }
        }
    }

    /// The comparison of one block in registers of one kind.
    ///
    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn masks<L: Lanes>(kernel: &Kernel, window: &[u8; WINDOW]) -> Masks {
        let mut masks = Masks::default();
        for lane in (0..BLOCK).step_by(L::WIDTH) {
            if let Some([first, second, third]) = &kernel.shorts {
                // SAFETY: the caller promises the feature; the offsets are 0 to 2.
                let one = unsafe { buckets::<L>(first, window, lane) };
                // SAFETY: as above.
                let two = unsafe { buckets::<L>(second, window, lane + 1) };
                // SAFETY: as above.
                let three = unsafe { buckets::<L>(third, window, lane + 2) };
                // SAFETY: the caller promises the feature.
                let both = unsafe { one.and(two) };
                // SAFETY: as above.
                let all = unsafe { both.and(three) };
                // SAFETY: as above.
                masks.short |= unsafe { all.test(0xff) } << lane;
            }
            if let Some(kinds) = &kernel.kinds {
                // SAFETY: the caller promises the feature; the offset is 0.
                let of = unsafe { buckets::<L>(kinds, window, lane) };
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
                masks.runs = RunMasks {
                    digit: masks.runs.digit | digit << lane,
                    separator: masks.runs.separator | separator << lane,
                    token: masks.runs.token | token << lane,
                    letter: masks.runs.letter | letter << lane,
                    lead_greek_cyrillic: masks.runs.lead_greek_cyrillic | lead_greek_cyrillic << lane,
                    lead_mark: masks.runs.lead_mark | lead_mark << lane,
                };
            }
        }
        masks
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
        ($(#[$doc:meta])* $name:ident, $register:ty, $features:literal) => {
            $(#[$doc])*
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $name(
                kernel: &Kernel,
                native: &Native,
                text: &[u8],
                from: usize,
                found: &mut Vec<Candidate>,
            ) -> u64 {
                native.search(text, from, found, |window| {
                    // SAFETY: this function is only called where the CPU has the features.
                    unsafe { masks::<$register>(kernel, window) }
                })
            }
        };
    }

    search!(
        /// # Safety
        /// The CPU must have SSSE3.
        search_ssse3, __m128i, "ssse3"
    );
    search!(
        /// # Safety
        /// The CPU must have AVX2.
        search_avx2, __m256i, "avx2,bmi1,bmi2,lzcnt"
    );
    search!(
        /// # Safety
        /// The CPU must have AVX-512F and AVX-512BW.
        search_avx512, __m512i, "avx512f,avx512bw,avx2,bmi1,bmi2,lzcnt"
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
            let split = table.low[usize::from(b & 15)] & table.high[usize::from(b >> 4)];
            assert_eq!(split, KINDS[usize::from(b)], "byte {b:#04x}");
        }
    }
}
