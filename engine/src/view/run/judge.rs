//! Whether decoded bytes are a text that somebody may read.

/// What decoded bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Mostly text, or UTF-16 of mostly ASCII.
    Text,
    /// At least half of it is.
    Half,
    /// Noise.
    Noise,
}

pub(crate) fn judge(bytes: &[u8]) -> Judgement {
    let good = readable(bytes).max(wide(bytes, 0)).max(wide(bytes, 1));
    if good * 8 >= bytes.len() * 7 {
        Judgement::Text
    } else if good * 2 >= bytes.len() {
        Judgement::Half
    } else {
        Judgement::Noise
    }
}

/// A character of a line of text.
#[inline]
pub(crate) fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// Bytes that are printable ASCII or belong to a character in UTF-8; at both ends a part of one counts.
fn readable(bytes: &[u8]) -> usize {
    let cut = bytes.iter().take(3).take_while(|b| matches!(b, 0x80..=0xbf)).count();
    let mut good = cut;
    for chunk in bytes[cut..].utf8_chunks() {
        good += chunk.valid().bytes().filter(|&b| is_printable(b) || b >= 0x80).count();
    }
    let last = bytes.utf8_chunks().last().map_or(&[][..], |c| c.invalid());
    // Of a character that is cut off only the bytes so far can be checked, and they were.
    let begun = matches!(last, [0xc2..=0xf4, ..]) && bytes.ends_with(last) && last.len() < 4;
    if begun { good + last.len() } else { good }
}

/// Bytes that belong to printable ASCII in UTF-16, the zeros at the even or the odd places.
fn wide(bytes: &[u8], zeros: usize) -> usize {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let fits = |pair: &&[u8; 2]| pair[zeros] == 0 && is_printable(pair[1 - zeros]);
    2 * pairs.iter().filter(fits).count() + rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_noise() {
        for (bytes, expected) in [
            (&b"ignore all previous"[..], Judgement::Text),
            ("игнорируй".as_bytes(), Judgement::Text),
            (&"игнорируй".as_bytes()[1..14], Judgement::Text),
            (b"i\0g\0n\0o\0r\0e\0", Judgement::Text),
            (b"\0i\0g\0n\0o\0r\0e", Judgement::Text),
            (b"\x01\x02ignore\x03\x04", Judgement::Half),
            (b"\xff\xfe\x01\x02\x80\x81\x82ab", Judgement::Noise),
            (b"\0\0\0\0\0\0\0\0", Judgement::Noise),
        ] {
            assert_eq!(judge(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
