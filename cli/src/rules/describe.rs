//! A rule's parts in words.

use hypersieve::{Channel, Check, Expr, Matching, Pattern, Rule, Sequence, Severity, Validator};
use serde::Serialize;

/// A pattern as it stands in a rule file.
#[derive(Debug, Serialize)]
pub(crate) struct Described {
    /// `regex`, `literal`, `sequence` or `run`.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    /// Which views it reads.
    pub(crate) on: &'static str,
    pub(crate) validate: Vec<String>,
    pub(crate) unless: Vec<String>,
}

impl Described {
    pub(crate) fn new(pattern: &Pattern) -> Described {
        let (kind, text) = match &pattern.expr {
            Expr::Regex(text) => ("regex", text.clone()),
            Expr::Literal(text) => ("literal", text.clone()),
            Expr::Sequence(sequence) => ("sequence", words(sequence)),
            Expr::Run { class, min, max } => ("run", format!("{class}, {min} to {max} of them")),
            other => ("other", format!("{other:?}")),
        };
        Described {
            kind,
            text,
            on: pattern.on.name(),
            validate: pattern.validate.iter().map(check).collect(),
            unless: pattern.unless.clone(),
        }
    }
}

/// The channels that a rule watches, each with its severity there.
pub(crate) fn channels(rule: &Rule) -> Vec<(Channel, Severity)> {
    Channel::NAMED.into_iter().filter_map(|channel| Some((channel, rule.severity_on(channel)?))).collect()
}

/// How many of the patterns make a finding.
pub(crate) fn matching(matching: Matching) -> String {
    match matching {
        Matching::All { within } => format!("all of these within {within} bytes"),
        _ => "any of these".to_string(),
    }
}

fn words(sequence: &Sequence) -> String {
    let sets: Vec<String> = sequence.words.iter().map(|set| set.join("|")).collect();
    let mut text = format!("{}, at most {} bytes apart", sets.join(" .. "), sequence.gap);
    if !sequence.stop.is_empty() {
        text += &format!(", none of `{}` between", String::from_utf8_lossy(&sequence.stop));
    }
    text
}

/// As a rule file spells it.
fn check(validator: &Validator) -> String {
    let name = match validator.check {
        Check::Luhn => "luhn".to_string(),
        Check::Ssn => "ssn".to_string(),
        Check::Iban => "iban".to_string(),
        Check::Entropy(bits) => format!("entropy: {bits}"),
        Check::Distinct(bytes) => format!("distinct: {bytes}"),
        Check::Classes(classes) => format!("classes: {classes}"),
        Check::NotPlaceholder => "not_placeholder".to_string(),
        Check::Base64 => "base64".to_string(),
        Check::GithubCrc => "github_crc".to_string(),
        Check::Jwt => "jwt".to_string(),
        Check::PrivateIp => "private_ip".to_string(),
        Check::Date => "date".to_string(),
        other => format!("{other:?}"),
    };
    if validator.after.is_empty() {
        return name;
    }
    format!("{name}, after: \"{}\"", String::from_utf8_lossy(&validator.after))
}
