//! Tokens: a few bytes that stand for others, whatever document they stand in.

use crate::view::{entities, escapes, markup, percent, terminal};

/// What a trigger byte is the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A token of `length` bytes that stands for `text`, which may be nothing.
    Change { length: usize, text: Text },
    /// Nothing: the byte stands for itself.
    Plain,
    /// The end of the text came before this could be told.
    Incomplete,
}

/// Up to eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    bytes: [u8; 8],
    length: u8,
}

impl Text {
    pub(crate) const NOTHING: Text = Text { bytes: [0; 8], length: 0 };
    pub(crate) const SPACE: Text = Text::byte(b' ');

    pub(crate) const fn byte(byte: u8) -> Text {
        Text { bytes: [byte, 0, 0, 0, 0, 0, 0, 0], length: 1 }
    }

    pub(crate) fn of(c: char) -> Text {
        let mut bytes = [0; 8];
        let length = c.encode_utf8(&mut bytes).len();
        Text { bytes, length: u8::try_from(length).expect("a character has at most four bytes") }
    }

    /// The character with a number, or U+FFFD if there is none.
    pub(crate) fn of_number(number: u32) -> Text {
        Text::of(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The two characters of some named references.
    pub(crate) fn of_str(text: &str) -> Text {
        let mut bytes = [0; 8];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Text { bytes, length: u8::try_from(text.len()).expect("two characters have at most eight bytes") }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Longest token: a number in digits, a tag or a title may be long, and what is longer is none.
pub(crate) const MAX_TOKEN: usize = 256;

/// The bytes that tokens begin with.
pub(crate) const TRIGGERS: &[u8] = b"\\%&<*~\x1b_";

/// Whether the trigger at `at` is the underscore inside a name, which is no token.
///
/// PERF: in source and JSON most triggers are.
#[inline]
pub(crate) fn is_in_name(text: &[u8], at: usize) -> bool {
    let is_word = |i: usize| text.get(i).is_some_and(|&b| is_word(b));
    text[at] == b'_' && is_word(at + 1) && at.checked_sub(1).is_some_and(is_word)
}

/// Reads the token at `at` of `text`, where a trigger stands. The byte before it is looked at, too.
#[inline]
pub(crate) fn read(text: &[u8], at: usize) -> Token {
    let token = &text[at..];
    let before = at.checked_sub(1).map(|i| text[i]);
    match token[0] {
        b'\\' => escapes::read(token),
        b'%' => percent::read(token),
        b'&' => entities::read(token),
        b'<' => markup::tag(token, before),
        b'*' | b'~' => markup::emphasis(token, before),
        b'_' => markup::underscores(token, before),
        0x1b => terminal::read(token),
        _ => Token::Plain,
    }
}

/// The same where nothing follows the text: some tokens are whole there that may go on elsewhere.
pub(crate) fn read_last(text: &[u8], at: usize) -> Token {
    match read(text, at) {
        Token::Incomplete if text.len() - at <= MAX_TOKEN => {
            let from = at.saturating_sub(1);
            let ended = [&text[from..], b"\n"].concat();
            match read(&ended, at - from) {
                Token::Change { length, text: becomes } if at + length <= text.len() => {
                    Token::Change { length, text: becomes }
                }
                _ => Token::Plain,
            }
        }
        Token::Incomplete => Token::Plain,
        token => token,
    }
}

/// The value of up to `most` hexadecimal digits at the start of `text`, and how many there are.
pub(crate) fn hex(text: &[u8], most: usize) -> (u32, usize) {
    let mut value = 0u32;
    let mut digits = 0;
    while let Some(digit) =
        text.get(digits).filter(|_| digits < most).and_then(|&b| char::from(b).to_digit(16))
    {
        value = value.saturating_mul(16).saturating_add(digit);
        digits += 1;
    }
    (value, digits)
}

/// A byte of a word: letters, digits, and whatever is not ASCII.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// What a token is, for tests: its length and its text, or why there is none.
#[cfg(test)]
pub(crate) fn shown(token: Token) -> String {
    match token {
        Token::Change { length, text } => {
            format!("{length}:{}", text.as_bytes().escape_ascii())
        }
        Token::Plain => "plain".to_string(),
        Token::Incomplete => "incomplete".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_text_ends_a_token() {
        for (text, expected) in [
            ("x&#105", "5:i"),
            ("x&lt", "3:<"),
            ("x\\40", "3: "),
            ("x\\ud83d", r"6:\xef\xbf\xbd"),
            ("x</b>", "4:"),
            ("x**", "2:"),
            ("x\\", "plain"),
            ("x%6", "plain"),
            ("x&#", "plain"),
        ] {
            assert_eq!(shown(read_last(text.as_bytes(), 1)), expected, "{text}");
        }
    }

    /// A token that is cut says so, and nothing that is longer than a token does.
    #[test]
    fn a_cut_token_is_incomplete_until_it_is_too_long() {
        let endless = [
            format!("&#{}", "0".repeat(400)),
            format!("<b{}", " ".repeat(400)),
            format!("\x1b]{}", "x".repeat(400)),
            format!("<!--{}", "x".repeat(400)),
            format!("\\u{{{}", "0".repeat(400)),
            format!("&{}", "a".repeat(400)),
            "*".repeat(400),
        ];
        for text in endless.map(|t| format!("a{t}")) {
            assert_eq!(read(text.as_bytes(), 1), Token::Plain, "{text}");
            assert_ne!(read(&text.as_bytes()[..3], 1), Token::Plain, "{text}");
        }
    }
}
