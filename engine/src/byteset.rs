//! A set of byte values.

use std::fmt;

use crate::error::LoadError;
use crate::serial::{Reader, Writer};

/// A set of byte values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(crate) const EMPTY: ByteSet = ByteSet([0; 4]);
    pub(crate) const FULL: ByteSet = ByteSet([u64::MAX; 4]);

    pub(crate) const ASCII: ByteSet = ByteSet([u64::MAX, u64::MAX, 0, 0]);
    /// ASCII letters and digits.
    pub(crate) const ALPHANUMERIC: ByteSet = ByteSet([0x03ff_0000_0000_0000, 0x07ff_fffe_07ff_fffe, 0, 0]);

    pub(crate) fn of(bytes: &[u8]) -> ByteSet {
        let mut set = ByteSet::EMPTY;
        for &b in bytes {
            set.insert(b);
        }
        set
    }

    pub(crate) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(crate) fn insert_range(&mut self, low: u8, high: u8) {
        for byte in low..=high {
            self.insert(byte);
        }
    }

    #[inline]
    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    pub(crate) fn union(&self, other: &ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    pub(crate) fn intersection(&self, other: &ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    pub(crate) fn difference(&self, other: &ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] & !other.0[i]))
    }

    pub(crate) fn is_disjoint(&self, other: &ByteSet) -> bool {
        self.intersection(other) == ByteSet::EMPTY
    }

    pub(crate) fn is_subset(&self, other: &ByteSet) -> bool {
        self.intersection(other) == *self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0u8..4).zip(self.0).flat_map(|(word, mut bits)| {
            std::iter::from_fn(move || {
                let bit = u8::try_from(bits.trailing_zeros()).ok().filter(|bit| *bit < 64)?;
                bits &= bits - 1;
                Some(word << 6 | bit)
            })
        })
    }

    /// The only member, if there is exactly one.
    pub(crate) fn single(&self) -> Option<u8> {
        if self.len() == 1 { self.iter().next() } else { None }
    }

    /// The lower-case letter, if the set is just a letter in both cases.
    pub(crate) fn folded_letter(&self) -> Option<u8> {
        if self.len() != 2 {
            return None;
        }
        let upper = self.iter().next()?;
        (upper.is_ascii_uppercase() && self.contains(upper | 0x20)).then_some(upper | 0x20)
    }
}

impl ByteSet {
    pub(crate) fn write(&self, writer: &mut Writer) {
        self.0.iter().for_each(|word| writer.u64(*word));
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<ByteSet, LoadError> {
        Ok(ByteSet([reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?]))
    }
}

impl fmt::Debug for ByteSet {
    /// The set as a person reads it in an anchor: `a` for a letter in both cases, `[0-9]`, `[\t\n ]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(b) = self.single().or_else(|| self.folded_letter()) {
            return write!(f, "{}", b.escape_ascii());
        }
        if *self == ByteSet::FULL {
            return write!(f, ".");
        }
        write!(f, "[")?;
        let mut next = 0u16;
        while next < 256 {
            let Some(low) = (next..256).find(|&b| u8::try_from(b).is_ok_and(|b| self.contains(b))) else {
                break;
            };
            let high = (low..256).take_while(|&b| u8::try_from(b).is_ok_and(|b| self.contains(b))).last();
            let high = high.unwrap_or(low);
            let show = |b: u16| u8::try_from(b).unwrap_or(0).escape_ascii().to_string();
            match high - low {
                0 => write!(f, "{}", show(low))?,
                1 => write!(f, "{}{}", show(low), show(high))?,
                _ => write!(f, "{}-{}", show(low), show(high))?,
            }
            next = high + 1;
        }
        write!(f, "]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_person_reads() {
        assert_eq!(format!("{:?}", ByteSet::of(b"aA")), "a");
        assert_eq!(format!("{:?}", ByteSet::of(b"aB")), "[Ba]");
        assert_eq!(format!("{:?}", ByteSet::of(b"0123456789")), "[0-9]");
        assert_eq!(format!("{:?}", ByteSet::FULL), ".");
    }

    #[test]
    fn the_constants() {
        let of = |is: fn(&u8) -> bool| ByteSet::of(&(0..=255).filter(is).collect::<Vec<u8>>());
        assert_eq!(of(u8::is_ascii_alphanumeric), ByteSet::ALPHANUMERIC);
        assert_eq!(of(u8::is_ascii), ByteSet::ASCII);
    }

    #[test]
    fn letters_in_both_cases_fold() {
        assert_eq!(ByteSet::of(b"kK").folded_letter(), Some(b'k'));
        assert_eq!(ByteSet::of(b"@`").folded_letter(), None);
        assert_eq!(ByteSet::of(b"k").folded_letter(), None);
    }
}
