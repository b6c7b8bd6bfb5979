//! Bytes to values, none of them trusted.

use crate::error::LoadError;

/// What is left to be read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// That nothing is left.
    pub(crate) fn end(&self) -> Result<(), LoadError> {
        if self.rest.is_empty() { Ok(()) } else { Err(LoadError::malformed("something follows its end")) }
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], LoadError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(past_end)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], LoadError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(past_end)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, LoadError> {
        self.array().map(|[byte]| *byte)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, LoadError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(LoadError::malformed("a yes or no is neither")),
        }
    }

    pub(crate) fn u16(&mut self) -> Result<u16, LoadError> {
        self.array().map(|bytes| u16::from_le_bytes(*bytes))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, LoadError> {
        self.array().map(|bytes| u32::from_le_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, LoadError> {
        self.array().map(|bytes| u64::from_le_bytes(*bytes))
    }

    pub(crate) fn float(&mut self) -> Result<f64, LoadError> {
        self.u64().map(f64::from_bits)
    }

    /// See [`Writer::number`](crate::serial::Writer::number).
    pub(crate) fn number(&mut self) -> Result<usize, LoadError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return usize::try_from(number).map_err(|_| too_large());
            }
        }
        Err(too_large())
    }

    /// A number that is at most so large.
    pub(crate) fn at_most(&mut self, most: usize) -> Result<usize, LoadError> {
        match self.number()? {
            number if number <= most => Ok(number),
            _ => Err(too_large()),
        }
    }

    /// An index into something of this length.
    pub(crate) fn index(&mut self, length: usize) -> Result<usize, LoadError> {
        match self.number()? {
            index if index < length => Ok(index),
            _ => Err(LoadError::malformed("an index points at nothing")),
        }
    }

    /// One of a list of values.
    pub(crate) fn choice<T: Copy>(&mut self, all: &[T]) -> Result<T, LoadError> {
        let value = all.get(usize::from(self.byte()?));
        value.copied().ok_or_else(|| LoadError::malformed("a choice is none of those that there are"))
    }

    pub(crate) fn block(&mut self) -> Result<&'a [u8], LoadError> {
        let length = self.number()?;
        self.raw(length)
    }

    pub(crate) fn text(&mut self) -> Result<String, LoadError> {
        let text = str::from_utf8(self.block()?).map_err(|_| LoadError::malformed("a text is not UTF-8"))?;
        Ok(text.to_string())
    }

    /// How many items follow, each of which takes at least so many bytes: no more than the bytes that are left can hold.
    pub(crate) fn count(&mut self, least_bytes: usize) -> Result<usize, LoadError> {
        match self.number()? {
            count if count <= self.rest.len() / least_bytes => Ok(count),
            _ => Err(past_end()),
        }
    }

    /// As many items as there are.
    pub(crate) fn list<T>(
        &mut self,
        least_bytes: usize,
        mut read: impl FnMut(&mut Reader<'a>) -> Result<T, LoadError>,
    ) -> Result<Vec<T>, LoadError> {
        let count = self.count(least_bytes)?;
        // A loop and not `collect`, which does not know beforehand how many come.
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }
}

fn past_end() -> LoadError {
    LoadError::malformed("it says that more follows than there is")
}

fn too_large() -> LoadError {
    LoadError::malformed("a number is too large")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::serial::Writer;

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(number in prop_oneof![any::<usize>(), 0..1000usize]) {
            let mut writer = Writer::default();
            writer.number(number);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn any_bytes_are_a_number_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            let _ = Reader::new(&bytes).number();
        }
    }

    #[test]
    fn a_count_is_bounded_by_what_is_left() {
        let mut bytes = vec![0; 9];
        bytes[0] = 5;
        assert!(Reader::new(&bytes).count(2).is_err());
        bytes[0] = 4;
        assert_eq!(Reader::new(&bytes).count(2), Ok(4));
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        assert!(Reader::new(&[0xff; 10]).number().is_err());
        assert!(Reader::new(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]).number().is_err());
    }
}
