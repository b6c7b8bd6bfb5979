//! The amount that the arguments of a call name, weighed by the policy of its tool.

use std::fmt;

use super::{Amount, AmountError};
use crate::config::ToolPolicy;
use crate::json::{JsonError, Reader, Token, unescape};
use crate::message::MAX_DEPTH;

/// Names of arguments that are amounts where the policy names none; without regard to case, `_` and `-`.
const USUAL: [&str; 7] = ["amount", "total", "totalamount", "price", "cost", "value", "sum"];

/// Names of arguments that tell the currency.
const CURRENCY: [&str; 2] = ["currency", "currencycode"];

/// What a policy says of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Weighed {
    /// It may go on, and spends this.
    Spends(Amount),
    /// It waits for a person who lets it; it would spend this.
    NeedsApproval(Amount, String),
}

/// Why a call can't be weighed, or is too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overweight {
    /// What it spends can't be told.
    Unclear(String),
    /// It spends more than one call may.
    TooMuch(String),
}

/// Reads what a call spends, and compares it with what one call may.
///
/// # Errors
/// If the arguments name no amount, several, or what is none; or if it is more than `max_amount`.
pub(crate) fn weigh(policy: &ToolPolicy, arguments: Option<&[u8]>) -> Result<Weighed, Overweight> {
    let amount =
        amount(policy, arguments.unwrap_or(b"{}")).map_err(|why| Overweight::Unclear(why.to_string()))?;
    let currency = &policy.currency;
    if let Some(most) = policy.max_amount.filter(|most| amount > *most) {
        return Err(Overweight::TooMuch(format!("{amount} {currency} is more than max_amount {most}")));
    }
    Ok(match policy.require_approval_above.filter(|above| amount > *above) {
        Some(above) => {
            let why = format!("{amount} {currency} is more than require_approval_above {above}");
            Weighed::NeedsApproval(amount, why)
        }
        None => Weighed::Spends(amount),
    })
}

/// Why the arguments name no amount.
#[derive(Debug)]
enum Unclear {
    None,
    Several(String, String),
    NoAmount(String, AmountError),
    OtherCurrency(String, String),
    Unread(JsonError),
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unclear::None => {
                f.write_str("no argument names an amount, and the policy of this tool needs one")
            }
            Unclear::Several(one, other) => {
                write!(
                    f,
                    "{one} and {other} could both be the amount: the policy's amount_argument says which"
                )
            }
            Unclear::NoAmount(key, why) => write!(f, "{key} {why}"),
            Unclear::OtherCurrency(key, expected) => write!(f, "{key} is not {expected}"),
            Unclear::Unread(why) => write!(f, "the arguments can't be read: {why}"),
        }
    }
}

impl From<JsonError> for Unclear {
    fn from(error: JsonError) -> Unclear {
        Unclear::Unread(error)
    }
}

/// An object or a list that the reader is in.
enum Open {
    /// The key that was read last.
    Object(String),
    List,
}

fn amount(policy: &ToolPolicy, arguments: &[u8]) -> Result<Amount, Unclear> {
    let mut reader = Reader::new(arguments, MAX_DEPTH)?;
    let mut open: Vec<Open> = Vec::new();
    let mut found: Option<(String, Amount)> = None;
    while let Some(token) = reader.next()? {
        match &token {
            Token::Key(key) => {
                if let Some(Open::Object(last)) = open.last_mut() {
                    *last = unescape(&arguments[key.clone()]).into_owned();
                }
                continue;
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                open.pop();
                continue;
            }
            _ => {}
        }
        let is_amount = means_amount(policy, &open);
        match &token {
            // What lies in it is looked at by its own names.
            Token::ObjectStart if !(is_amount && policy.amount_argument.is_some()) => {}
            Token::ObjectStart | Token::ArrayStart if is_amount => {
                return Err(Unclear::NoAmount(path(&open), AmountError::Form));
            }
            Token::String(text) if names_another_currency(policy, &open, &arguments[text.clone()]) => {
                return Err(Unclear::OtherCurrency(path(&open), policy.currency.clone()));
            }
            Token::String(_) | Token::Scalar(_) if is_amount => {
                let read = match &token {
                    Token::String(text) => {
                        Amount::of_text(&unescape(&arguments[text.clone()]), &policy.currency)
                    }
                    Token::Scalar(text) => {
                        Amount::of_number(&String::from_utf8_lossy(&arguments[text.clone()]))
                    }
                    _ => Err(AmountError::Form),
                };
                let place = path(&open);
                if let Some((other, _)) = found {
                    return Err(Unclear::Several(other, place));
                }
                let read = read.map_err(|why| Unclear::NoAmount(place.clone(), why))?;
                found = Some((place, read));
            }
            _ => {}
        }
        match token {
            Token::ObjectStart => open.push(Open::Object(String::new())),
            Token::ArrayStart => open.push(Open::List),
            _ => {}
        }
    }
    found.map(|(_, amount)| amount).ok_or(Unclear::None)
}

/// Whether the value that comes next is the amount. Servers in some languages read keys without regard to case.
fn means_amount(policy: &ToolPolicy, open: &[Open]) -> bool {
    match &policy.amount_argument {
        Some(keys) => {
            keys.len() == open.len()
                && keys.iter().zip(open).all(|(key, open)| match open {
                    Open::Object(last) => folded(last) == folded(key),
                    Open::List => false,
                })
        }
        None => matches!(open.last(), Some(Open::Object(key)) if is_one_of(key, &USUAL)),
    }
}

fn names_another_currency(policy: &ToolPolicy, open: &[Open], text: &[u8]) -> bool {
    matches!(open.last(), Some(Open::Object(key)) if is_one_of(key, &CURRENCY))
        && !unescape(text).eq_ignore_ascii_case(&policy.currency)
}

fn is_one_of(key: &str, names: &[&str]) -> bool {
    let plain = folded(key).replace(['_', '-'], "");
    names.contains(&plain.as_str())
}

/// A key without regard to case as the widest of readers has it: Go takes even `\u{17f}` for an `s`.
fn folded(key: &str) -> String {
    if key.is_ascii() {
        return key.to_ascii_lowercase();
    }
    key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Where a value stands, for a person.
fn path(open: &[Open]) -> String {
    const MOST: usize = 80;
    let keys = open.iter().map(|open| match open {
        Open::Object(key) => key.as_str(),
        Open::List => "[]",
    });
    let path = keys.collect::<Vec<_>>().join(".");
    // What a caller chose is no longer than what a person reads.
    let shown: String = path.chars().take(MOST).collect();
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(argument: Option<&str>) -> ToolPolicy {
        ToolPolicy {
            amount_argument: argument.map(|path| path.split('.').map(str::to_string).collect()),
            ..ToolPolicy::default()
        }
    }

    fn read(argument: Option<&str>, arguments: &str) -> Result<String, String> {
        let found = amount(&policy(argument), arguments.as_bytes());
        found.map(|amount| amount.to_string()).map_err(|why| why.to_string())
    }

    #[test]
    fn the_amount_is_found_wherever_it_stands() {
        for (argument, arguments, expected) in [
            (None, r#"{"amount": 100}"#, "100"),
            (None, r#"{"amount": "1,000.50 USD"}"#, "1000.5"),
            (None, r#"{"note": "x", "payment": {"Total_Amount": "$5"}}"#, "5"),
            (None, r#"{"amount": {"value": 7, "currency": "usd"}}"#, "7"),
            (None, r#"{"orders": [{"price": 3}]}"#, "3"),
            (None, r#"{"\u0061mount": 9}"#, "9"),
            (Some("limit"), r#"{"limit": 12, "amount": 900}"#, "12"),
            (Some("card.limit"), r#"{"limit": 1, "card": {"limit": "12"}}"#, "12"),
        ] {
            assert_eq!(read(argument, arguments).as_deref(), Ok(expected), "{arguments}");
        }
    }

    #[test]
    fn what_is_unclear_is_refused_with_the_reason() {
        for (argument, arguments, why) in [
            (None, "{}", "no argument names an amount"),
            (None, r#"{"limit": 5}"#, "no argument names an amount"),
            (None, r#"{"amount": {"usd": 5}}"#, "no argument names an amount"),
            (None, r#"{"amount": 5, "price": 1}"#, "\"amount\" and \"price\" could both be"),
            (None, r#"{"amount": 5, "Amount": 5000}"#, "\"amount\" and \"Amount\" could both be"),
            (None, r#"{"cost": 5, "co\u017ft": 5000}"#, "could both be"),
            (None, r#"{"items": [{"cost": 5}, {"cost": 6}]}"#, "\"items.[].cost\" and \"items.[].cost\""),
            (None, r#"{"amount": -5}"#, "\"amount\" is negative"),
            (None, r#"{"amount": "NaN"}"#, "\"amount\" is no amount"),
            (None, r#"{"amount": null}"#, "\"amount\" is no amount"),
            (None, r#"{"amount": [5]}"#, "\"amount\" is no amount"),
            (None, r#"{"amount": "five"}"#, "\"amount\" is no amount"),
            (None, r#"{"amount": 5, "currency": "BTC"}"#, "\"currency\" is not USD"),
            (None, r#"{"amount": "5 EUR"}"#, "\"amount\" is not in USD"),
            (Some("limit"), r#"{"amount": 5}"#, "no argument names an amount"),
            (Some("limit"), r#"{"limit": 5, "LIMIT": 5}"#, "\"limit\" and \"LIMIT\" could both be"),
            (Some("limit"), r#"{"limit": {"amount": 5}}"#, "\"limit\" is no amount"),
            (Some("card.limit"), r#"{"card": [{"limit": 5}]}"#, "no argument names an amount"),
        ] {
            let found = read(argument, arguments).expect_err(arguments);
            assert!(found.contains(why), "{arguments}: {found}");
        }
    }

    #[test]
    fn limits_of_one_call_hold_to_the_last_cent() {
        let amount = |text: &str| Some(Amount::of_number(text).unwrap());
        let policy = ToolPolicy {
            max_amount: amount("100"),
            require_approval_above: amount("50"),
            ..ToolPolicy::default()
        };
        let weigh = |text: &str| weigh(&policy, Some(format!(r#"{{"amount": {text}}}"#).as_bytes()));
        assert_eq!(weigh("50"), Ok(Weighed::Spends(amount("50").unwrap())));
        assert!(matches!(weigh("50.01"), Ok(Weighed::NeedsApproval(_, why)) if why.contains("above 50")));
        assert!(matches!(weigh("100"), Ok(Weighed::NeedsApproval(..))));
        assert!(matches!(weigh("100.01"), Err(Overweight::TooMuch(_))));
        assert!(matches!(super::weigh(&policy, None), Err(Overweight::Unclear(_))));
    }
}
