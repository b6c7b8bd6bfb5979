//! Spellings of bytes that disguises are made of.

use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

pub(super) const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(super) const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Base64 with padding.
pub(super) fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    groups(bytes, 3, 4, alphabet)
}

/// Base32 with padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    groups(bytes, 5, 8, BASE32)
}

fn groups(bytes: &[u8], from: usize, to: usize, alphabet: &[u8]) -> String {
    let bits = alphabet.len().trailing_zeros() as usize;
    let mut text = String::new();
    for group in bytes.chunks(from) {
        let value = (0..from).fold(0u64, |v, i| v << 8 | u64::from(group.get(i).copied().unwrap_or(0)));
        let characters = (group.len() * 8).div_ceil(bits);
        for i in 0..to {
            let digit = usize::try_from(value >> (bits * (to - 1 - i))).expect("five bytes fit")
                & (alphabet.len() - 1);
            text.push(if i < characters { char::from(alphabet[digit]) } else { '=' });
        }
    }
    text
}

/// Two hexadecimal digits a byte, with something between each two.
pub(super) fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between)
}

/// Lines of so many characters.
pub(super) fn wrapped(text: &str, width: usize, line_break: &str) -> String {
    let lines: Vec<&str> =
        text.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).expect("it is ASCII")).collect();
    lines.join(line_break)
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, 9)
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec_zlib(bytes, 9)
}

/// A gzip member without a name. Its checksum is left zero: who unpacks a part of it does not get to that.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("samples are short").to_le_bytes();
    [b"\x1f\x8b\x08\0\0\0\0\0\0\x03", deflate(bytes).as_slice(), &[0; 4], &length].concat()
}

/// UTF-16, the low byte first or last.
pub(super) fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}
