//! Escape sequences of terminals (ECMA-48): colours, moves, titles. They are not shown, so they go.

use crate::view::markup::holds_tokens;
use crate::view::token::{MAX_TOKEN, Text, Token};

/// Reads the sequence at the start of `text`, which begins with ESC.
pub(crate) fn read(text: &[u8]) -> Token {
    match text.get(1) {
        None => Token::Incomplete,
        Some(b'[') => sequence(text, 2, 0x40),
        // Title, hyperlink, and the like: up to BEL or `ESC \`.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string(text),
        Some(0x20..=0x2f) => sequence(text, 1, 0x30),
        Some(0x30..=0x7e) => removed(2),
        Some(_) => Token::Plain,
    }
}

/// Parameters and intermediate bytes up to a final one, which is not below `last`.
fn sequence(text: &[u8], from: usize, last: u8) -> Token {
    let length = text[from..].iter().take(MAX_TOKEN - 3).take_while(|&&b| (0x20..last).contains(&b)).count();
    match text.get(from + length) {
        _ if length == MAX_TOKEN - 3 => Token::Plain,
        None => Token::Incomplete,
        Some(0x30..=0x7e) => removed(from + length + 1),
        Some(_) => Token::Plain,
    }
}

/// What could hide something is not removed as a whole.
fn string(text: &[u8]) -> Token {
    for (i, &b) in text.iter().enumerate().skip(2).take(MAX_TOKEN - 4) {
        match b {
            0x07 if !holds_tokens(&text[2..i]) => return removed(i + 1),
            0x1b => {
                return match text.get(i + 1) {
                    None => Token::Incomplete,
                    Some(b'\\') if !holds_tokens(&text[2..i]) => removed(i + 2),
                    Some(_) => Token::Plain,
                };
            }
            0x07 => return Token::Plain,
            _ => {}
        }
    }
    if text.len() < MAX_TOKEN - 2 { Token::Incomplete } else { Token::Plain }
}

fn removed(length: usize) -> Token {
    Token::Change { length, text: Text::NOTHING }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::token::shown;

    #[test]
    fn every_kind_of_sequence() {
        for (text, expected) in [
            ("\x1b[0mx", "4:"),
            ("\x1b[38;5;196mx", "11:"),
            ("\x1b[?25l", "6:"),
            ("\x1b[", "incomplete"),
            ("\x1b[31", "incomplete"),
            ("\x1b[3\n", "plain"),
            ("\x1b(B", "3:"),
            ("\x1b7", "2:"),
            ("\x1b]0;title\x07x", "10:"),
            ("\x1b]8;;http://x\x1b\\link", "15:"),
            ("\x1b]0;%69gnore\x07x", "plain"),
            ("\x1b]0;title", "incomplete"),
            ("\x1b]0;title\x1b", "incomplete"),
            ("\x1b", "incomplete"),
            ("\x1b\n", "plain"),
        ] {
            assert_eq!(shown(read(text.as_bytes())), expected, "{text:?}");
        }
    }
}
