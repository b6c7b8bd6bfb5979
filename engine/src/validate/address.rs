//! IPv4 hosts in the spellings that C's `inet_aton` and browsers take.

/// Whether the host of `span` is a loopback, private, link-local or unspecified IPv4 address.
///
/// The span is a host, or a URL or an authority with one; a scheme, user information, a port and a path are passed over.
pub(super) fn is_private(span: &[u8]) -> bool {
    address(host(span)).is_some_and(|[a, b, c, d]| match a {
        0 => [b, c, d] == [0, 0, 0],
        10 | 127 => true,
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168,
        _ => false,
    })
}

/// The host within a URL or an authority.
fn host(span: &[u8]) -> &[u8] {
    let rest = match span.windows(3).position(|w| w == b"://") {
        Some(at) => &span[at + 3..],
        None => span,
    };
    let is_end = |b: &u8| matches!(b, b'/' | b'\\' | b'?' | b'#') || b.is_ascii_whitespace();
    let authority = &rest[..rest.iter().position(is_end).unwrap_or(rest.len())];
    let host = match authority.iter().rposition(|b| *b == b'@') {
        Some(at) => &authority[at + 1..],
        None => authority,
    };
    let host = &host[..host.iter().position(|b| *b == b':').unwrap_or(host.len())];
    host.strip_suffix(b".").unwrap_or(host)
}

/// One to four numbers, of which the last fills the bytes that are left.
fn address(host: &[u8]) -> Option<[u8; 4]> {
    let mut value = 0u32;
    let mut parts = host.split(|b| *b == b'.').peekable();
    for place in 1..=4u32 {
        let part = number(parts.next()?)?;
        if parts.peek().is_none() {
            let room = 8 * (5 - place);
            if u64::from(part) >> room != 0 {
                return None;
            }
            return Some((value | part).to_be_bytes());
        }
        if part > 255 {
            return None;
        }
        value |= part << (8 * (4 - place).min(24));
    }
    None
}

/// A number in decimal, in octal (leading `0`) or in hexadecimal (leading `0x`).
fn number(part: &[u8]) -> Option<u32> {
    let (digits, base) = match part {
        [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
        [b'0', digits @ ..] if !digits.is_empty() => (digits, 8),
        digits => (digits, 10),
    };
    if digits.is_empty() {
        return None;
    }
    digits
        .iter()
        .try_fold(0u32, |value, b| value.checked_mul(base)?.checked_add(char::from(*b).to_digit(base)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_hosts() {
        for (span, holds) in [
            ("127.0.0.1", true),
            ("127.1", true),
            ("127.0.1", true),
            ("2130706433", true),
            ("0x7f000001", true),
            ("0X7F.0.0.1", true),
            ("017700000001", true),
            ("0177.0.0.01", true),
            ("0x7f.1", true),
            ("127.0.0.1.", true),
            ("0", true),
            ("0.0.0.0", true),
            ("0.0.0.1", false),
            ("1", false),
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("172.15.0.1", false),
            ("172.16.0.1", true),
            ("172.31.255.255", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("192.169.1.1", false),
            ("169.254.169.254", true),
            ("0xa9fea9fe", true),
            ("2852039166", true),
            ("169.253.169.254", false),
            ("8.8.8.8", false),
            // Not addresses: too many parts, too large, wrong digits, nothing between dots.
            ("127.0.0.1.1", false),
            ("127.0.0.256", false),
            ("127.0.65536", false),
            ("127.16777216", false),
            ("4294967296", false),
            ("99999999999999999999", false),
            ("256.0.0.1", false),
            ("0189.0.0.1", false),
            ("0x", false),
            ("127..1", false),
            (".127.0.0.1", false),
            ("127.0.0.1a", false),
            ("localhost", false),
            ("", false),
            // In a URL.
            ("http://127.0.0.1/", true),
            ("http://user:pw@10.0.0.8:8080/path?q=1", true),
            ("http://10.0.0.8@example.org/", false),
            ("http://example.org/10.0.0.8", false),
            ("10.0.0.8:22", true),
            ("//10.0.0.8", false),
        ] {
            assert_eq!(is_private(span.as_bytes()), holds, "{span}");
        }
    }
}
