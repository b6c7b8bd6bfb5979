//! Rules written out in our own format.

use std::fmt::Write;

use hypersieve::{
    Channel, Check, Config, Database, Expr, FilterKind, Judged, Lane, Matching, On, Pattern, Rule, Severity,
    Validator,
};

use crate::schema::{Example, RuleDoc};

/// Writes rules as a rule file of ours.
///
/// An id that is none of ours is spelt as one, with the old one as an alias. What a rule file must say and the rule does not
/// is filled in; only examples are not made up, which the lint asks for.
pub fn to_yaml(docs: &[RuleDoc]) -> String {
    docs.iter().map(rule).collect::<Vec<_>>().join("---\n")
}

fn rule(doc: &RuleDoc) -> String {
    let rule = &doc.rule;
    let mut out = Writer(String::new());
    let id = spelt(&rule.id, |c| if c == '-' { '-' } else { '_' }).to_ascii_uppercase();
    out.entry("id", &id);
    out.entry("name", or(&rule.name, &rule.id));
    out.entry("description", or(&rule.description, or(&rule.name, &rule.id)));
    out.line(format_args!("severity: {}", rule.severity));
    out.entry("category", &spelt(&rule.category, |_| '-').to_ascii_lowercase());
    channels(&mut out, rule);
    if let Matching::All { within } = rule.matching {
        out.line(format_args!("match: all\nwithin: {within}"));
    }
    if rule.sensitive {
        out.line(format_args!("sensitive: true"));
    }
    let mut aliases = rule.aliases.clone();
    if id != rule.id {
        aliases.insert(0, rule.id.clone());
    }
    out.list("aliases", aliases.iter().map(String::as_str));
    out.line(format_args!("patterns:"));
    rule.patterns.iter().for_each(|p| pattern(&mut out, p));
    out.entry("remediation", or(&rule.remediation, "Look at the finding, and remove what it shows."));
    out.list("references", rule.references.iter().map(String::as_str));
    out.line(format_args!("examples:"));
    examples(&mut out, "match", &doc.examples.r#match);
    examples(&mut out, "no_match", &doc.examples.no_match);
    out.0
}

fn or<'t>(text: &'t str, other: &'t str) -> &'t str {
    if text.trim().is_empty() { other } else { text }
}

/// A name of letters, digits and what other characters become.
fn spelt(name: &str, other: impl Fn(char) -> char) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { other(c) }).collect()
}

fn channels(out: &mut Writer, rule: &Rule) {
    let one = |(c, s): &(Channel, Severity)| match *s == rule.severity {
        true => c.to_string(),
        false => format!("{c}: {s}"),
    };
    match rule.channels.as_slice() {
        [] => {}
        all if all.iter().all(|(_, s)| *s == rule.severity) => {
            out.line(format_args!("channels: [{}]", all.iter().map(one).collect::<Vec<_>>().join(", ")));
        }
        all => {
            let all: Vec<String> = all.iter().map(|(c, s)| format!("{c}: {s}")).collect();
            out.line(format_args!("channels: {{{}}}", all.join(", ")));
        }
    }
}

fn pattern(out: &mut Writer, pattern: &Pattern) {
    match &pattern.expr {
        Expr::Regex(text) => out.line(format_args!("  - regex: {}", quoted(text))),
        Expr::Literal(text) => out.line(format_args!("  - literal: {}", quoted(text))),
        Expr::Sequence(sequence) => {
            out.line(format_args!("  - sequence:"));
            for set in &sequence.words {
                let words: Vec<String> = set.iter().map(|w| quoted(w)).collect();
                out.line(format_args!("      - [{}]", words.join(", ")));
            }
            out.line(format_args!("    gap: {}", sequence.gap));
            if !sequence.stop.is_empty() {
                out.line(format_args!("    stop: {}", quoted(&String::from_utf8_lossy(&sequence.stop))));
            }
        }
        Expr::Run { class, min, max } => {
            out.line(format_args!("  - run: {class}\n    min: {min}\n    max: {max}"));
        }
        _ => unreachable!("a rule file has no other patterns"),
    }
    if pattern.on != On::Text {
        out.line(format_args!("    on: {}", pattern.on.name()));
    }
    if needs_slow_lane(pattern) {
        out.line(format_args!("    lane: slow"));
    }
    match pattern.judged {
        Judged::Group(group) => out.line(format_args!("    judged: {group}")),
        Judged::FirstGroup => out.line(format_args!("    judged: first")),
        _ => {}
    }
    if !pattern.validate.is_empty() {
        let steps: Vec<String> = pattern.validate.iter().map(step).collect();
        out.line(format_args!("    validate: [{}]", steps.join(", ")));
    }
    if !pattern.unless.is_empty() {
        out.line(format_args!("    unless:"));
        pattern.unless.iter().for_each(|text| out.line(format_args!("      - {}", quoted(text))));
    }
}

/// Whether the other lane refuses it.
fn needs_slow_lane(pattern: &Pattern) -> bool {
    let fast = Rule::new("R", "c", Severity::Low).pattern(pattern.clone().lane(Lane::Fast));
    let config = Config::new().filter(FilterKind::AhoCorasick);
    pattern.lane == Lane::Slow && Database::builder().rule(fast).config(config).build().is_err()
}

fn step(validator: &Validator) -> String {
    let (name, value) = match validator.check {
        Check::Luhn => ("luhn", None),
        Check::Ssn => ("ssn", None),
        Check::Iban => ("iban", None),
        Check::NotPlaceholder => ("not_placeholder", None),
        Check::Base64 => ("base64", None),
        Check::GithubCrc => ("github_crc", None),
        Check::Jwt => ("jwt", None),
        Check::PrivateIp => ("private_ip", None),
        Check::Date => ("date", None),
        Check::Entropy(least) => ("entropy", Some(least.to_string())),
        Check::Distinct(least) => ("distinct", Some(least.to_string())),
        Check::Classes(least) => ("classes", Some(least.to_string())),
        _ => unreachable!("a rule file has no other checks"),
    };
    if value.is_none() && validator.after.is_empty() {
        return name.to_string();
    }
    let value = value.unwrap_or_else(|| "true".to_string());
    match validator.after.as_slice() {
        [] => format!("{{{name}: {value}}}"),
        after => format!("{{{name}: {value}, after: {}}}", quoted(&String::from_utf8_lossy(after))),
    }
}

fn examples(out: &mut Writer, key: &str, examples: &[Example]) {
    if examples.is_empty() {
        out.line(format_args!("  {key}: []"));
        return;
    }
    out.line(format_args!("  {key}:"));
    for example in examples {
        match example.channel {
            Channel::Any => out.line(format_args!("    - {}", quoted(&example.text))),
            channel => {
                out.line(format_args!("    - {{text: {}, channel: {channel}}}", quoted(&example.text)))
            }
        }
    }
}

/// A text as YAML reads it: in single quotes where nothing in it needs an escape.
fn quoted(text: &str) -> String {
    if !text.chars().any(needs_escape) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) => {
                write!(out, "\\U{:08X}", u32::from(c)).expect("a string can be written to");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What YAML does not take as it is, or nobody sees.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}

struct Writer(String);

impl Writer {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("a string can be written to");
        self.0.push('\n');
    }

    fn entry(&mut self, key: &str, text: &str) {
        self.line(format_args!("{key}: {}", quoted(text)));
    }

    fn list<'t>(&mut self, key: &str, texts: impl ExactSizeIterator<Item = &'t str>) {
        if texts.len() > 0 {
            let texts: Vec<String> = texts.map(quoted).collect();
            self.line(format_args!("{key}: [{}]", texts.join(", ")));
        }
    }
}
