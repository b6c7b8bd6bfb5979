//! Numbers with check digits or reserved ranges: payment cards, US social security numbers, IBANs.

/// 12 to 19 digits, not all equal, whose Luhn sum (ISO/IEC 7812-1, annex B) is a multiple of ten; other bytes are
/// passed over.
pub(super) fn luhn(span: &[u8]) -> bool {
    let mut digits = 0u32;
    // The sums if the digit that comes next is, counted from the right, at an odd or at an even place.
    let (mut sum, mut other) = (0u32, 0u32);
    let mut first = None;
    let mut all_equal = true;
    for digit in span.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')) {
        all_equal &= *first.get_or_insert(digit) == digit;
        digits += 1;
        if digits > 19 {
            return false;
        }
        let doubled = if digit > 4 { 2 * digit - 9 } else { 2 * digit };
        (sum, other) = (other + digit, sum + doubled);
    }
    digits >= 12 && !all_equal && sum.is_multiple_of(10)
}

/// Numbers that were printed in advertisements and handbooks, or that anybody would make up.
const SPECIMENS: [(u32, u32, u32); 4] = [(78, 5, 1120), (219, 9, 9999), (457, 55, 5462), (123, 45, 6789)];

/// Nine digits laid out 3-2-4 with one kind of separator or none, that the Social Security Administration could have
/// issued.
pub(super) fn ssn(span: &[u8]) -> bool {
    let Some(start) = span.iter().position(u8::is_ascii_digit) else { return false };
    let end = span.iter().rposition(u8::is_ascii_digit).map_or(start, |last| last + 1);
    let span = &span[start..end];
    let digits: &[usize] = match span.len() {
        9 => &[0, 1, 2, 3, 4, 5, 6, 7, 8],
        11 if span[3] == span[6] && matches!(span[3], b'-' | b' ' | b'.') => &[0, 1, 2, 4, 5, 7, 8, 9, 10],
        _ => return false,
    };
    let mut number = 0u32;
    for &at in digits {
        if !span[at].is_ascii_digit() {
            return false;
        }
        number = number * 10 + u32::from(span[at] - b'0');
    }
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    area != 0
        && area != 666
        && area < 900
        && group != 0
        && serial != 0
        && !number.is_multiple_of(111_111_111)
        && !SPECIMENS.contains(&(area, group, serial))
}

/// The countries of the IBAN registry with the length of their IBANs.
#[rustfmt::skip]
const COUNTRIES: [(&[u8; 2], usize); 88] = [
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16), (b"BG", 22),
    (b"BH", 22), (b"BI", 27), (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22), (b"CY", 28), (b"CZ", 24),
    (b"DE", 22), (b"DJ", 27), (b"DK", 18), (b"DO", 28), (b"EE", 20), (b"EG", 29), (b"ES", 24), (b"FI", 18),
    (b"FK", 18), (b"FO", 18), (b"FR", 27), (b"GB", 22), (b"GE", 22), (b"GI", 23), (b"GL", 18), (b"GR", 27),
    (b"GT", 28), (b"HN", 28), (b"HR", 21), (b"HU", 28), (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26),
    (b"IT", 27), (b"JO", 30), (b"KW", 30), (b"KZ", 20), (b"LB", 28), (b"LC", 32), (b"LI", 21), (b"LT", 20),
    (b"LU", 20), (b"LV", 21), (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MN", 20),
    (b"MR", 27), (b"MT", 31), (b"MU", 30), (b"NI", 28), (b"NL", 18), (b"NO", 15), (b"OM", 23), (b"PK", 24),
    (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22), (b"RU", 33), (b"SA", 24),
    (b"SC", 31), (b"SD", 18), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"SM", 27), (b"SO", 23), (b"ST", 25),
    (b"SV", 28), (b"TL", 23), (b"TN", 24), (b"TR", 26), (b"UA", 29), (b"VA", 22), (b"VG", 24), (b"XK", 20),
];

/// The longest IBAN that the standard allows.
const MAX_IBAN: usize = 34;

/// A valid IBAN; spaces and hyphens are passed over, letter case does not count.
pub(super) fn iban(span: &[u8]) -> bool {
    let mut iban = [0u8; MAX_IBAN];
    let mut length = 0;
    for &b in span {
        if matches!(b, b' ' | b'-') {
            continue;
        }
        if !b.is_ascii_alphanumeric() || length == MAX_IBAN {
            return false;
        }
        iban[length] = b.to_ascii_uppercase();
        length += 1;
    }
    if length < 5 || !iban[2..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    if !COUNTRIES.iter().any(|(country, wanted)| country[..] == iban[..2] && *wanted == length) {
        return false;
    }
    let rearranged = iban[4..length].iter().chain(&iban[..4]);
    let rest = rearranged.fold(0u32, |rest, &b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        _ => (rest * 100 + u32::from(b - b'A') + 10) % 97,
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_sums() {
        for (span, holds) in [
            ("4111111111111111", true),
            ("4111 1111 1111 1111", true),
            ("4111-1111-1111-1112", false),
            ("378282246310005", true),
            ("5555.5555.5555.4444", true),
            ("6011000990139424", true),
            ("6011000990139442", false),
            // Two neighbours swapped, one digit wrong.
            ("5105105105105100", true),
            ("1505105105105100", false),
            ("5105105105105101", false),
            // 11, 12, 19 and 20 digits.
            ("42424242426", false),
            ("424242424242", true),
            ("4000000000000000006", true),
            ("40000000000000000006", false),
            ("0000000000000000", false),
            ("8888888888888888", false),
            ("", false),
            ("----", false),
        ] {
            assert_eq!(luhn(span.as_bytes()), holds, "{span}");
        }
    }

    #[test]
    fn social_security_numbers() {
        for (span, holds) in [
            ("536-90-4399", true),
            ("536 90 4399", true),
            ("536.90.4399", true),
            ("536904399", true),
            ("SSN: 536-90-4399.", true),
            ("536-90 4399", false),
            ("53-690-4399", false),
            ("536/90/4399", false),
            ("536-90-43990", false),
            ("2 536-90-4399", false),
            ("000-90-4399", false),
            ("666-90-4399", false),
            ("665-90-4399", true),
            ("899-90-4399", true),
            ("900-90-4399", false),
            ("987-65-4321", false),
            ("536-00-4399", false),
            ("536-90-0000", false),
            ("078-05-1120", false),
            ("078-05-1121", true),
            ("219-09-9999", false),
            ("457-55-5462", false),
            ("123-45-6789", false),
            ("333-33-3333", false),
            ("536-9a-4399", false),
            ("", false),
            ("ssn", false),
        ] {
            assert_eq!(ssn(span.as_bytes()), holds, "{span}");
        }
    }

    #[test]
    fn ibans() {
        for (span, holds) in [
            // The specimens of the IBAN registry.
            ("GB29 NWBK 6016 1331 9268 19", true),
            ("DE89370400440532013000", true),
            ("de89370400440532013000", true),
            ("FR14-2004-1010-0505-0001-3M02-606", true),
            ("NO9386011117947", true),
            ("MT84MALT011000012345MTLCAST001S", true),
            ("BR1800360305000010009795493C1", true),
            ("LC55HEMM000100010012001200023015", true),
            // One digit wrong, two swapped, one too many, one too few, an unknown country.
            ("DE89370400440532013001", false),
            ("DE89370400440532010300", false),
            ("DE8937040044053201300", false),
            ("DE893704004405320130000", false),
            ("ZZ89370400440532013000", false),
            // The right sum for another length than the country's.
            ("NO9386011117947000", false),
            ("DEAB370400440532013000", false),
            ("DE89 3704 0044 0532 0130 00!", false),
            ("DE", false),
            ("", false),
        ] {
            assert_eq!(iban(span.as_bytes()), holds, "{span}");
        }
    }

    #[test]
    fn the_registry_is_sorted_and_possible() {
        assert!(COUNTRIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(COUNTRIES.iter().all(|(_, length)| (15..=MAX_IBAN).contains(length)));
    }
}
