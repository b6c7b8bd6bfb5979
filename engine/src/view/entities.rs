//! HTML's character references: decimal, hexadecimal, and by name.
//!
//! As in the HTML standard, a number needs no semicolon, and of the names the old ones need none. In `entities.tsv` a
//! name has the semicolon where it needs it; `engine/examples/view_tables.rs` makes the file.

use std::sync::LazyLock;

use crate::view::token::{MAX_TOKEN, Text, Token, hex};

/// All names in order, and what they stand for.
static NAMES: LazyLock<Vec<(&str, Text)>> =
    LazyLock::new(|| include_str!("entities.tsv").lines().map(entry).collect());

/// The longest name is `CounterClockwiseContourIntegral`, with 31 letters.
const MAX_NAME: usize = 31;

/// One line of the file: a name, a tab, and the characters as `\u{N}`.
fn entry(line: &'static str) -> (&'static str, Text) {
    let (name, characters) = line.split_once('\t').expect("every line of the table has a tab");
    let number = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    let characters: Option<String> =
        characters.split_terminator('}').map(|c| number(c.strip_prefix("\\u{")?)).collect();
    (name, Text::of_str(&characters.expect("the table holds escaped characters")))
}

/// Reads the token at the start of `text`, which begins with an ampersand.
pub(crate) fn read(text: &[u8]) -> Token {
    match text.get(1) {
        None => Token::Incomplete,
        Some(b'#') => numeric(text),
        Some(b) if b.is_ascii_alphabetic() => named(text),
        Some(_) => Token::Plain,
    }
}

fn numeric(text: &[u8]) -> Token {
    let (value, prefix, digits) = match text.get(2) {
        None => return Token::Incomplete,
        Some(b'x' | b'X') => {
            let (value, digits) = hex(&text[3..], MAX_TOKEN - 4);
            (value, 3, digits)
        }
        Some(_) => {
            let digits = text[2..].iter().take(MAX_TOKEN - 4).take_while(|b| b.is_ascii_digit()).count();
            let next = |value: u32, b: &u8| value.saturating_mul(10).saturating_add(u32::from(b - b'0'));
            (text[2..2 + digits].iter().fold(0, next), 2, digits)
        }
    };
    if digits == MAX_TOKEN - 4 {
        return Token::Plain;
    }
    match text.get(prefix + digits) {
        None => Token::Incomplete,
        Some(_) if digits == 0 => Token::Plain,
        Some(&next) => Token::Change {
            length: prefix + digits + usize::from(next == b';'),
            // No character has the number 0 (HTML, section 13.2.5.80).
            text: if value == 0 { Text::of(char::REPLACEMENT_CHARACTER) } else { Text::of_number(value) },
        },
    }
}

fn named(text: &[u8]) -> Token {
    let length = text[1..].iter().take(MAX_NAME + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
    if length <= MAX_NAME && 1 + length == text.len() {
        return Token::Incomplete;
    }
    let name = &text[1..=length];
    if text.get(1 + length) == Some(&b';')
        && let Some(text) = look_up(&text[1..length + 2])
    {
        return Token::Change { length: length + 2, text };
    }
    // Of the old names the longest that the text begins with.
    (2..=length.min(LONGEST_OLD))
        .rev()
        .find_map(|length| Some(Token::Change { length: 1 + length, text: look_up(&name[..length])? }))
        .unwrap_or(Token::Plain)
}

/// No name that needs no semicolon is longer, as `Agrave` is.
const LONGEST_OLD: usize = 6;

fn look_up(name: &[u8]) -> Option<Text> {
    let place = NAMES.binary_search_by(|(n, _)| n.as_bytes().cmp(name)).ok()?;
    Some(NAMES[place].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::token::shown;

    #[test]
    fn every_kind_of_reference() {
        for (text, expected) in [
            ("&#105;g", "6:i"),
            ("&#105g", "5:i"),
            ("&#x69;", "6:i"),
            ("&#X0069x", "7:i"),
            ("&#0000000000105;", "16:i"),
            ("&#0;", r"4:\xef\xbf\xbd"),
            ("&#99999999999;", r"14:\xef\xbf\xbd"),
            ("&#x;", "plain"),
            ("&#;", "plain"),
            ("&#10", "incomplete"),
            ("&#", "incomplete"),
            ("&", "incomplete"),
            ("& ", "plain"),
            ("&lt;", "4:<"),
            ("&lt ", "3:<"),
            ("&ltx ", "3:<"),
            ("&am", "incomplete"),
            ("&ampere ", "4:&"),
            ("&iopf;", r"6:\xf0\x9d\x95\x9a"),
            ("&iopf ", "plain"),
            ("&fjlig;", "7:fj"),
            ("&notit;", r"4:\xc2\xac"),
            ("&notin;", r"7:\xe2\x88\x89"),
            ("&CounterClockwiseContourIntegral;", r"33:\xe2\x88\xb3"),
            ("&ZeroWidthSpace;", r"16:\xe2\x80\x8b"),
            ("&b=1", "plain"),
        ] {
            assert_eq!(shown(read(text.as_bytes())), expected, "{text}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_its_old_names_are_short() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        let old = NAMES.iter().map(|n| n.0).filter(|n| !n.ends_with(';'));
        assert_eq!(old.map(str::len).max(), Some(LONGEST_OLD));
        assert_eq!(NAMES.iter().map(|n| n.0.trim_end_matches(';').len()).max(), Some(MAX_NAME));
    }
}
