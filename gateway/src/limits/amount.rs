//! Amounts of money: exact decimals, read strictly.

use std::fmt;

use rust_decimal::Decimal;

/// An amount that is not negative, exact to its last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Decimal);

/// Why something is no amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// It is below zero.
    Negative,
    /// It is written in a way that could mean several amounts, or none.
    Form,
    /// It has more digits than can be kept: 28.
    Digits,
    /// It is in another currency than the one that is counted.
    Currency(String),
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AmountError::Negative => f.write_str("is negative"),
            AmountError::Form => f.write_str("is no amount such as 100, \"1000.50\" or \"1,000.50 USD\""),
            AmountError::Digits => f.write_str("has more than 28 digits"),
            AmountError::Currency(expected) => write!(f, "is not in {expected}"),
        }
    }
}

impl std::error::Error for AmountError {}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(Decimal::ZERO);

    /// Reads a number as JSON has it: digits, and a fraction if need be.
    ///
    /// # Errors
    /// If it is negative, has an exponent, or more than 28 digits.
    pub fn of_number(text: &str) -> Result<Amount, AmountError> {
        let (whole, fraction) = parts(unsigned(text)?)?;
        if !digits(whole) {
            return Err(AmountError::Form);
        }
        exact(whole, fraction)
    }

    /// Reads text: digits, with commas between groups of three or without, a fraction if need be, and the currency before or
    /// behind it if it is to be named; `$` is the sign of USD.
    ///
    /// What people of different countries read differently is no amount: `1.000`, `1,00`, `0100`.
    ///
    /// # Errors
    /// If it is anything else, negative, in a currency other than `currency`, or has more than 28 digits.
    pub fn of_text(text: &str, currency: &str) -> Result<Amount, AmountError> {
        let (whole, fraction) = parts(unsigned(without_currency(text.trim_matches(' '), currency)?)?)?;
        if fraction.is_some_and(|fraction| fraction.len() == 3) {
            return Err(AmountError::Form);
        }
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        let grouped = digits(first)
            && (!whole.contains(',') || first.len() <= 3 && first != "0")
            && groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()));
        if !grouped {
            return Err(AmountError::Form);
        }
        exact(&whole.replace(',', ""), fraction)
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum; `None` if it has more digits than can be kept.
    pub fn plus(self, other: Amount) -> Option<Amount> {
        // An addition that has no room for its last digits would round them off.
        let sum = self.0.checked_add(other.0)?;
        let exact = sum.checked_sub(self.0) == Some(other.0);
        exact.then_some(Amount(sum))
    }

    /// What is left of it; nothing if the other is more.
    pub fn minus(self, other: Amount) -> Amount {
        Amount(self.0.checked_sub(other.0).unwrap_or_default().max(Decimal::ZERO))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn unsigned(text: &str) -> Result<&str, AmountError> {
    if text.starts_with(['-', '\u{2212}']) { Err(AmountError::Negative) } else { Ok(text) }
}

fn without_currency<'a>(text: &'a str, currency: &str) -> Result<&'a str, AmountError> {
    let other = || AmountError::Currency(currency.to_string());
    if let Some(rest) = text.strip_prefix('$') {
        return if currency == "USD" { Ok(rest) } else { Err(other()) };
    }
    let is_code = |part: &str| part.len() == 3 && part.bytes().all(|b| b.is_ascii_alphabetic());
    let (number, code) = match text.split_once(' ') {
        Some((code, number)) if is_code(code) => (number, code),
        _ => match text.rsplit_once(' ') {
            Some((number, code)) if is_code(code) => (number, code),
            _ => return Ok(text),
        },
    };
    if code.eq_ignore_ascii_case(currency) { Ok(number) } else { Err(other()) }
}

fn parts(text: &str) -> Result<(&str, Option<&str>), AmountError> {
    match text.split_once('.') {
        None => Ok((text, None)),
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()) => {
            Ok((whole, Some(fraction)))
        }
        Some(_) => Err(AmountError::Form),
    }
}

/// Digits that no reader takes for octal.
fn digits(text: &str) -> bool {
    text == "0" || !text.starts_with('0') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn exact(whole: &str, fraction: Option<&str>) -> Result<Amount, AmountError> {
    let text = fraction.map_or_else(|| whole.to_string(), |fraction| format!("{whole}.{fraction}"));
    Decimal::from_str_exact(&text).map(|decimal| Amount(decimal.normalize())).map_err(|_| AmountError::Digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_the_last_digit() {
        for (text, expected) in [
            ("0", "0"),
            ("100", "100"),
            ("0.1", "0.1"),
            ("100.50", "100.5"),
            ("1.000", "1"),
            ("9007199254740993", "9007199254740993"),
            ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
        ] {
            assert_eq!(Amount::of_number(text).unwrap().to_string(), expected, "{text}");
        }
        for (text, error) in [
            ("-1", AmountError::Negative),
            ("-0", AmountError::Negative),
            ("1e2", AmountError::Form),
            ("1E400", AmountError::Form),
            ("true", AmountError::Form),
            ("null", AmountError::Form),
            ("NaN", AmountError::Form),
            ("99999999999999999999999999999999", AmountError::Digits),
            ("0.00000000000000000000000000001", AmountError::Digits),
        ] {
            assert_eq!(Amount::of_number(text), Err(error), "{text}");
        }
    }

    #[test]
    fn texts_mean_one_amount_or_none() {
        for (text, expected) in [
            ("100", "100"),
            ("0.99", "0.99"),
            (" 100 ", "100"),
            ("1,000.50 USD", "1000.5"),
            ("USD 1,000.50", "1000.5"),
            ("1,000,000", "1000000"),
            ("$100", "100"),
            ("100 usd", "100"),
        ] {
            assert_eq!(Amount::of_text(text, "USD").unwrap().to_string(), expected, "{text}");
        }
        for text in [
            "",
            " ",
            "NaN",
            "nan",
            "inf",
            "Infinity",
            "1e3",
            "0x10",
            "1_000",
            "+5",
            "1,00",
            "10,00.5",
            "1.000",
            "1.000,50",
            ",100",
            "100,",
            "0100",
            "00",
            ".5",
            "5.",
            "0,100",
            "1000,000",
            "٣",
            "１００",
            "1 000",
            "100USD",
            "$ 100",
            "100 US",
            "100 100",
            "100.5.5",
            "USD",
            "$",
            "$$5",
            "5 USD USD",
            "1,000,00",
        ] {
            assert_eq!(Amount::of_text(text, "USD"), Err(AmountError::Form), "{text:?}");
        }
        for text in ["-5", "-0", "\u{2212}5", "$-5", "-5 USD", "-1,000.50"] {
            assert_eq!(Amount::of_text(text, "USD"), Err(AmountError::Negative), "{text}");
        }
        for (text, currency) in [("100 EUR", "USD"), ("EUR 100", "USD"), ("$100", "EUR"), ("100 BTC", "USD")]
        {
            assert_eq!(
                Amount::of_text(text, currency),
                Err(AmountError::Currency(currency.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn sums_are_exact_or_none() {
        let amount = |text: &str| Amount::of_number(text).unwrap();
        let tenths = (0..10).try_fold(Amount::ZERO, |sum, _| sum.plus(amount("0.1")));
        assert_eq!(tenths, Some(amount("1")), "which floats are not");
        let large = amount("79228162514264337593543950335");
        assert_eq!(large.plus(amount("1")), None);
        assert_eq!(amount("9999999999999999999999999999").plus(amount("0.0000000001")), None, "not rounded");
        assert_eq!(amount("5").minus(amount("7")), Amount::ZERO);
        assert_eq!(amount("7.5").minus(amount("5")), amount("2.5"));
    }
}
