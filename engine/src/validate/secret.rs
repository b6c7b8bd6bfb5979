//! How much a text looks like a secret: entropy, variety, placeholders, token checksums.

/// Shannon entropy in bits per byte.
pub(super) fn entropy(span: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for &b in span {
        counts[usize::from(b)] += 1;
    }
    let total = span.len() as f64;
    // Never below zero, not even by rounding, so that a limit of zero always holds.
    let sum: f64 = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / total;
            -share * share.log2()
        })
        .sum();
    sum.max(0.0)
}

/// How many different bytes there are.
pub(super) fn distinct(span: &[u8]) -> usize {
    let mut seen = [false; 256];
    span.iter().filter(|&&b| !std::mem::replace(&mut seen[usize::from(b)], true)).count()
}

/// How many of the classes lower case, upper case, digit and other there are.
pub(super) fn classes(span: &[u8]) -> usize {
    let mut seen = [false; 4];
    for b in span {
        let class = match b {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        };
        seen[class] = true;
    }
    seen.into_iter().filter(|s| *s).count()
}

/// Words and marks that people put where a secret will stand, in lower case.
const STAND_INS: [&[u8]; 10] = [
    b"xxxx",
    b"****",
    b"example",
    b"changeme",
    b"your_",
    b"your-",
    b"placeholder",
    b"dummy",
    b"redacted",
    b"...",
];

/// Whether this is obviously not a secret but stands for one.
pub(super) fn is_placeholder(span: &[u8]) -> bool {
    span.iter().all(|b| *b == span[0])
        || STAND_INS.iter().any(|word| contains(span, word))
        || has_bracketed(span, b"${", b"}")
        || has_bracketed(span, b"{{", b"}}")
        || has_name_in_angle_brackets(span)
}

fn contains(span: &[u8], word: &[u8]) -> bool {
    span.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word))
}

/// Whether `open` stands somewhere and `close` behind it.
fn has_bracketed(span: &[u8], open: &[u8], close: &[u8]) -> bool {
    let find = |text: &[u8], mark: &[u8]| text.windows(mark.len()).position(|w| w == mark);
    find(span, open).is_some_and(|at| find(&span[at + open.len()..], close).is_some())
}

/// Whether there is something like `<your key>`: words in angle brackets.
fn has_name_in_angle_brackets(span: &[u8]) -> bool {
    let mut open = None;
    for (at, b) in span.iter().enumerate() {
        match b {
            b'<' => open = Some(at),
            b'>' if open.is_some_and(|open| at > open + 1) => return true,
            b' ' | b'_' | b'-' | b'.' | b'/' => {}
            b if b.is_ascii_alphanumeric() => {}
            _ => open = None,
        }
    }
    false
}

/// What GitHub's tokens begin with.
const GITHUB_PREFIXES: [&[u8]; 6] = [b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"];
const CHECKSUM_DIGITS: usize = 6;

/// Whether the last six digits of a token are the CRC-32 of the part before them, in base 62 (`0-9A-Za-z`) with
/// leading zeros.
///
/// Source: GitHub's announcement of its token formats, "Behind GitHub's new authentication token formats" (2021),
/// section "Checksum"; the digits' order was checked with published tokens.
pub(super) fn github_crc(span: &[u8]) -> bool {
    let Some(body) = GITHUB_PREFIXES.iter().find_map(|prefix| span.strip_prefix(*prefix)) else {
        return false;
    };
    if body.len() <= CHECKSUM_DIGITS {
        return false;
    }
    let (random, checksum) = body.split_at(body.len() - CHECKSUM_DIGITS);
    let written = checksum.iter().try_fold(0u64, |value, b| {
        let digit = match b {
            b'0'..=b'9' => b - b'0',
            b'A'..=b'Z' => b - b'A' + 10,
            b'a'..=b'z' => b - b'a' + 36,
            _ => return None,
        };
        Some(value * 62 + u64::from(digit))
    });
    written == Some(u64::from(crc32(random)))
}

/// CRC-32 as in ISO-HDLC and zlib; bit by bit, since tokens are short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &b| {
        (0..8).fold(crc ^ u32::from(b), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_in_bits_per_byte() {
        for (span, bits) in [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0), ("aaab", 0.811_278)] {
            assert!((entropy(span.as_bytes()) - bits).abs() < 1e-6, "{span}");
        }
        let all: Vec<u8> = (0..=255).collect();
        assert!((entropy(&all) - 8.0).abs() < 1e-9);
    }

    #[test]
    fn variety() {
        for (span, bytes, kinds) in
            [("", 0, 0), ("aaa", 1, 1), ("aAaA", 2, 2), ("aA1", 3, 3), ("aA1-", 4, 4), ("é", 2, 1)]
        {
            assert_eq!(distinct(span.as_bytes()), bytes, "{span}");
            assert_eq!(classes(span.as_bytes()), kinds, "{span}");
        }
    }

    #[test]
    fn placeholders() {
        for (span, placeholder) in [
            ("", true),
            ("x", true),
            ("aaaaaaaa", true),
            ("sk-XXXXxxxx", true),
            ("sk-xxx", false),
            ("********", true),
            ("p***", false),
            ("AKIAQ3EXAMPLE7", true),
            ("ChangeMe!", true),
            ("your_api_key", true),
            ("YOUR-TOKEN", true),
            ("yourtoken", false),
            ("<api key>", true),
            ("<>", false),
            ("a<b", false),
            ("k9<Qz!w>7", false),
            ("${API_KEY}", true),
            ("$API_KEY", false),
            ("}${", false),
            ("{{ api_key }}", true),
            ("{{ab", false),
            ("sk-abc...", true),
            ("sk-abc..", false),
            ("[REDACTED]", true),
            ("dummy-key", true),
            ("placeholder1", true),
            ("hunter2", false),
            ("kR8#mQ2!vT", false),
        ] {
            assert_eq!(is_placeholder(span.as_bytes()), placeholder, "{span}");
        }
    }

    #[test]
    fn github_checksums() {
        // Made up here; the checksums were computed with another implementation (zlib's).
        for (span, holds) in [
            ("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", true),
            ("ghs_q7Zt0Kd3mWc9XrB5yLhP2nVf8sGj4a1JFU5Z", true),
            ("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", true),
            ("gho_Hypersieve0000000000000000037300iPdY", false),
            ("ghp_HypersieveMadeThisTokenUp000010HdWVJ", false),
            ("ghp_HypersieveMadeThisTokenUp000010hdwvi", false),
            ("ghx_HypersieveMadeThisTokenUp000010HdWVI", false),
            ("HypersieveMadeThisTokenUp000010HdWVI", false),
            // The largest six digits in base 62 are more than 32 bits.
            ("ghp_HypersieveMadeThisTokenUp00001zzzzzz", false),
            ("ghp_HypersieveMadeThisTokenUp000010HdWV-", false),
            ("ghp_0HdWVI", false),
            ("ghp_", false),
            ("", false),
        ] {
            assert_eq!(github_crc(span.as_bytes()), holds, "{span}");
        }
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
