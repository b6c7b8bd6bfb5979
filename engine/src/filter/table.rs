//! The exact table: does this anchor really stand here?

use crate::anchor::list::{AnchorList, Bytes, Position};
use crate::anchor::{Literal, MAX_ANCHOR};
use crate::byteset::ByteSet;

/// All byte anchors, ready to be compared with the text.
#[derive(Debug)]
pub(crate) struct AnchorTable {
    entries: Vec<Entry>,
}

/// PERF: a line of a cache each.
#[derive(Debug)]
#[repr(align(64))]
struct Entry {
    /// The expected bytes where they are fixed, in little-endian order.
    value: u128,
    /// The bits of the text that must equal `value`; for a letter in both cases all but bit 5.
    mask: u128,
    length: u8,
    starts_word: bool,
    ends_word: bool,
    /// The anchor's index in the database.
    anchor: u32,
    /// Positions with a choice of bytes.
    classes: Box<[(u8, ByteSet)]>,
}

impl AnchorTable {
    /// The byte anchors of a list; run anchors are left out.
    pub(crate) fn new(anchors: &AnchorList) -> AnchorTable {
        let entries = anchors.strings().map(|string| Entry::new(anchors, string));
        AnchorTable { entries: entries.collect() }
    }

    /// The database's index and the length of an entry's anchor, if it stands at `at`.
    #[inline]
    pub(crate) fn verify(&self, entry: u32, text: &[u8], at: usize) -> Option<(u32, usize)> {
        let entry = &self.entries[entry as usize];
        let length = usize::from(entry.length);
        let window = match text.get(at..at + MAX_ANCHOR) {
            Some(bytes) => u128::from_le_bytes(bytes.try_into().expect("16 bytes")),
            None => {
                let rest = text.get(at..)?;
                if rest.len() < length {
                    return None;
                }
                let mut padded = [0u8; MAX_ANCHOR];
                padded[..rest.len()].copy_from_slice(rest);
                u128::from_le_bytes(padded)
            }
        };
        let same = window & entry.mask == entry.value
            && entry.classes.iter().all(|(position, set)| set.contains(text[at + usize::from(*position)]))
            && Literal::edges_agree(entry.starts_word, entry.ends_word, text, at, at + length);
        same.then_some((entry.anchor, length))
    }

    /// The eight bytes of an entry's anchor from an offset on, as far as they are fixed, in little-endian order, and which
    /// bits are.
    pub(crate) fn prefix(&self, entry: u32, offset: usize) -> (u64, u64) {
        let entry = &self.entries[entry as usize];
        #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
        let from = |bytes: u128| (bytes >> (8 * offset)) as u64;
        (from(entry.value), from(entry.mask))
    }

    pub(crate) fn memory(&self) -> usize {
        self.entries.iter().map(|e| size_of::<Entry>() + size_of_val(&*e.classes)).sum()
    }
}

impl Entry {
    fn new(anchors: &AnchorList, string: Bytes<'_>) -> Entry {
        assert!(string.positions.len() <= MAX_ANCHOR, "an anchor is at most {MAX_ANCHOR} bytes long");
        let (mut value, mut mask) = ([0; MAX_ANCHOR], [0; MAX_ANCHOR]);
        let mut classes = Vec::new();
        for (at, position) in string.positions.iter().enumerate() {
            (value[at], mask[at]) = match *position {
                Position::Byte(byte) => (byte, 0xff),
                Position::Letter(letter) => (letter & 0xdf, 0xdf),
                Position::Class(_) => {
                    let set = anchors.set(*position);
                    if set != ByteSet::FULL {
                        classes.push((u8::try_from(at).expect("positions are below 16"), set));
                    }
                    (0, 0)
                }
            };
        }
        Entry {
            value: u128::from_le_bytes(value),
            mask: u128::from_le_bytes(mask),
            length: u8::try_from(string.positions.len()).expect("lengths are at most 16"),
            starts_word: string.starts_word,
            ends_word: string.ends_word,
            anchor: string.anchor,
            classes: classes.into(),
        }
    }
}
