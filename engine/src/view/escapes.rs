//! String escapes: those of JSON (RFC 8259, section 7), of JavaScript and of C, undone wherever they stand.
//!
//! There is no grammar of the document: a backslash outside a string is read the same way, because what lies in a
//! string for one reader is plain text for another. Half a surrogate pair stands for U+FFFD.

use crate::view::token::{MAX_TOKEN, Text, Token, hex};

/// Reads the token at the start of `text`, which begins with a backslash.
pub(crate) fn read(text: &[u8]) -> Token {
    let Some(&kind) = text.get(1) else { return Token::Incomplete };
    let simple = match kind {
        b'"' | b'\\' | b'/' | b'\'' => kind,
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        b'e' => 0x1b,
        // A line that goes on.
        b'\n' => return Token::Change { length: 2, text: Text::NOTHING },
        b'x' => return byte(text),
        b'u' => return unicode(text),
        b'U' => return long(text),
        b'0'..=b'7' => return octal(text),
        _ => return Token::Plain,
    };
    Token::Change { length: 2, text: Text::byte(simple) }
}

/// `\xNN`, or `\x{N...}`.
fn byte(text: &[u8]) -> Token {
    if text.get(2) == Some(&b'{') {
        return braced(text);
    }
    match hex(&text[2..], 2) {
        (value, 2) => Token::Change { length: 4, text: Text::byte(u8::try_from(value).expect("two digits")) },
        (_, digits) if 2 + digits == text.len() => Token::Incomplete,
        _ => Token::Plain,
    }
}

/// Two or three octal digits; a single one is more often a group of an expression.
fn octal(text: &[u8]) -> Token {
    let digits = text[1..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    if digits < 3 && 1 + digits == text.len() {
        return Token::Incomplete;
    }
    let value = text[1..=digits].iter().fold(0u32, |value, b| value * 8 + u32::from(b - b'0'));
    match u8::try_from(value) {
        Ok(value) if digits > 1 => Token::Change { length: 1 + digits, text: Text::byte(value) },
        _ => Token::Plain,
    }
}

/// `\u{N...}` or `\x{N...}`.
fn braced(text: &[u8]) -> Token {
    let (value, digits) = hex(&text[3..], MAX_TOKEN - 4);
    match text.get(3 + digits) {
        Some(b'}') if digits > 0 => Token::Change { length: 4 + digits, text: Text::of_number(value) },
        None if digits < MAX_TOKEN - 4 => Token::Incomplete,
        _ => Token::Plain,
    }
}

/// `\UNNNNNNNN`.
fn long(text: &[u8]) -> Token {
    match hex(&text[2..], 8) {
        (value, 8) if char::from_u32(value).is_some() => {
            Token::Change { length: 10, text: Text::of_number(value) }
        }
        (_, digits) if digits < 8 && 2 + digits == text.len() => Token::Incomplete,
        _ => Token::Plain,
    }
}

/// `\u{N...}`, `\uNNNN`, or two of the latter for a character outside the basic plane.
fn unicode(text: &[u8]) -> Token {
    if text.get(2) == Some(&b'{') {
        return braced(text);
    }
    let first = match unit(text) {
        Unit::Value(unit) => unit,
        Unit::Invalid => return Token::Plain,
        Unit::Incomplete => return Token::Incomplete,
    };
    if let Some(c) = char::from_u32(first) {
        return Token::Change { length: 6, text: Text::of(c) };
    }
    let alone = Token::Change { length: 6, text: Text::of(char::REPLACEMENT_CHARACTER) };
    if first >= 0xdc00 {
        return alone;
    }
    match unit(&text[6..]) {
        Unit::Value(second @ 0xdc00..=0xdfff) => {
            let scalar = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            Token::Change { length: 12, text: Text::of_number(scalar) }
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

/// The UTF-16 code unit that `\uNNNN` at the start of `text` stands for.
fn unit(text: &[u8]) -> Unit {
    let begins = text.iter().zip(br"\u").all(|(a, b)| a == b);
    match hex(text.get(2..).unwrap_or_default(), 4) {
        _ if !begins => Unit::Invalid,
        (value, 4) => Unit::Value(value),
        (_, digits) if 2 + digits >= text.len() => Unit::Incomplete,
        _ => Unit::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::token::shown;

    #[test]
    fn every_escape() {
        for (text, expected) in [
            (r#"\""#, r#"2:\""#),
            (r"\\n", r"2:\\"),
            (r"\/", "2:/"),
            (r"\b", r"2:\x08"),
            (r"\f", r"2:\x0c"),
            (r"\n", r"2:\n"),
            (r"\r", r"2:\r"),
            (r"\t", r"2:\t"),
            (r"\u0041b", "6:A"),
            (r"\u00e9", r"6:\xc3\xa9"),
            (r"\uD83d\uDe00", r"12:\xf0\x9f\x98\x80"),
            (r"\ud83d\u0041", r"6:\xef\xbf\xbd"),
            (r"\ud83dxxxxxx", r"6:\xef\xbf\xbd"),
            (r"\ude00", r"6:\xef\xbf\xbd"),
            (r"\q", "plain"),
            (r"\u00g1", "plain"),
            (r"\u+041", "plain"),
            (r"\", "incomplete"),
            (r"\u", "incomplete"),
            (r"\u00", "incomplete"),
            (r"\ud83d", "incomplete"),
            (r"\ud83d\u", "incomplete"),
            (r"\x69g", "4:i"),
            (r"\xe", "incomplete"),
            (r"\xeg", "plain"),
            (r"\x{69}", "6:i"),
            (r"\u{1f600}", r"9:\xf0\x9f\x98\x80"),
            (r"\u{0000000069}", "14:i"),
            (r"\u{}", "plain"),
            (r"\u{110000}", r"10:\xef\xbf\xbd"),
            (r"\u{6", "incomplete"),
            (r"\U00000069", "10:i"),
            (r"\U0000006", "incomplete"),
            (r"\User", "plain"),
            (r"\151", "4:i"),
            (r"\40x", "3: "),
            (r"\40", "incomplete"),
            (r"\7x", "plain"),
            (r"\777", "plain"),
            (r"\e[0m", r"2:\x1b"),
            ("\\\nx", "2:"),
        ] {
            assert_eq!(shown(read(text.as_bytes())), expected, "{text}");
        }
    }
}
