//! Calendar dates in common layouts.

/// Whether this is a date of the years 1900 to 2099: `1985-03-12`, `19850312`, `12/03/1985`, `03.12.1985`,
/// `12 March 1985`, `Mar 12th, 1985`. Day and month may change places where both are numbers.
pub(super) fn is_date(span: &[u8]) -> bool {
    let span = span.trim_ascii();
    if span.len() == 8 && span.iter().all(u8::is_ascii_digit) {
        return valid(number(&span[..4]), number(&span[4..6]), number(&span[6..]));
    }
    let Some([first, second, third]) = parts(span) else { return false };
    match (first, second, third) {
        (Part::Year(year), Part::Number(month) | Part::Month(month), Part::Number(day)) => {
            valid(year, month, day)
        }
        (Part::Number(a), Part::Number(b), Part::Year(year)) => valid(year, a, b) || valid(year, b, a),
        (Part::Number(day), Part::Month(month), Part::Year(year))
        | (Part::Month(month), Part::Number(day), Part::Year(year)) => valid(year, month, day),
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Part {
    /// Four digits.
    Year(u32),
    /// One or two digits, for a day with or without `st`, `nd`, `rd`, `th`.
    Number(u32),
    /// A month's name, in full or its first three letters.
    Month(u32),
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Three parts with one to three of ` ,./-` between neighbours.
fn parts(span: &[u8]) -> Option<[Part; 3]> {
    let mut rest = span;
    let mut next = || {
        let is_gap = |b: &u8| matches!(b, b' ' | b',' | b'.' | b'/' | b'-');
        let end = rest.iter().position(is_gap).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let gap = tail.iter().position(|b| !is_gap(b)).unwrap_or(tail.len());
        rest = &tail[gap..];
        if gap > 3 { None } else { part(word) }
    };
    let parts = [next()?, next()?, next()?];
    rest.is_empty().then_some(parts).filter(|_| span.last().is_some_and(u8::is_ascii_alphanumeric))
}

fn part(word: &[u8]) -> Option<Part> {
    let digits = word.iter().take_while(|b| b.is_ascii_digit()).count();
    let (figure, letters) = word.split_at(digits);
    match digits {
        0 => {
            let is_month = |name: &str| {
                letters.eq_ignore_ascii_case(name.as_bytes())
                    || letters.eq_ignore_ascii_case(&name.as_bytes()[..3])
            };
            let index = MONTHS.iter().position(|name| is_month(name))?;
            Some(Part::Month(u32::try_from(index).ok()? + 1))
        }
        1 | 2 => {
            let ordinal =
                [&b""[..], b"st", b"nd", b"rd", b"th"].iter().any(|e| letters.eq_ignore_ascii_case(e));
            ordinal.then(|| Part::Number(number(figure)))
        }
        4 if letters.is_empty() => Some(Part::Year(number(figure))),
        _ => None,
    }
}

/// The value of at most four digits.
fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |value, b| value * 10 + u32::from(b - b'0'))
}

fn valid(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1900..=2099).contains(&year) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (span, holds) in [
            ("1985-03-12", true),
            ("1985/3/12", true),
            ("19850312", true),
            ("19851312", false),
            ("12/03/1985", true),
            ("31/12/1985", true),
            ("12/31/1985", true),
            ("31/31/1985", false),
            ("31.04.1985", false),
            ("30.04.1985", true),
            ("29.02.2024", true),
            ("29.02.2023", false),
            ("29.02.1900", false),
            ("29.02.2000", true),
            ("00/03/1985", false),
            ("1985-00-12", false),
            ("1899-12-31", false),
            ("1900-01-01", true),
            ("2099-12-31", true),
            ("2100-01-01", false),
            ("12 March 1985", true),
            ("12 mar 1985", true),
            ("March 12, 1985", true),
            ("Mar 12th, 1985", true),
            ("1st Jan. 1985", true),
            ("1985 May 12", true),
            ("12 Marsh 1985", false),
            ("31 June 1985", false),
            ("March 1985", false),
            ("12/03/85", false),
            ("12/03/19855", false),
            ("1.2.3", false),
            ("1985-03-12-04", false),
            ("1985-03-12.", false),
            ("1985     03 12", false),
            ("198503120", false),
            ("12x/03/1985", false),
            ("", false),
            ("--", false),
        ] {
            assert_eq!(is_date(span.as_bytes()), holds, "{span}");
        }
    }
}
