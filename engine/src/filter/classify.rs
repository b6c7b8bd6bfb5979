//! Where bytes of a few classes stand: one bit a byte, 64 bytes at a time.
//!
//! The views ask this of every text, so it is one pass over it without branches that depend on it: two look-ups by
//! nibble a register, and a word of mask for each block.

use crate::filter::simd::NibbleTable;
use crate::filter::{SimdLevel, runs::BLOCK};

/// Classes of bytes, one bit each, that a table by nibbles tells apart exactly.
#[derive(Clone, Debug)]
pub(crate) struct Classifier {
    table: NibbleTable,
    level: SimdLevel,
}

impl Classifier {
    /// `level` must be one that the CPU has.
    pub(crate) fn new(level: SimdLevel, of: impl Fn(u8) -> u8) -> Classifier {
        let table = NibbleTable::new(&of);
        debug_assert!(
            (0..=255u8).all(|b| table.of(b) == of(b)),
            "the classes can't be told apart by nibbles"
        );
        assert!(level.is_available(), "the SIMD level was resolved for this CPU");
        Classifier { table, level }
    }

    /// Writes for each block of the text where bytes of each of some classes stand, and says whether there are any.
    pub(crate) fn mark<const N: usize>(
        &self,
        text: &[u8],
        classes: [u8; N],
        masks: &mut Vec<[u64; N]>,
    ) -> bool {
        masks.clear();
        masks.reserve(text.len().div_ceil(BLOCK));
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut any = match self.level {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => {
                // SAFETY: `new` checked that this CPU has the level.
                unsafe { x86::mark_avx512(&self.table, blocks, classes, masks) }
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => {
                // SAFETY: as above.
                unsafe { x86::mark_avx2(&self.table, blocks, classes, masks) }
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Ssse3 => {
                // SAFETY: as above.
                unsafe { x86::mark_ssse3(&self.table, blocks, classes, masks) }
            }
            _ => blocks.iter().fold(0, |any, block| {
                let of_block = classes.map(|classes| self.portable(block, classes));
                masks.push(of_block);
                of_block.into_iter().fold(any, |any, mask| any | mask)
            }),
        };
        if !rest.is_empty() {
            let of_block = classes.map(|classes| self.portable(rest, classes));
            masks.push(of_block);
            any = of_block.into_iter().fold(any, |any, mask| any | mask);
        }
        any != 0
    }

    fn portable(&self, block: &[u8], classes: u8) -> u64 {
        let bit = |(i, b): (usize, &u8)| u64::from(self.table.of(*b) & classes != 0) << i;
        block.iter().enumerate().map(bit).fold(0, |all, bit| all | bit)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m128i, __m256i, __m512i};

    use super::BLOCK;
    use crate::filter::simd::{Lanes, NibbleTable};

    /// # Safety
    /// The CPU must have the feature of `L`.
    #[inline(always)]
    unsafe fn mark<L: Lanes, const N: usize>(
        table: &NibbleTable,
        blocks: &[[u8; BLOCK]],
        classes: [u8; N],
        masks: &mut Vec<[u64; N]>,
    ) -> u64 {
        let mut any = 0;
        // SAFETY: the caller promises the feature, here and below.
        let low = unsafe { L::table(&table.low) };
        // SAFETY: as above.
        let high = unsafe { L::table(&table.high) };
        for block in blocks {
            let mut of_block = [0; N];
            for lane in (0..BLOCK).step_by(L::WIDTH) {
                let bytes: &[u8] = &block[lane..lane + L::WIDTH];
                // SAFETY: the slice has `WIDTH` bytes.
                let text = unsafe { L::load(bytes.as_ptr()) };
                // SAFETY: as above.
                let of = unsafe { text.classify(low, high) };
                for (mask, classes) in of_block.iter_mut().zip(classes) {
                    // SAFETY: as above.
                    *mask |= unsafe { of.test(classes) } << lane;
                }
            }
            masks.push(of_block);
            any = of_block.iter().fold(any, |any, mask| any | mask);
        }
        any
    }

    macro_rules! mark {
        ($(#[$doc:meta])* $name:ident, $register:ty, $features:literal) => {
            $(#[$doc])*
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $name<const N: usize>(
                table: &NibbleTable,
                blocks: &[[u8; BLOCK]],
                classes: [u8; N],
                masks: &mut Vec<[u64; N]>,
            ) -> u64 {
                // SAFETY: this function is only called where the CPU has the features.
                unsafe { mark::<$register, N>(table, blocks, classes, masks) }
            }
        };
    }

    mark!(
        /// # Safety
        /// The CPU must have SSSE3.
        mark_ssse3, __m128i, "ssse3"
    );
    mark!(
        /// # Safety
        /// The CPU must have AVX2.
        mark_avx2, __m256i, "avx2"
    );
    mark!(
        /// # Safety
        /// The CPU must have AVX-512F and AVX-512BW.
        mark_avx512, __m512i, "avx512f,avx512bw,avx2"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_marks_the_same() {
        let of = |b: u8| u8::from(b == b'\\') | u8::from(b == b'%') << 1 | u8::from(b >= 0x80) << 7;
        let text: Vec<u8> =
            (0..1000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect();
        for level in SimdLevel::ALL.into_iter().filter(|l| l.is_available()) {
            let classifier = Classifier::new(level.resolve(), of);
            for classes in [[1, 3], [0x80, 2], [0xff, 0]] {
                for length in [0, 1, 63, 64, 65, 500, 1000] {
                    let mut masks = Vec::new();
                    let any = classifier.mark(&text[..length], classes, &mut masks);
                    let mut some = false;
                    for (k, classes) in classes.into_iter().enumerate() {
                        let marked: Vec<usize> =
                            (0..length).filter(|i| masks[i / 64][k] >> (i % 64) & 1 != 0).collect();
                        let expected: Vec<usize> =
                            (0..length).filter(|&i| of(text[i]) & classes != 0).collect();
                        assert_eq!(marked, expected, "{level} {classes:#x} {length}");
                        some |= !expected.is_empty();
                    }
                    assert_eq!(any, some);
                }
            }
        }
    }
}
