//! Strings of JSON as text, and text as strings of JSON.

use std::borrow::Cow;

/// The text of a string token that the reader has found to be well formed; `raw` is what stands between the quotes.
///
/// Half of a surrogate pair becomes U+FFFD: it stands for no character.
pub(crate) fn unescape(raw: &[u8]) -> Cow<'_, str> {
    let text = std::str::from_utf8(raw).expect("the reader checks the whole document for UTF-8");
    let Some(first) = memchr::memchr(b'\\', raw) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(raw.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(escape) = rest.as_bytes().get(1).copied() {
        // `rest` begins with a backslash.
        let mut read = 2;
        match escape {
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'r' => out.push('\r'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let (character, length) = code_point(rest.as_bytes());
                out.push(character);
                read = length;
            }
            other => out.push(char::from(other)),
        }
        rest = &rest[read..];
        let next = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(out)
}

/// The character that the escapes at the beginning stand for, and their length.
fn code_point(text: &[u8]) -> (char, usize) {
    let high = hex(text, 2);
    if !(0xd800..0xdc00).contains(&high) {
        return (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6);
    }
    if text.get(6..8) == Some(b"\\u") {
        let low = hex(text, 8);
        if (0xdc00..0xe000).contains(&low) {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
        }
    }
    (char::REPLACEMENT_CHARACTER, 6)
}

fn hex(text: &[u8], at: usize) -> u32 {
    text[at..at + 4].iter().fold(0, |code, digit| {
        code * 16 + char::from(*digit).to_digit(16).expect("the reader checks the digits of escapes")
    })
}

/// A text as a string of JSON, with its quotes.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        for (raw, text) in [
            ("plain", "plain"),
            (r"\u0069gnore", "ignore"),
            (r#"a\nb\t\"\\\/"#, "a\nb\t\"\\/"),
            (r"\ud83d\ude00!", "\u{1f600}!"),
            (r"\ud83d!", "\u{fffd}!"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\udc00", "\u{fffd}"),
            ("é\\u00e9", "éé"),
        ] {
            assert_eq!(unescape(raw.as_bytes()), text, "{raw}");
        }
    }
}
