//! Percent escapes (RFC 3986, section 2.1), and their older form `%uNNNN`.

use crate::view::token::{Text, Token, hex};

/// Reads the token at the start of `text`, which begins with a percent sign.
pub(crate) fn read(text: &[u8]) -> Token {
    let (prefix, wanted) = if text.get(1) == Some(&b'u') { (2, 4) } else { (1, 2) };
    let (value, digits) = hex(&text[prefix..], wanted);
    if digits < wanted {
        return if prefix + digits == text.len() { Token::Incomplete } else { Token::Plain };
    }
    let text = match u8::try_from(value) {
        Ok(byte) if wanted == 2 => Text::byte(byte),
        _ => Text::of_number(value),
    };
    Token::Change { length: prefix + wanted, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::token::shown;

    #[test]
    fn every_percent_escape() {
        for (text, expected) in [
            ("%69g", "3:i"),
            ("%C3", r"3:\xc3"),
            ("%u0069", "6:i"),
            ("%u200b", r"6:\xe2\x80\x8b"),
            ("%", "incomplete"),
            ("%6", "incomplete"),
            ("%u00", "incomplete"),
            ("% 6", "plain"),
            ("%6g", "plain"),
            ("%us", "plain"),
        ] {
            assert_eq!(shown(read(text.as_bytes())), expected, "{text}");
        }
    }
}
