//! Checks that a matched span must pass: checksums, entropy, placeholders.

mod address;
mod date;
mod encoding;
mod number;
mod secret;

/// A check on a matched span, or on the part of it behind a separator.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Validator {
    /// What must hold.
    pub check: Check,
    /// If not empty: only what follows the first of these bytes in the span (and further ones right behind it) is
    /// judged, without the quotes and the white space around it. A span without any of them is judged as a whole.
    pub after: Vec<u8>,
}

/// What a [`Validator`] checks.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Check {
    /// 12 to 19 digits that satisfy the Luhn checksum (ISO/IEC 7812-1) and are not all equal.
    Luhn,
    /// A US social security number: nine digits, possible area, group and serial, no well-known specimen.
    Ssn,
    /// An IBAN (ISO 13616) with the right length for its country and check digits (mod 97).
    Iban,
    /// Shannon entropy of the bytes, in bits per byte, is at least this.
    Entropy(f64),
    /// At least this many different bytes.
    Distinct(usize),
    /// At least this many of the classes lower case, upper case, digit, other.
    Classes(usize),
    /// Not an obvious stand-in for a secret.
    NotPlaceholder,
    /// Valid base64 or base64url, padding optional.
    Base64,
    /// A GitHub token whose last six base62 digits are the CRC-32 of the part between prefix and checksum.
    GithubCrc,
    /// A JSON Web Token: what stands before the first dot decodes to a JSON object with `alg`.
    Jwt,
    /// An IPv4 host in dotted, decimal, hexadecimal or octal spelling that is loopback, private, link-local or
    /// unspecified.
    PrivateIp,
    /// A plausible calendar date of the years 1900 to 2099 in a common layout.
    Date,
}

impl Validator {
    /// A check of the whole span.
    pub fn new(check: Check) -> Validator {
        Validator { check, after: Vec::new() }
    }

    /// The same check of what follows the first of these bytes.
    #[must_use]
    pub fn after(mut self, separators: &[u8]) -> Validator {
        self.after = separators.to_vec();
        self
    }

    /// Whether `span` passes. Takes time linear in its length.
    pub fn holds(&self, span: &[u8]) -> bool {
        let value = if self.after.is_empty() { span } else { value_after(span, &self.after) };
        match self.check {
            Check::Luhn => number::luhn(value),
            Check::Ssn => number::ssn(value),
            Check::Iban => number::iban(value),
            Check::Entropy(least) => secret::entropy(value) >= least,
            Check::Distinct(least) => secret::distinct(value) >= least,
            Check::Classes(least) => secret::classes(value) >= least,
            Check::NotPlaceholder => !secret::is_placeholder(value),
            Check::Base64 => encoding::is_base64(value),
            Check::GithubCrc => secret::github_crc(value),
            Check::Jwt => encoding::is_jwt(value),
            Check::PrivateIp => address::is_private(value),
            Check::Date => date::is_date(value),
        }
    }
}

/// What follows the first run of separators, without the quotes and the white space around it.
fn value_after<'t>(span: &'t [u8], separators: &[u8]) -> &'t [u8] {
    let is_separator = |b: &u8| separators.contains(b);
    let value = match span.iter().position(is_separator) {
        Some(at) => {
            let rest = &span[at..];
            let run = rest.iter().position(|b| !is_separator(b)).unwrap_or(rest.len());
            &rest[run..]
        }
        None => span,
    };
    let is_wrapping = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`');
    let start = value.iter().position(|b| !is_wrapping(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !is_wrapping(b)).map_or(start, |last| last + 1);
    &value[start..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_value_stands_behind_the_first_separators_without_quotes() {
        for (span, separators, value) in [
            ("key=abc", "=", "abc"),
            ("key = \"a=b\" ", "=", "a=b"),
            ("\"key\": 'abc'", ":", "abc"),
            ("key := `abc`", "=:", "abc"),
            ("key==abc==", "=", "abc=="),
            ("http://10.0.0.1", "/", "10.0.0.1"),
            ("abc", "=", "abc"),
            ("key=", "=", ""),
            ("key=\"\"", "=", ""),
            ("", "=", ""),
        ] {
            let found = value_after(span.as_bytes(), separators.as_bytes());
            assert_eq!(String::from_utf8_lossy(found), value, "{span}");
        }
    }

    #[test]
    fn a_check_judges_the_value_alone() {
        let luhn = Validator::new(Check::Luhn).after(b":");
        assert!(luhn.holds(b"card 7: 4111 1111 1111 1111"));
        assert!(!luhn.holds(b"card 7: 4111 1111 1111 1112"));
        assert!(!Validator::new(Check::Luhn).holds(b"card 7: 4111 1111 1111 1111"));
    }

    fn checks() -> impl Strategy<Value = Check> {
        prop_oneof![
            Just(Check::Luhn),
            Just(Check::Ssn),
            Just(Check::Iban),
            Just(Check::Entropy(3.0)),
            Just(Check::Distinct(8)),
            Just(Check::Classes(3)),
            Just(Check::NotPlaceholder),
            Just(Check::Base64),
            Just(Check::GithubCrc),
            Just(Check::Jwt),
            Just(Check::PrivateIp),
            Just(Check::Date),
        ]
    }

    /// Bytes that get past the first lines of the checks more often than noise does.
    fn spans() -> impl Strategy<Value = Vec<u8>> {
        let alphabet = b"0123456789abcxABCX .-/:=_{}<>\"'\0\xff".to_vec();
        let heads = prop::sample::select(vec!["", "ghp_", "eyJ", "0x", "DE", "http://"]);
        let tail = prop::collection::vec(prop_oneof![prop::sample::select(alphabet), any::<u8>()], 0..600);
        (heads, tail).prop_map(|(head, tail)| [head.as_bytes(), &tail].concat())
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_check_panic(check in checks(), span in spans(), after in "[=:/ ]{0,2}") {
            let _ = Validator::new(check).after(after.as_bytes()).holds(&span);
        }
    }
}
