//! UTF-16: every other byte of ASCII is zero; behind a byte order mark it may be any text.

use super::judge::is_printable;

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The low one.
    Little,
    /// The high one.
    Big,
}

/// Units of a piece.
pub(crate) const UNITS: usize = 12;

/// The order that a byte order mark says.
pub(crate) fn order(mark: &[u8]) -> Option<Order> {
    match mark {
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        _ => None,
    }
}

/// How many units are printable ASCII.
pub(crate) fn plain_units(bytes: &[u8], order: Order) -> usize {
    units(bytes, order).filter(|u| u8::try_from(*u).is_ok_and(is_printable)).count()
}

/// Whether the bytes may be UTF-16 behind a mark: characters and nothing else, and not text as they stand.
pub(crate) fn is_text(bytes: &[u8], order: Order) -> bool {
    let is_character =
        |c: Result<char, _>| c.is_ok_and(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'));
    // A character outside the basic plane may be cut at the end, and then comes with the next piece.
    let whole = whole(bytes, order);
    char::decode_utf16(units(whole, order)).all(|c| is_character(c.map_err(|_| ())))
        && !std::str::from_utf8(bytes).is_ok_and(|text| text.bytes().all(|b| is_printable(b) || b >= 0x80))
}

/// The bytes before two that are text as they stand: there the UTF-16 ends that something else told from its zeros.
pub(crate) fn before_plain(bytes: &[u8]) -> &[u8] {
    let plain = bytes.as_chunks::<2>().0.iter().position(|pair| pair.iter().all(|&b| is_printable(b)));
    plain.map_or(bytes, |unit| &bytes[..2 * unit])
}

/// The bytes without half a surrogate pair at their end.
pub(crate) fn whole(bytes: &[u8], order: Order) -> &[u8] {
    match units(bytes, order).last() {
        Some(0xd800..=0xdbff) if bytes.len() > 2 => &bytes[..bytes.len() - 2],
        _ => bytes,
    }
}

/// The same text in UTF-8; half a surrogate pair becomes U+FFFD.
pub(crate) fn decode(bytes: &[u8], order: Order, text: &mut Vec<u8>) {
    for c in char::decode_utf16(units(bytes, order)) {
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn units(bytes: &[u8], order: Order) -> impl Iterator<Item = u16> {
    bytes.as_chunks::<2>().0.iter().map(move |&pair| match order {
        Order::Little => u16::from_le_bytes(pair),
        Order::Big => u16::from_be_bytes(pair),
    })
}
