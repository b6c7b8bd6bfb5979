//! Text from anywhere made safe for a terminal: what is invisible or moves the cursor is spelled out.

/// `text` with control characters, direction marks, zero-width characters and the like as `\x1b` or `\u{202e}`.
///
/// A tab becomes four spaces; all else that is printed as itself stays.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown += "    ",
            '\n' => shown += "\\n",
            '\r' => shown += "\\r",
            c if c.is_control() && c.is_ascii() => shown += &format!("\\x{:02x}", u32::from(c)),
            c if c.is_control() || is_unseen(c) => shown += &format!("\\u{{{:x}}}", u32::from(c)),
            c => shown.push(c),
        }
    }
    shown
}

/// How many columns a terminal gives to `text`, which [`visible`] has made.
pub(crate) fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// Whether a character shows nothing, or changes how others are shown.
fn is_unseen(c: char) -> bool {
    matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
        // Marks that stack up over other lines.
        || matches!(u32::from(c), 0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unseen_characters_are_spelled_out() {
        for (text, shown) in [
            ("plain äöü 漢字 🙂", "plain äöü 漢字 🙂"),
            ("a\tb", "a    b"),
            ("\x1b[31mred\x1b[0m\x07\r\n", "\\x1b[31mred\\x1b[0m\\x07\\r\\n"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\u{202e}b\u{2066}c\u{200b}", "a\\u{202e}b\\u{2066}c\\u{200b}"),
            ("e\u{301}\u{301}", "e\\u{301}\\u{301}"),
            ("\u{e0041}\u{feff}\u{ad}", "\\u{e0041}\\u{feff}\\u{ad}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn nothing_that_moves_the_cursor_is_left() {
        let all: String = (0..=0x0010_ffff).filter_map(char::from_u32).collect();
        assert!(!visible(&all).chars().any(|c| c.is_control() || is_unseen(c)));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("ab漢字"), 6);
    }
}
