//! Base64, and what it carries in a JSON Web Token.

/// Valid base64 or base64url of at least one byte, with the right padding or none.
///
/// Bits that a strict decoder wants to be zero may be set: most decoders pass over them.
pub(super) fn is_base64(span: &[u8]) -> bool {
    let Some((text, padding)) = split_padding(span) else { return false };
    let standard = text.iter().any(|b| matches!(b, b'+' | b'/'));
    let url = text.iter().any(|b| matches!(b, b'-' | b'_'));
    let padded_right = padding == 0 || (text.len() + padding).is_multiple_of(4);
    !text.is_empty()
        && text.len() % 4 != 1
        && padded_right
        && !(standard && url)
        && text.iter().all(|&b| digit(b).is_some())
}

/// The text before the padding, and the length of the padding.
fn split_padding(span: &[u8]) -> Option<(&[u8], usize)> {
    let end = span.iter().rposition(|b| *b != b'=').map_or(0, |last| last + 1);
    let padding = span.len() - end;
    (padding <= 2).then_some((&span[..end], padding))
}

/// The six bits that a character stands for, in either alphabet.
fn digit(b: u8) -> Option<u8> {
    match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Whether the part before the first dot decodes to a JSON object with the key `alg` (RFC 7515, section 4.1.1).
pub(super) fn is_jwt(span: &[u8]) -> bool {
    let Some(dot) = span.iter().position(|b| *b == b'.') else { return false };
    let header = &span[..dot];
    if !is_base64(header) {
        return false;
    }
    let mut json = decode(header);
    // A tape, since trees are built by recursion, and who writes the text decides how deep it nests.
    simd_json::to_tape(&mut json)
        .is_ok_and(|tape| tape.as_value().as_object().is_some_and(|header| header.get("alg").is_some()))
}

/// The bytes of valid base64.
fn decode(span: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(span.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0u32, 0);
    for digit in span.iter().map_while(|&b| digit(b)) {
        bits = (bits << 6 | u32::from(digit)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        for (span, holds) in [
            ("aGVsbG8=", true),
            ("aGVsbG8", true),
            ("aGVsbG8==", false),
            ("aGVsbA==", true),
            ("aGVsbA=", false),
            ("aGVsbA", true),
            ("aGVsb", false),
            ("a", false),
            ("ab", true),
            ("-_-_", true),
            ("+/+/", true),
            ("+_+/", false),
            ("aGVs bG8=", false),
            ("aG=VsbG8", false),
            ("====", false),
            ("=", false),
            ("", false),
            ("aGVsbG8é", false),
        ] {
            assert_eq!(is_base64(span.as_bytes()), holds, "{span}");
        }
    }

    #[test]
    fn decoding() {
        for (span, bytes) in [("aGVsbG8=", "hello"), ("aGVsbA", "hell"), ("aGVs", "hel"), ("8J-kpg", "🤦")]
        {
            assert_eq!(decode(span.as_bytes()), bytes.as_bytes(), "{span}");
        }
    }

    #[test]
    fn web_tokens() {
        for (span, holds) in [
            // {"alg":"HS256","typ":"JWT"}
            ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl", true),
            ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.", true),
            // {"typ":"JWT","alg":"none"}
            ("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.e30.", true),
            // {"typ":"JWT"}, {"a":{"alg":1}}, ["alg"], "alg"
            ("eyJ0eXAiOiJKV1QifQ.e30.x", false),
            ("eyJhIjp7ImFsZyI6MX19.e30.x", false),
            ("WyJhbGciXQ.e30.x", false),
            ("ImFsZyI.e30.x", false),
            // A header cut short, one without a dot, one in a broken encoding.
            ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXV.e30.x", false),
            ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", false),
            ("eyJ!bGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x", false),
            (".e30.x", false),
            (".", false),
            ("", false),
        ] {
            assert_eq!(is_jwt(span.as_bytes()), holds, "{span}");
        }
    }
}
