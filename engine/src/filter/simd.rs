//! Registers of bytes, and the one operation that all comparisons are made of: classify bytes by two tables of 16.

/// A table by nibbles: a byte's answer is the common bits of its low and its high nibble.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NibbleTable {
    pub(crate) low: [u8; 16],
    pub(crate) high: [u8; 16],
}

impl NibbleTable {
    /// The tightest table whose answers hold all bits that `of` gives.
    pub(crate) fn new(of: impl Fn(u8) -> u8) -> NibbleTable {
        let mut table = NibbleTable::default();
        for b in 0..=255u8 {
            table.low[usize::from(b & 15)] |= of(b);
            table.high[usize::from(b >> 4)] |= of(b);
        }
        table
    }

    /// The answer to one byte.
    #[inline]
    pub(crate) fn of(&self, byte: u8) -> u8 {
        self.low[usize::from(byte & 15)] & self.high[usize::from(byte >> 4)]
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::Lanes;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// A register of bytes.
    ///
    /// # Safety
    /// Every method may only be called where the CPU has the implementation's feature.
    pub(crate) trait Lanes: Copy {
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
        /// The bytes with bit 5 set, where `classes` shares a bit with `bits`, else zero.
        unsafe fn fold_where(self, classes: Self, bits: u8) -> Self;
        /// Writes `WIDTH` bytes; `at` must be writable that far.
        unsafe fn store(self, at: *mut u8);
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

        #[inline(always)]
        unsafe fn fold_where(self, classes: Self, bits: u8) -> Self {
            // SAFETY: the caller promises SSSE3.
            let wanted = unsafe { _mm_set1_epi8(bits.cast_signed()) };
            // SAFETY: as above.
            let shared = unsafe { _mm_and_si128(classes, wanted) };
            // SAFETY: as above.
            let zero = unsafe { _mm_setzero_si128() };
            // SAFETY: as above.
            let none = unsafe { _mm_cmpeq_epi8(shared, zero) };
            // SAFETY: as above.
            let bit = unsafe { _mm_set1_epi8(0x20) };
            // SAFETY: as above.
            let folded = unsafe { _mm_or_si128(self, bit) };
            // SAFETY: as above.
            unsafe { _mm_andnot_si128(none, folded) }
        }

        #[inline(always)]
        unsafe fn store(self, at: *mut u8) {
            // SAFETY: the caller promises room for a register; the store needs no alignment.
            unsafe { _mm_storeu_si128(at.cast(), self) }
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

        #[inline(always)]
        unsafe fn fold_where(self, classes: Self, bits: u8) -> Self {
            // SAFETY: the caller promises AVX2.
            let wanted = unsafe { _mm256_set1_epi8(bits.cast_signed()) };
            // SAFETY: as above.
            let shared = unsafe { _mm256_and_si256(classes, wanted) };
            // SAFETY: as above.
            let zero = unsafe { _mm256_setzero_si256() };
            // SAFETY: as above.
            let none = unsafe { _mm256_cmpeq_epi8(shared, zero) };
            // SAFETY: as above.
            let bit = unsafe { _mm256_set1_epi8(0x20) };
            // SAFETY: as above.
            let folded = unsafe { _mm256_or_si256(self, bit) };
            // SAFETY: as above.
            unsafe { _mm256_andnot_si256(none, folded) }
        }

        #[inline(always)]
        unsafe fn store(self, at: *mut u8) {
            // SAFETY: the caller promises room for a register; the store needs no alignment.
            unsafe { _mm256_storeu_si256(at.cast(), self) }
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

        #[inline(always)]
        unsafe fn fold_where(self, classes: Self, bits: u8) -> Self {
            // SAFETY: the caller promises AVX-512BW.
            let wanted = unsafe { _mm512_set1_epi8(bits.cast_signed()) };
            // SAFETY: as above.
            let shared = unsafe { _mm512_test_epi8_mask(classes, wanted) };
            // SAFETY: as above.
            let bit = unsafe { _mm512_set1_epi8(0x20) };
            // SAFETY: as above.
            let folded = unsafe { _mm512_or_si512(self, bit) };
            // SAFETY: as above.
            unsafe { _mm512_maskz_mov_epi8(shared, folded) }
        }

        #[inline(always)]
        unsafe fn store(self, at: *mut u8) {
            // SAFETY: the caller promises room for a register; the store needs no alignment.
            unsafe { _mm512_storeu_si512(at.cast(), self) }
        }
    }
}
