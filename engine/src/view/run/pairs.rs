//! Hexadecimal digits by twos with something between: `69 67`, `69:67`, `69, 67`, `0x69, 0x67`.

use super::judge::is_printable;

/// Bytes of a piece: with one character between each two, some 24 characters.
const BYTES: usize = 8;

/// What may stand between two bytes, the longer first.
const BETWEEN: [&[u8]; 9] = [b", 0x", b", 0X", b",0x", b" 0x", b", ", b" ", b":", b"-", b","];

/// The length of the mark that may stand before the first digits.
pub(crate) fn mark(text: &[u8]) -> usize {
    if matches!(text, [b'0', b'x' | b'X', ..]) { 2 } else { 0 }
}

/// A few bytes spelled so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pairs {
    /// What stands between, an index into [`BETWEEN`].
    between: usize,
    pub(crate) bytes: [u8; BYTES],
    pub(crate) length: usize,
    /// Behind the last digit, and behind what stands between if more follows.
    pub(crate) end: usize,
}

impl Pairs {
    /// Reads the piece at `at` of `text`, `between` being known if the run has begun before. `None` if the text ends before
    /// it can be told.
    pub(crate) fn read(
        text: &[u8],
        at: usize,
        between: Option<usize>,
        complete: bool,
    ) -> Option<Option<Pairs>> {
        let digits = |at: usize| -> Option<u8> {
            let pair = text.get(at..at + 2)?;
            let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
            Some(digit(pair[0])? << 4 | digit(pair[1])?)
        };
        let longest = BETWEEN[0].len();
        if !complete && text.len() < at + 2 {
            return None;
        }
        let Some(first) = digits(at) else { return Some(None) };
        let between = match between {
            Some(between) => between,
            None if !complete && text.len() < at + 2 + longest => return None,
            None => {
                let behind = &text[at + 2..];
                match BETWEEN.iter().position(|b| behind.starts_with(b)) {
                    Some(between) => between,
                    None => return Some(None),
                }
            }
        };
        let mark = BETWEEN[between];
        let mut pairs = Pairs { between, bytes: [0; BYTES], length: 1, end: at + 2 };
        pairs.bytes[0] = first;
        while pairs.length < BYTES {
            let Some(behind) = text.get(pairs.end..).filter(|b| b.starts_with(mark)) else { break };
            let Some(byte) = digits(pairs.end + mark.len()) else {
                if !complete && behind.len() < mark.len() + 2 {
                    return None;
                }
                break;
            };
            pairs.bytes[pairs.length] = byte;
            pairs.length += 1;
            pairs.end += mark.len() + 2;
        }
        if !complete && text.len() < pairs.end + mark.len() + 2 {
            return None;
        }
        // What stands between this piece and the next one belongs to this one.
        if text[pairs.end..].starts_with(mark) && digits(pairs.end + mark.len()).is_some() {
            pairs.end += mark.len();
        }
        Some(Some(pairs))
    }

    pub(crate) fn between(&self) -> usize {
        self.between
    }

    /// Characters for each byte, with what stands between.
    pub(crate) fn unit(between: usize) -> u8 {
        2 + u8::try_from(BETWEEN[between].len()).expect("a few characters")
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Whether a run may begin with it.
    pub(crate) fn begins(&self) -> bool {
        self.length == BYTES && super::judge::judge(&self.bytes) == super::judge::Judgement::Text
    }

    /// Whether a run may go on with it.
    pub(crate) fn goes_on(&self) -> bool {
        2 * self.bytes().iter().filter(|&&b| is_printable(b) || b == 0 || b >= 0x80).count() >= self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between() {
        for (text, bytes, end) in [
            ("69 67 6e 6f 72 65 20 61 6c 6c", "ignore a", 24),
            ("69:67:6E:6f:72:65:20:61.", "ignore a", 23),
            ("69, 0x67, 0x6e, 0x6f, 0x72, 0x65, 0x20, 0x61, ", "ignore a", 44),
            ("69 67 6e.", "ign", 8),
        ] {
            let pairs = Pairs::read(text.as_bytes(), 0, None, true).flatten().expect(text);
            assert_eq!(
                (pairs.bytes().escape_ascii().to_string(), pairs.end),
                (bytes.to_string(), end),
                "{text}"
            );
        }
        for text in ["6967", "6g 67", "69.67", "69"] {
            assert_eq!(Pairs::read(text.as_bytes(), 0, None, true), Some(None), "{text}");
        }
        assert_eq!(Pairs::read(b"69 67 6e 6f", 0, None, false), None);
    }
}
