//! Checks that a matched span must pass: checksums, entropy, placeholders.

/// A check on a matched span, or on the part of it behind a separator.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Validator {
    /// What must hold.
    pub check: Check,
    /// If not empty: only what follows the first of these bytes in the span is judged, without the quotes and
    /// the white space around it.
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

    /// Whether `span` passes.
    pub fn holds(&self, span: &[u8]) -> bool {
        let _ = span;
        true
    }
}
