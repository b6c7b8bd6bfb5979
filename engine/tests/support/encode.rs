//! Spellings of bytes, for texts whose runs a view reads.

/// Base64 of RFC 4648 with the alphabet of section 4 or 5, padded or not.
pub(crate) fn base64(bytes: &[u8], last_two: [u8; 2], padded: bool) -> Vec<u8> {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(last_two).collect();
    grouped(bytes, &alphabet, (3, 4, 6), padded)
}

/// Base32 of RFC 4648, section 6.
pub(crate) fn base32(bytes: &[u8]) -> Vec<u8> {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'2'..=b'7').collect();
    grouped(bytes, &alphabet, (5, 8, 5), true)
}

fn grouped(bytes: &[u8], alphabet: &[u8], (from, to, bits): (usize, usize, usize), padded: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for group in bytes.chunks(from) {
        let value = (0..from).fold(0u64, |v, i| v << 8 | u64::from(group.get(i).copied().unwrap_or(0)));
        let characters = (group.len() * 8).div_ceil(bits);
        for i in 0..to {
            let digit = usize::try_from(value >> (bits * (to - 1 - i))).expect("it fits") % (1 << bits);
            if i < characters {
                text.push(alphabet[digit]);
            } else if padded {
                text.push(b'=');
            }
        }
    }
    text
}

/// Two digits a byte, with something before each but the first.
pub(crate) fn hex(bytes: &[u8], between: &str) -> Vec<u8> {
    let digits: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    digits.join(between).into_bytes()
}

/// A gzip member whose only block is stored as it is.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    [b"\x1f\x8b\x08\0\0\0\0\0\0\x03", stored(bytes).as_slice(), &[0; 8]].concat()
}

/// Bare deflate in one stored block of at most 65,535 bytes.
pub(crate) fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("samples are short");
    [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), bytes].concat()
}

/// A zero behind each byte, or before it.
pub(crate) fn wide(bytes: &[u8], zero_first: bool) -> Vec<u8> {
    bytes.iter().flat_map(|&b| if zero_first { [0, b] } else { [b, 0] }).collect()
}

/// Lines of so many characters.
pub(crate) fn wrapped(text: &[u8], width: usize, line_break: &[u8]) -> Vec<u8> {
    text.chunks(width).collect::<Vec<&[u8]>>().join(line_break)
}
