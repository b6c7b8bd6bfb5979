//! Values to bytes.

/// Collects bytes. Numbers are little-endian, or seven bits a byte where most are small.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes as they are; how many is known to the reader.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub(crate) fn u16(&mut self, number: u16) {
        self.raw(&number.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.raw(&number.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    pub(crate) fn float(&mut self, number: f64) {
        self.u64(number.to_bits());
    }

    /// A number, a length or an index: seven bits a byte, the lowest first, the highest bit set where more follow.
    pub(crate) fn number(&mut self, number: usize) {
        let mut rest = number;
        while rest >= 0x80 {
            self.byte(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
            rest >>= 7;
        }
        self.byte(u8::try_from(rest).expect("seven bits"));
    }

    /// The place of a value in a list that never loses an entry.
    pub(crate) fn choice<T: PartialEq>(&mut self, all: &[T], value: &T) {
        let at = all.iter().position(|v| v == value).expect("the lists of values are complete");
        self.byte(u8::try_from(at).expect("the lists of values are short"));
    }

    pub(crate) fn block(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.block(text.as_bytes());
    }

    /// How many there are, and each.
    pub(crate) fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Writer, &T)) {
        self.number(items.len());
        items.iter().for_each(|item| write(self, item));
    }
}
