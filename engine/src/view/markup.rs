//! Markup in words: HTML tags, short comments, and Markdown emphasis. Who reads the page does not see them.
//!
//! Only what stands at a word is removed, and only if nothing can hide in it: a tag with a token in an attribute stays
//! until that has been undone, and a comment of some length is text.

use std::sync::LazyLock;

use crate::view::token::{MAX_TOKEN, Text, Token, is_word};

/// Elements that end a line or a cell: they stand for a space.
const BLOCKS: [&str; 39] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

/// The same as numbers, which are compared faster than their names.
static BLOCK_KEYS: LazyLock<[u128; BLOCKS.len()]> = LazyLock::new(|| {
    let mut keys = BLOCKS.map(|name| key(name.as_bytes()));
    keys.sort_unstable();
    keys
});

/// Longest comment that is removed, with its delimiters.
const MAX_COMMENT: usize = 24;

/// Reads the tag or the comment at the start of `text`, which begins with `<`.
pub(crate) fn tag(text: &[u8], before: Option<u8>) -> Token {
    let begins = |b: &u8| b.is_ascii_alphabetic();
    let name_at = match text.get(1) {
        None => return Token::Incomplete,
        Some(b'!') => return comment(text, before),
        Some(b'/') if text.len() == 2 => return Token::Incomplete,
        Some(b'/') if text.get(2).is_some_and(begins) => 2,
        Some(b) if begins(b) => 1,
        Some(_) => return Token::Plain,
    };
    let word_before = before.is_some_and(is_word);
    let head = &text[name_at..text.len().min(name_at + LONGEST_NAME + 1)];
    let length = head.iter().position(|b| !b.is_ascii_alphanumeric());
    let block = length.and_then(|length| block(&head[..length]));
    // PERF: most tags of a page are of this kind, and need not be read to their end.
    if block == Some(Block::Line) && !word_before {
        return Token::Plain;
    }
    let inside = &text[1..text.len().min(MAX_TOKEN - 1)];
    let Some(length) = memchr::memchr2(b'>', b'<', inside) else {
        let decided = text.len() >= MAX_TOKEN - 1 || holds_tokens(inside);
        return if decided { Token::Plain } else { Token::Incomplete };
    };
    let end = length + 2;
    if text[end - 1] != b'>' || holds_tokens(&inside[..length]) {
        return Token::Plain;
    }
    let Some(&behind) = text.get(end) else { return Token::Incomplete };
    let word_behind = is_word(behind);
    let between = match block {
        Some(Block::Line) => word_before && word_behind,
        Some(Block::Break) => word_before || word_behind,
        None => {
            let inside = word_before || word_behind || (before == Some(b'>') && behind == b'<');
            return if inside { Token::Change { length: end, text: Text::NOTHING } } else { Token::Plain };
        }
    };
    if between { Token::Change { length: end, text: Text::SPACE } } else { Token::Plain }
}

/// How an element separates words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// A line, a cell, an item.
    Line,
    /// `br`, behind which the line may be empty.
    Break,
}

/// The longest name of a block.
const LONGEST_NAME: usize = 10;

fn block(name: &[u8]) -> Option<Block> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return None;
    }
    match key(name) {
        BREAK => Some(Block::Break),
        key => BLOCK_KEYS.binary_search(&key).is_ok().then_some(Block::Line),
    }
}

const BREAK: u128 = key(b"br");

/// A name of up to 16 letters and digits in any case.
const fn key(name: &[u8]) -> u128 {
    let mut key = 0;
    let mut i = 0;
    while i < name.len() {
        key = key << 8 | (name[i] | 0x20) as u128;
        i += 1;
    }
    key
}

/// `<!-- -->` inside a word.
fn comment(text: &[u8], before: Option<u8>) -> Token {
    let same = text.iter().zip(b"<!--").all(|(a, b)| a == b);
    if !same || !before.is_some_and(is_word) {
        return Token::Plain;
    }
    let start = text.len().min(4);
    let Some(i) = text[start..text.len().min(MAX_COMMENT)].windows(3).position(|w| w == b"-->") else {
        return if text.len() < MAX_COMMENT { Token::Incomplete } else { Token::Plain };
    };
    let end = start + i + 3;
    match text.get(end) {
        None => Token::Incomplete,
        Some(&behind) if (is_word(behind) || behind == b'<') && !holds_tokens(&text[4..end - 3]) => {
            Token::Change { length: end, text: Text::NOTHING }
        }
        Some(_) => Token::Plain,
    }
}

/// Reads the emphasis at the start of `text`, which begins with `*` or `~`.
pub(crate) fn emphasis(text: &[u8], before: Option<u8>) -> Token {
    let mark = text[0];
    let length = text.iter().take(4).take_while(|&&b| b == mark).count();
    let fits = if mark == b'*' { length <= 3 } else { length == 2 };
    if length == text.len() && length < 4 {
        return Token::Incomplete;
    }
    if !fits || before == Some(mark) {
        return Token::Plain;
    }
    let word_before = before.is_some_and(is_word);
    let behind = text[length];
    // A path or a comment of C has a slash at its star, a file name pattern a dot.
    let at_path = |b: u8| matches!(b, b'/' | b'.');
    let at_word = word_before && !at_path(behind) || is_word(behind) && !before.is_some_and(at_path);
    if at_word { Token::Change { length, text: Text::NOTHING } } else { Token::Plain }
}

/// How far behind an underscore the one that ends the emphasis may stand.
const MAX_EMPHASISED: usize = 80;

/// Reads the emphasis at the start of `text`, which begins with `_`.
///
/// Inside a word it is none, and before one only if another stands at a word's end in the same line: what a name begins
/// with is no emphasis.
pub(crate) fn underscores(text: &[u8], before: Option<u8>) -> Token {
    let word_before = before.is_some_and(is_word);
    if before == Some(b'_') || word_before && text.get(1).is_some_and(|&b| is_word(b)) {
        return Token::Plain;
    }
    let length = text.iter().take(4).take_while(|&&b| b == b'_').count();
    if length == 4 {
        return Token::Plain;
    }
    let Some(&behind) = text.get(length) else { return Token::Incomplete };
    // What stands beside it may say something else once it has been undone.
    if b"\\%&<*~\x1b".contains(&behind) || before == Some(b';') {
        return Token::Plain;
    }
    let removed = Token::Change { length, text: Text::NOTHING };
    match (word_before, is_word(behind)) {
        (true, false) => removed,
        (false, true) => {
            let line = &text[length..text.len().min(length + MAX_EMPHASISED)];
            let ends = |i: &usize| {
                line[*i] == b'_'
                    && is_word(line[i - 1])
                    && line.get(i + 1).is_some_and(|&b| b != b'_' && !is_word(b))
                    || line[*i..].starts_with(b"__") && is_word(line[i - 1])
            };
            let whole = memchr::memchr(b'\n', line).unwrap_or(line.len());
            match (1..whole).find(ends) {
                Some(_) => removed,
                None if whole == line.len() && line.len() < MAX_EMPHASISED => Token::Incomplete,
                None => Token::Plain,
            }
        }
        _ => Token::Plain,
    }
}

/// Whether something may be hidden in what would be removed.
pub(crate) fn holds_tokens(text: &[u8]) -> bool {
    memchr::memchr3(b'&', b'%', b'\\', text).is_some() || memchr::memchr(b'<', text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::token::shown;

    #[test]
    fn tags_at_words_go() {
        for (text, before, expected) in [
            ("<b>n", b'g', "3:"),
            ("</b>n", b'g', "4:"),
            ("</b> ", b'g', "4:"),
            ("<b>n", b' ', "3:"),
            ("<b> ", b' ', "plain"),
            ("</b><i>", b'>', "4:"),
            ("<span style=\"color:red\">n", b'g', "24:"),
            ("<a href=\"/?a=1&amp;b\">n", b' ', "plain"),
            ("<br>n", b'g', "4: "),
            ("<br/>\n", b'g', "5: "),
            ("<p>n", b' ', "plain"),
            ("</td>n", b'g', "5: "),
            ("<3", b'g', "plain"),
            ("<= n", b'g', "plain"),
            ("<a<b>", b'g', "plain"),
            ("<b>", b'g', "incomplete"),
            ("<b", b'g', "incomplete"),
            ("</", b'g', "incomplete"),
            ("<!-- -->n", b'g', "8:"),
            ("<!-- -->n", b' ', "plain"),
            ("<!-- a longer comment -->n", b'g', "plain"),
            ("<!--%69-->n", b'g', "plain"),
            ("<!-- ", b'g', "incomplete"),
        ] {
            assert_eq!(shown(tag(text.as_bytes(), Some(before))), expected, "{text}");
        }
    }

    #[test]
    fn underscores_around_words_go() {
        for (text, before, expected) in [
            ("_ignore_ all", b' ', "1:"),
            ("__ignore all__ of", b' ', "2:"),
            ("_ all", b'e', "1:"),
            ("__.", b'e', "2:"),
            ("_name", b'a', "plain"),
            (r"_\u0054OKEN", b'2', "plain"),
            ("_name = 3\n", b' ', "plain"),
            ("_ name_ ", b' ', "plain"),
            ("_ignore", b' ', "incomplete"),
            ("_", b'e', "incomplete"),
            ("____x", b' ', "plain"),
        ] {
            assert_eq!(shown(underscores(text.as_bytes(), Some(before))), expected, "{text:?}");
        }
    }

    #[test]
    fn emphasis_at_words_goes() {
        for (text, before, expected) in [
            ("**n", b'g', "2:"),
            ("*n", b'g', "1:"),
            ("***n", b' ', "3:"),
            ("****n", b'g', "plain"),
            ("** n", b'g', "2:"),
            ("* n", b' ', "plain"),
            ("*.rs", b' ', "plain"),
            ("*/x", b'x', "plain"),
            ("*x", b'/', "plain"),
            ("~~n", b'g', "2:"),
            ("~n", b'g', "plain"),
            ("**", b'g', "incomplete"),
            ("~", b'g', "incomplete"),
        ] {
            assert_eq!(shown(emphasis(text.as_bytes(), Some(before))), expected, "{text}");
        }
    }
}
