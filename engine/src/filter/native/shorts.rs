//! Short anchors: three bytes compared at every position at once.
//!
//! The anchors are dealt into eight buckets, one bit each. For each of the three bytes a table by its value says in
//! which buckets an anchor has it there; a position where the three answers share a bit is a hit. The SIMD kernels split
//! the tables by nibbles (after the Teddy algorithm of Hyperscan's authors), the exact tables here then say which.

use crate::anchor::rarity;
use crate::byteset::ByteSet;

/// Bytes that are compared.
pub(super) const BYTES: usize = 3;
const BUCKETS: usize = 8;

/// A short anchor's place in the exact table.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortEntry {
    pub(super) entry: u32,
    /// Where in the anchor the compared bytes stand.
    pub(super) offset: u8,
}

/// All short anchors.
#[derive(Debug)]
pub(super) struct ShortTable {
    /// For each compared byte and value: the buckets that have it there.
    bytes: Box<[[u8; 256]; BYTES]>,
    buckets: [Vec<ShortEntry>; BUCKETS],
}

impl ShortTable {
    /// Takes entry, byte sets and offset of the compared bytes of each anchor.
    pub(super) fn new(anchors: &[(u32, &[ByteSet], usize)]) -> ShortTable {
        let mut table = ShortTable { bytes: Box::new([[0; 256]; BYTES]), buckets: Default::default() };
        let mut sets = [[ByteSet::EMPTY; BYTES]; BUCKETS];
        for &(entry, anchor, offset) in anchors {
            let own = &anchor[offset..offset + BYTES];
            // The bucket that gets the least worse by taking it.
            let bucket = (0..BUCKETS)
                .min_by(|&a, &b| growth(&sets[a], own).total_cmp(&growth(&sets[b], own)))
                .expect("there are buckets");
            for i in 0..BYTES {
                sets[bucket][i] = sets[bucket][i].union(&own[i]);
                for byte in own[i].iter() {
                    table.bytes[i][usize::from(byte)] |= 1 << bucket;
                }
            }
            let offset = u8::try_from(offset).expect("anchors are at most 16 bytes long");
            table.buckets[bucket].push(ShortEntry { entry, offset });
        }
        table
    }

    pub(super) fn is_empty(&self) -> bool {
        self.buckets.iter().all(Vec::is_empty)
    }

    /// The anchors whose compared bytes may stand at `at`.
    #[inline]
    pub(super) fn entries(&self, text: &[u8], at: usize) -> impl Iterator<Item = &ShortEntry> {
        let buckets = match text.get(at..at + BYTES) {
            Some(bytes) => (0..BYTES).fold(0xff, |all, i| all & self.bytes[i][usize::from(bytes[i])]),
            None => 0,
        };
        (0..BUCKETS).filter(move |b| buckets >> b & 1 != 0).flat_map(|b| self.buckets[b].iter())
    }

    /// The buckets of a byte at one of the compared places.
    pub(super) fn buckets_of(&self, place: usize, byte: u8) -> u8 {
        self.bytes[place][usize::from(byte)]
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.bytes) + self.buckets.iter().map(|b| size_of_val(b.as_slice())).sum::<usize>()
    }
}

/// How many more hits in ordinary text a bucket would have with one more anchor.
fn growth(bucket: &[ByteSet; BYTES], own: &[ByteSet]) -> f64 {
    let rate =
        |sets: &mut dyn Iterator<Item = ByteSet>| sets.map(|s| rarity::share(&nibbles(&s))).product::<f64>();
    rate(&mut (0..BYTES).map(|i| bucket[i].union(&own[i]))) - rate(&mut bucket.iter().copied())
}

/// The set as a table by nibbles sees it: every high nibble with every low nibble.
fn nibbles(set: &ByteSet) -> ByteSet {
    let high: Vec<u8> = set.iter().map(|b| b >> 4).collect();
    let low: Vec<u8> = set.iter().map(|b| b & 15).collect();
    ByteSet::of(&high.iter().flat_map(|h| low.iter().map(move |l| h << 4 | l)).collect::<Vec<u8>>())
}
