//! JSON string escapes (RFC 8259, section 7), undone wherever they stand.
//!
//! There is no grammar of the document: a backslash outside a string is read the same way, because what lies in a
//! string for one reader is plain text for another.

/// What a backslash is the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// An escape of `length` bytes that stands for `text`.
    Escape { length: usize, text: Text },
    /// Nothing: the backslash stands for itself.
    Plain,
    /// The end of the text came before this could be told.
    Incomplete,
}

/// Up to four bytes of UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    bytes: [u8; 4],
    length: u8,
}

impl Text {
    fn of(c: char) -> Text {
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len();
        Text { bytes, length: u8::try_from(length).expect("a character has at most four bytes") }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// The byte that every token begins with.
pub(crate) const TRIGGER: u8 = b'\\';

/// Reads the token at the start of `text`, which begins with a backslash.
pub(crate) fn read(text: &[u8]) -> Token {
    let Some(&kind) = text.get(1) else { return Token::Incomplete };
    let simple = match kind {
        b'"' | b'\\' | b'/' => char::from(kind),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(text),
        _ => return Token::Plain,
    };
    Token::Escape { length: 2, text: Text::of(simple) }
}

/// `\uXXXX`, or two of them for a character outside the basic plane. Half a pair stands for U+FFFD.
fn unicode(text: &[u8]) -> Token {
    let first = match unit(text) {
        Unit::Value(unit) => unit,
        Unit::Invalid => return Token::Plain,
        Unit::Incomplete => return Token::Incomplete,
    };
    if let Some(c) = char::from_u32(first) {
        return Token::Escape { length: 6, text: Text::of(c) };
    }
    let alone = Token::Escape { length: 6, text: Text::of(char::REPLACEMENT_CHARACTER) };
    if first >= 0xdc00 {
        return alone;
    }
    match unit(&text[6..]) {
        Unit::Value(second @ 0xdc00..=0xdfff) => {
            let scalar = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            let c = char::from_u32(scalar).expect("a surrogate pair is a scalar value");
            Token::Escape { length: 12, text: Text::of(c) }
        }
        Unit::Value(_) | Unit::Invalid => alone,
        Unit::Incomplete => Token::Incomplete,
    }
}

enum Unit {
    Value(u32),
    Invalid,
    Incomplete,
}

/// The UTF-16 code unit that `\uXXXX` at the start of `text` stands for.
fn unit(text: &[u8]) -> Unit {
    let mut value = 0;
    for (i, &b) in text.iter().take(6).enumerate() {
        match (i, b) {
            (0, b'\\') | (1, b'u') => {}
            (2.., _) => match char::from(b).to_digit(16) {
                Some(digit) => value = value << 4 | digit,
                None => return Unit::Invalid,
            },
            _ => return Unit::Invalid,
        }
    }
    if text.len() < 6 { Unit::Incomplete } else { Unit::Value(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match read(text.as_bytes()) {
            Token::Escape { length, text } => {
                format!("{length}:{}", String::from_utf8_lossy(text.as_bytes()))
            }
            Token::Plain => "plain".to_string(),
            Token::Incomplete => "incomplete".to_string(),
        }
    }

    #[test]
    fn every_escape_of_the_grammar() {
        for (text, expected) in [
            (r#"\""#, "2:\""),
            (r"\\n", "2:\\"),
            (r"\/", "2:/"),
            (r"\b", "2:\u{8}"),
            (r"\f", "2:\u{c}"),
            (r"\n", "2:\n"),
            (r"\r", "2:\r"),
            (r"\t", "2:\t"),
            (r"\u0041b", "6:A"),
            (r"\u00e9", "6:é"),
            (r"\uD83d\uDe00", "12:😀"),
            (r"\ud83d\u0041", "6:\u{fffd}"),
            (r"\ud83dxxxxxx", "6:\u{fffd}"),
            (r"\ude00", "6:\u{fffd}"),
            (r"\q", "plain"),
            (r"\u00g1", "plain"),
            (r"\u+041", "plain"),
            (r"\", "incomplete"),
            (r"\u00", "incomplete"),
            (r"\ud83d", "incomplete"),
            (r"\ud83d\u", "incomplete"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
