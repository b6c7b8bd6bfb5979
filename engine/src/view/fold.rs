//! The fold: every scalar value as the plain letter that a reader takes it for.
//!
//! Compatibility forms, lower case, look-alike letters to ASCII, unusual spaces to a space, tag characters to the ASCII
//! they carry; what no reader sees goes, and combining marks behind Latin, Greek and Cyrillic letters. One look-up for
//! each scalar value, and nothing is reordered. `engine/examples/view_tables.rs` makes the table.
//!
//! ASCII stays as it is, upper case too: patterns that read the fold ignore the case of ASCII anyway.

use std::sync::LazyLock;

use crate::view::fold_format::{CHARACTERS, DELETED, ITSELF, LETTER, MARK, PAGE};

static BYTES: &[u8] = include_bytes!("fold.bin");

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(BYTES));

struct Table {
    page_of: Vec<u16>,
    entries: Vec<u16>,
    ends: Vec<u16>,
    strings: &'static [u8],
}

/// What the fold makes of a scalar value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    Itself,
    To(&'static [u8]),
}

/// What the fold remembers from one scalar value to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// The last scalar value that is no mark was a Latin, Greek or Cyrillic letter.
    behind_letter: bool,
}

impl State {
    /// The state behind a byte of ASCII.
    #[inline]
    pub(crate) fn behind_ascii(byte: u8) -> State {
        State { behind_letter: byte.is_ascii_alphabetic() }
    }

    /// The state behind what is no text.
    pub(crate) fn behind_noise() -> State {
        State::default()
    }

    /// Folds the next scalar value, which is not ASCII.
    #[inline]
    pub(crate) fn fold(&mut self, c: char) -> Folded {
        let table = &*TABLE;
        let c = c as usize;
        let entry = table.entries[usize::from(table.page_of[c / PAGE]) * PAGE + c % PAGE];
        if entry & MARK != 0 {
            // A mark stands above the letter, whatever other marks are between.
            return if self.behind_letter { Folded::To(&[]) } else { Folded::Itself };
        }
        let index = entry & !(LETTER | MARK);
        // What goes is not there for the mark behind it, either.
        if index == DELETED {
            return Folded::To(&[]);
        }
        self.behind_letter = entry & LETTER != 0;
        if index == ITSELF { Folded::Itself } else { Folded::To(table.string(index - DELETED - 1)) }
    }
}

impl Table {
    fn read(bytes: &'static [u8]) -> Table {
        let number = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        let numbers = |bytes: &[u8]| -> Vec<u16> { bytes.chunks_exact(2).map(number).collect() };
        let (pages, strings) = (usize::from(number(bytes)), usize::from(number(&bytes[2..])));
        let (page_of, rest) = bytes[4..].split_at(CHARACTERS / PAGE * 2);
        let (entries, rest) = rest.split_at(pages * PAGE * 2);
        let (ends, strings) = rest.split_at(strings * 2);
        Table { page_of: numbers(page_of), entries: numbers(entries), ends: numbers(ends), strings }
    }

    fn string(&self, index: u16) -> &'static [u8] {
        let index = usize::from(index);
        let start = index.checked_sub(1).map_or(0, |before| usize::from(self.ends[before]));
        &self.strings[start..usize::from(self.ends[index])]
    }
}

/// The scalar value at the start of `text`, which is not ASCII.
#[inline]
pub(crate) fn scalar(text: &[u8]) -> Scalar {
    let (length, first) = match text[0] {
        b @ 0xc2..=0xdf => (2, u32::from(b & 0x1f)),
        b @ 0xe0..=0xef => (3, u32::from(b & 0x0f)),
        b @ 0xf0..=0xf4 => (4, u32::from(b & 0x07)),
        _ => return Scalar::None,
    };
    let mut value = first;
    for i in 1..length {
        match text.get(i) {
            Some(b @ 0x80..=0xbf) => value = value << 6 | u32::from(b & 0x3f),
            Some(_) => return Scalar::None,
            None => return Scalar::Incomplete,
        }
    }
    let least = [0x80, 0x800, 0x1_0000][length - 2];
    match char::from_u32(value) {
        Some(c) if value >= least => Scalar::Value(c, length),
        _ => Scalar::None,
    }
}

/// What a byte beyond ASCII begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Value(char, usize),
    /// No UTF-8.
    None,
    /// The text ends within it.
    Incomplete,
}

/// A text of a pattern as the fold would say it.
pub(crate) fn text(text: &str) -> String {
    let mut state = State::default();
    let mut folded = String::new();
    for c in text.chars() {
        push(&mut state, c, &mut folded);
    }
    folded
}

/// Adds what the fold makes of the next character of a text.
pub(crate) fn push(state: &mut State, c: char, folded: &mut String) {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => {
            *state = State::behind_ascii(byte);
            folded.push(c);
        }
        _ => match state.fold(c) {
            Folded::Itself => folded.push(c),
            Folded::To(bytes) => {
                folded.push_str(std::str::from_utf8(bytes).expect("the table holds strings"));
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fold() {
        for (from, to) in [
            ("ignore ALL", "ignore ALL"),
            ("ｉｇｎｏｒｅ", "ignore"),
            ("𝐢𝕘𝓃𝔬𝚛𝒆", "ignore"),
            ("ⓘⓖⓝⓞⓡⓔ", "ignore"),
            ("іgnоrе", "ignore"),
            ("ΙGΝΟRΕ", "iGnoRe"),
            ("i\u{301}g\u{338}n\u{335}\u{336}ore", "ignore"),
            ("ïgnörè", "ignore"),
            ("i\u{200b}g\u{200d}n\u{ad}o\u{fe0f}r\u{2060}e", "ignore"),
            ("ignore\u{a0}all\u{2003}previous\u{3000}rules", "ignore all previous rules"),
            ("\u{e0069}\u{e0067}\u{e006e}", "ign"),
            ("\u{202e}ignore\u{202c}", "ignore"),
            ("हिन्दी", "हिन्दी"),
            ("עִבְרִית", "עִבְרִית"),
            ("日本語が", "日本語が"),
            ("한국어", "한국어"),
            ("ﬁle №1", "file no1"),
            ("x\u{301}\u{200b}\u{301}y", "xy"),
        ] {
            assert_eq!(text(from), to, "{from}");
        }
    }

    /// Rules and texts meet in whatever case they are written.
    #[test]
    fn both_cases_of_a_letter_fold_alike() {
        for c in ('\u{80}'..='\u{52f}').filter(|c| c.is_lowercase()) {
            let mut upper = c.to_uppercase();
            let (Some(u), None) = (upper.next(), upper.next()) else { continue };
            let (folded, upper) = (text(&c.to_string()), text(&u.to_string()));
            // Each may look like another letter of ASCII.
            if u.to_lowercase().eq([c]) && !(folded.is_ascii() && upper.is_ascii()) {
                assert_eq!(upper, folded, "{u} {c}");
            }
        }
    }

    /// What a table made of the text is not folded again to something else.
    #[test]
    fn folding_twice_is_folding_once() {
        for c in ('\u{80}'..=char::MAX).filter(|c| !matches!(c, '\u{300}'..='\u{36f}')) {
            let once = text(&c.to_string());
            let twice = text(&once);
            assert_eq!(once, twice, "{:x}", c as u32);
        }
    }

    #[test]
    fn utf_8_whole_cut_and_broken() {
        assert_eq!(scalar("é".as_bytes()), Scalar::Value('é', 2));
        assert_eq!(scalar("😀x".as_bytes()), Scalar::Value('😀', 4));
        assert_eq!(scalar(b"\xf0\x9f"), Scalar::Incomplete);
        for broken in
            [b"\x80".as_slice(), b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3A"]
        {
            assert_eq!(scalar(broken), Scalar::None, "{broken:x?}");
        }
    }
}
