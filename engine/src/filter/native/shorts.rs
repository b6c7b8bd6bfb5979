//! Short anchors: three or four bytes compared at every position at once.
//!
//! The anchors are dealt into sixteen buckets, one bit each. For each of the bytes a table by its nibbles says in
//! which buckets an anchor has it there; a position where the answers share a bit may be a hit (after the Teddy
//! algorithm of Hyperscan's authors). With many short anchors that alone lets much pass, so what passes is looked up by
//! the hash of its first three bytes, as the longer grams are. Eight buckets were a quarter less work for the vectors,
//! but with 150 anchors four times as many positions passed, which cost far more.

use crate::anchor::grams::{MOST_SHORT, SHORT_GRAM};
use crate::byteset::ByteSet;
use crate::error::LoadError;
use crate::filter::deal::deal;
use crate::filter::native::gram_table::{self, GramEntry, GramTable, Grams};
use crate::serial::{Reader, Writer};

/// Bytes that are compared; of a shorter anchor the last may be any.
pub(super) const BYTES: usize = MOST_SHORT;
const BUCKETS: usize = 16;

/// All short anchors.
#[derive(Debug)]
pub(super) struct ShortTable {
    /// For each compared byte and value: the buckets that have it there.
    bytes: Box<[[u16; 256]; BYTES]>,
    grams: GramTable,
}

/// What the table is made of: which anchors share a bucket is worked out from the rarity of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shorts {
    bytes: Box<[[u16; 256]; BYTES]>,
    grams: Grams,
}

impl Shorts {
    /// Takes entry, byte sets and offset of the compared bytes of each anchor.
    pub(super) fn new(anchors: &[(u32, &[ByteSet], usize)]) -> Shorts {
        let mut bytes = Box::new([[0u16; 256]; BYTES]);
        let mut grams = Grams::default();
        let compared = |anchor: &[ByteSet], offset: usize| -> [ByteSet; BYTES] {
            std::array::from_fn(|i| anchor.get(offset + i).copied().unwrap_or(ByteSet::FULL))
        };
        let sets: Vec<_> = anchors.iter().map(|&(_, anchor, offset)| compared(anchor, offset)).collect();
        let dealt = deal(&sets, BUCKETS);
        for ((&(entry, anchor, offset), own), bucket) in anchors.iter().zip(&sets).zip(dealt) {
            for i in 0..BYTES {
                for byte in own[i].iter() {
                    bytes[i][usize::from(byte)] |= 1 << bucket;
                }
            }
            grams.insert(entry, anchor, &[offset], SHORT_GRAM);
        }
        grams.sort();
        Shorts { bytes, grams }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.bytes.as_flattened().iter().for_each(|buckets| writer.u16(*buckets));
        self.grams.write(writer);
    }

    /// Reads those of so many anchors.
    pub(super) fn read(reader: &mut Reader<'_>, anchors: usize) -> Result<Shorts, LoadError> {
        let mut bytes = Box::new([[0u16; 256]; BYTES]);
        for buckets in bytes.as_flattened_mut() {
            *buckets = reader.u16()?;
        }
        Ok(Shorts { bytes, grams: Grams::read(reader, anchors)? })
    }
}

impl ShortTable {
    pub(super) fn new(shorts: Shorts) -> ShortTable {
        ShortTable { bytes: shorts.bytes, grams: GramTable::new(shorts.grams) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.grams.is_empty()
    }

    /// Whether a short anchor may stand where these bytes do: 1 or 0.
    #[inline(always)]
    pub(super) fn may_have(&self, bytes: [u8; BYTES]) -> usize {
        usize::from(self.grams.may_have(gram_table::short(bytes)))
    }

    /// The anchors that have these bytes, as far as they are looked up.
    #[inline]
    pub(super) fn entries(&self, bytes: [u8; BYTES]) -> impl Iterator<Item = &GramEntry> {
        self.grams.entries(gram_table::short(bytes))
    }

    /// The buckets of a byte at one of the compared places.
    pub(super) fn buckets_of(&self, place: usize, byte: u8) -> u16 {
        self.bytes[place][usize::from(byte)]
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.bytes) + self.grams.memory()
    }
}
