//! Alphabets that spell bytes in characters, and pieces of text in them.

use super::PIECE;

/// How bytes are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Two hexadecimal digits a byte.
    Hex,
    /// RFC 4648, section 6, in either case: eight characters for five bytes.
    Base32,
    /// RFC 4648, sections 4 and 5, with or without padding: four characters for three bytes.
    Base64,
}

/// In the order in which they are tried: the smaller an alphabet, the more it says that a text keeps to it.
pub(crate) const SPELLINGS: [Spelling; 3] = [Spelling::Hex, Spelling::Base32, Spelling::Base64];

/// What no character stands for.
const NO_VALUE: u8 = 0xff;

/// PERF: what each byte stands for, in the order of the spellings: most of what is read turns out to be no run.
static VALUES: [[u8; 256]; 3] = {
    let mut values = [[NO_VALUE; 256]; 3];
    let mut byte = 0u8;
    loop {
        let mut i = 0;
        while i < SPELLINGS.len() {
            if let Some(value) = SPELLINGS[i].value_of(byte) {
                values[SPELLINGS[i] as usize][byte as usize] = value;
            }
            i += 1;
        }
        if byte == u8::MAX {
            break values;
        }
        byte += 1;
    }
};

/// The characters of a piece, and where they stood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    values: [u8; PIECE],
    length: usize,
    /// Behind the last character, and behind the padding if this is the last piece of its run.
    pub(crate) end: usize,
    /// No line break lies in it.
    pub(crate) unbroken: bool,
}

/// Why there is no piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPiece {
    /// The end of the text came before it was whole.
    Incomplete,
    /// The characters of the alphabet end before: there are fewer.
    Short,
}

/// What the text must have from here on for a piece to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All characters, over line breaks.
    Whole,
    /// What there is up to the end of the line, or whole groups over line breaks: the run has begun before.
    More,
}

/// Characters of indentation or quoting behind a line break that still belong to it.
const MAX_INDENT: usize = 8;

/// A piece is not continued in the next line if it is longer than this already.
const MAX_BROKEN: usize = 200;

impl Piece {
    /// Whether the run ends with it.
    pub(crate) fn is_last(&self) -> bool {
        self.length < PIECE
    }
}

impl Spelling {
    #[inline]
    fn value(self, byte: u8) -> Option<u8> {
        let value = VALUES[self as usize][usize::from(byte)];
        (value != NO_VALUE).then_some(value)
    }

    const fn value_of(self, byte: u8) -> Option<u8> {
        match self {
            Spelling::Hex => match byte {
                b'0'..=b'9' => Some(byte - b'0'),
                b'a'..=b'f' => Some(byte - b'a' + 10),
                b'A'..=b'F' => Some(byte - b'A' + 10),
                _ => None,
            },
            Spelling::Base32 => match byte {
                b'A'..=b'Z' => Some(byte - b'A'),
                b'a'..=b'z' => Some(byte - b'a'),
                b'2'..=b'7' => Some(byte - b'2' + 26),
                _ => None,
            },
            Spelling::Base64 => match byte {
                b'A'..=b'Z' => Some(byte - b'A'),
                b'a'..=b'z' => Some(byte - b'a' + 26),
                b'0'..=b'9' => Some(byte - b'0' + 52),
                b'+' | b'-' => Some(62),
                b'/' | b'_' => Some(63),
                _ => None,
            },
        }
    }

    fn bits(self) -> u32 {
        match self {
            Spelling::Hex => 4,
            Spelling::Base32 => 5,
            Spelling::Base64 => 6,
        }
    }

    /// Characters that stand for whole bytes, and how many bytes.
    pub(crate) fn group(self) -> (u8, u8) {
        match self {
            Spelling::Hex => (2, 1),
            Spelling::Base32 => (8, 5),
            Spelling::Base64 => (4, 3),
        }
    }

    /// Reads a piece at `at` of `text`, where a character stands.
    pub(crate) fn piece(
        self,
        text: &[u8],
        at: usize,
        wanted: Wanted,
        complete: bool,
    ) -> Result<Piece, NoPiece> {
        // PERF: nearly all pieces stand on one line.
        if let Some(line) = text.get(at..at + PIECE) {
            let mut values = [0; PIECE];
            for (value, &byte) in values.iter_mut().zip(line) {
                *value = VALUES[self as usize][usize::from(byte)];
            }
            match values.iter().position(|&value| value == NO_VALUE) {
                None => return Ok(Piece { values, length: PIECE, end: at + PIECE, unbroken: true }),
                Some(i) if wanted == Wanted::Whole && !matches!(line[i], b'\n' | b'\r') => {
                    return Err(NoPiece::Short);
                }
                Some(_) => {}
            }
        }
        let mut piece = Piece { values: [0; PIECE], length: 0, end: at, unbroken: true };
        let group = usize::from(self.group().0);
        while piece.length < PIECE {
            match text.get(piece.end) {
                Some(&b) => match self.value(b) {
                    Some(value) => {
                        piece.values[piece.length] = value;
                        piece.length += 1;
                        piece.end += 1;
                    }
                    // In a run that has begun each line is judged alone, if that is possible.
                    None if wanted == Wanted::More && piece.length.is_multiple_of(group) => break,
                    // A column of single characters is no text that somebody wrapped.
                    None if piece.end - at > MAX_BROKEN => break,
                    None => match self.next_line(text, piece.end, complete) {
                        Ok(next) => {
                            piece.end = next;
                            piece.unbroken = false;
                        }
                        Err(NoPiece::Short) => break,
                        Err(NoPiece::Incomplete) => return Err(NoPiece::Incomplete),
                    },
                },
                None if complete => break,
                None => return Err(NoPiece::Incomplete),
            }
        }
        if piece.length < PIECE {
            if wanted == Wanted::Whole {
                return Err(NoPiece::Short);
            }
            let padding = text[piece.end..].iter().take(group).take_while(|&&b| b == b'=').count();
            if !complete && piece.end + padding == text.len() && padding < group {
                return Err(NoPiece::Incomplete);
            }
            piece.end += padding;
        }
        Ok(piece)
    }

    /// Where the next line's characters begin, if a line break at `at` only wraps the run: the next line is long, or has
    /// nothing else.
    pub(crate) fn next_line(self, text: &[u8], at: usize, complete: bool) -> Result<usize, NoPiece> {
        let cut = if complete { NoPiece::Short } else { NoPiece::Incomplete };
        let mut next = at;
        if text.get(next) == Some(&b'\r') {
            next += 1;
        }
        match text.get(next) {
            Some(b'\n') => next += 1,
            Some(_) if next == at => return Err(NoPiece::Short),
            // A lone carriage return.
            Some(_) => {}
            None if next == at && complete => return Err(NoPiece::Short),
            None => return Err(cut),
        }
        let indent = text[next..].iter().take(MAX_INDENT).take_while(|b| b" \t>#|".contains(b)).count();
        next += indent;
        let length =
            text[next.min(text.len())..].iter().take(PIECE).take_while(|&&b| self.value(b).is_some()).count();
        match text.get(next + length) {
            _ if length == PIECE => Ok(next),
            Some(b'\n' | b'\r' | b'=' | b'"' | b'\'' | b'<' | b'`') if length > 0 => Ok(next),
            Some(_) => Err(NoPiece::Short),
            None if complete && length > 0 => Ok(next),
            None => Err(cut),
        }
    }

    /// The bytes that a piece stands for.
    pub(crate) fn decode(self, piece: &Piece, bytes: &mut Vec<u8>) {
        if piece.length == PIECE {
            let (decoded, length) = self.decode_whole(piece);
            bytes.extend_from_slice(&decoded[..length]);
            return;
        }
        let (mut value, mut bits) = (0u32, 0);
        for &v in &piece.values[..piece.length] {
            value = value << self.bits() | u32::from(v);
            bits += self.bits();
            if bits >= 8 {
                bits -= 8;
                bytes.push((value >> bits & 0xff).to_le_bytes()[0]);
            }
        }
    }

    /// The same of a piece that is not the last of its run, and how many bytes these are.
    ///
    /// PERF: group by group, because most of what is decoded turns out to be no run.
    pub(crate) fn decode_whole(self, piece: &Piece) -> ([u8; PIECE], usize) {
        let mut bytes = [0; PIECE];
        let (characters, size) = self.group();
        let (characters, size) = (usize::from(characters), usize::from(size));
        let groups = piece.values.chunks_exact(characters).zip(bytes.chunks_exact_mut(size));
        for (values, bytes) in groups {
            let group = values.iter().fold(0u64, |group, &v| group << self.bits() | u64::from(v));
            bytes.copy_from_slice(&group.to_be_bytes()[8 - size..]);
        }
        (bytes, PIECE / characters * size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(spelling: Spelling, text: &str, wanted: Wanted) -> Option<(String, usize)> {
        let piece = spelling.piece(text.as_bytes(), 0, wanted, true).ok()?;
        let mut bytes = Vec::new();
        spelling.decode(&piece, &mut bytes);
        Some((bytes.escape_ascii().to_string(), piece.end))
    }

    #[test]
    fn every_spelling() {
        for (spelling, text, expected, end) in [
            (Spelling::Hex, "69676e6F726520616c6c20707265", "ignore all p", 24),
            (Spelling::Base32, "NFTW433SMUQGC3DMEBYHEZLWNFXXK4Y=", "ignore all prev", 24),
            (Spelling::Base32, "nftw433smuqgc3dmebyhezlwnfxxk4y=", "ignore all prev", 24),
            (Spelling::Base64, "aWdub3JlIGFsbCBwcmV2aW91cw==", "ignore all previou", 24),
            (Spelling::Base64, "aWdub3Jl\r\nIGFsbCBw\ncmV2aW91cw==", "ignore all previou", 27),
            (Spelling::Base64, "Pj4-Pz8_Pj4-Pz8_Pj4-Pz8_", ">>>???>>>???>>>???", 24),
        ] {
            let found = decoded(spelling, text, Wanted::Whole);
            assert_eq!(found, Some((expected.to_string(), end)), "{spelling:?} {text}");
        }
        assert_eq!(decoded(Spelling::Base64, "aWdub3JlIGFsbCBwcmV2", Wanted::Whole), None);
        assert_eq!(decoded(Spelling::Base64, "cw==", Wanted::More), Some(("s".to_string(), 4)));
        assert_eq!(
            decoded(Spelling::Base64, "aWdub3Jl\nthe end", Wanted::More),
            Some(("ignore".to_string(), 8))
        );
    }
}
