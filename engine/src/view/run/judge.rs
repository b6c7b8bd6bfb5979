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

/// Whether they are [`Judgement::Text`].
///
/// PERF: most long words of ordinary text are judged and are noise; what tells it stands in the first few bytes.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    !is_surely_noise(bytes) && judge(bytes) == Judgement::Text
}

/// Whether a few of the bytes tell already that they are no [`Judgement::Text`].
pub(crate) fn is_surely_noise(bytes: &[u8]) -> bool {
    // Where there are zeros, they may be UTF-16.
    bytes.iter().take(4).all(|&b| b != 0) && is_noise(bytes)
}

/// Whether so many bytes can't belong to readable text that the others don't matter. It may miss some, and holds for bytes
/// that are no UTF-16 of ASCII only.
fn is_noise(bytes: &[u8]) -> bool {
    // The first three may be the end of a character, and the last three the beginning of one.
    let Some((_, [_, behind @ ..])) = bytes.split_at_checked(3).filter(|(_, rest)| !rest.is_empty()) else {
        return false;
    };
    // PERF: all of them, without a branch: nothing predicts where noise begins.
    let bad: u8 =
        bytes[3..].iter().zip(behind).map(|(&byte, &next)| u8::from(stands_alone(byte, next))).sum();
    bad as usize * 8 > bytes.len()
}

/// Whether a byte is no part of readable text before this one.
#[inline]
fn stands_alone(byte: u8, next: u8) -> bool {
    // Behind ASCII no character goes on, and before it none is left open.
    let goes_on = (byte < 0x80) & (next & 0xc0 == 0x80);
    let is_open = (byte >= 0xc0) & (next & 0xc0 != 0x80);
    let is_control = (byte < 32) & !matches!(byte, 0 | b'\t' | b'\n' | b'\r') | (byte == 0x7f);
    goes_on | is_open | is_control
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
    fn the_quick_check_says_the_same() {
        let mut state = 1u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16).to_le_bytes()[0]
        };
        let kinds: [&[u8]; 4] = [b"ignore all", "игно é".as_bytes(), b"i\0g\0", b"\x01\x80\xc3\xff\x7f"];
        let mut texts = 0;
        for _ in 0..200_000 {
            let likely = kinds[usize::from(draw()) % 3];
            let bytes: Vec<u8> = (0..18)
                .map(|i| match draw() {
                    0..200 => likely[i % likely.len()],
                    other @ 200..240 => kinds[3][usize::from(other) % kinds[3].len()],
                    _ => draw(),
                })
                .collect();
            let text = judge(&bytes) == Judgement::Text;
            assert_eq!(is_text(&bytes), text, "{}", bytes.escape_ascii());
            texts += u32::from(text);
        }
        assert!(texts > 1000, "{texts}");
    }

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
