//! Rules as they are stated.

use crate::channel::Channel;
use crate::error::LoadError;
use crate::rule::{Expr, Judged, Lane, Matching, On, Pattern, Rule, RunClass, Sequence};
use crate::serial::{Reader, Writer, checksum};
use crate::severity::Severity;
use crate::validate::{Check, Validator};

/// The least that an empty text takes, and so a rule and a pattern of nothing but these and numbers.
const LEAST_RULE: usize = 14;
const LEAST_PATTERN: usize = 7;

/// The rules, and nothing else: what a digest is of.
pub(crate) fn to_bytes<'r>(rules: impl ExactSizeIterator<Item = &'r Rule>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.number(rules.len());
    rules.for_each(|rule| write_rule(&mut writer, rule));
    writer.into_bytes()
}

/// The digest of rules that were written.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    checksum(bytes)
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Vec<Rule>, LoadError> {
    let mut reader = Reader::new(bytes);
    let rules = reader.list(LEAST_RULE, read_rule)?;
    reader.end()?;
    Ok(rules)
}

fn write_rule(writer: &mut Writer, rule: &Rule) {
    let Rule {
        id,
        name,
        description,
        severity,
        category,
        set,
        channels,
        matching,
        patterns,
        sensitive,
        remediation,
        references,
        aliases,
    } = rule;
    for text in [id, name, description, category, set, remediation] {
        writer.text(text);
    }
    writer.choice(&Severity::ALL, severity);
    writer.list(channels, |writer, (channel, severity)| {
        writer.choice(&Channel::ALL, channel);
        writer.choice(&Severity::ALL, severity);
    });
    match matching {
        Matching::Any => writer.byte(0),
        Matching::All { within } => {
            writer.byte(1);
            writer.number(*within);
        }
    }
    writer.flag(*sensitive);
    write_texts(writer, references);
    write_texts(writer, aliases);
    writer.list(patterns, write_pattern);
}

fn read_rule(reader: &mut Reader<'_>) -> Result<Rule, LoadError> {
    Ok(Rule {
        id: reader.text()?,
        name: reader.text()?,
        description: reader.text()?,
        category: reader.text()?,
        set: reader.text()?,
        remediation: reader.text()?,
        severity: reader.choice(&Severity::ALL)?,
        channels: reader
            .list(2, |reader| Ok((reader.choice(&Channel::ALL)?, reader.choice(&Severity::ALL)?)))?,
        matching: match reader.byte()? {
            0 => Matching::Any,
            1 => Matching::All { within: reader.number()? },
            _ => return Err(unknown()),
        },
        sensitive: reader.flag()?,
        references: read_texts(reader)?,
        aliases: read_texts(reader)?,
        patterns: reader.list(LEAST_PATTERN, read_pattern)?,
    })
}

fn write_pattern(writer: &mut Writer, pattern: &Pattern) {
    let Pattern { expr, on, validate, unless, judged, lane } = pattern;
    writer.choice(&On::ALL, on);
    writer.flag(*lane == Lane::Slow);
    writer.number(match judged {
        Judged::Match => 0,
        Judged::Group(group) => usize::from(*group) + 1,
        Judged::FirstGroup => 1,
    });
    match expr {
        Expr::Regex(text) => {
            writer.byte(0);
            writer.text(text);
        }
        Expr::Literal(text) => {
            writer.byte(1);
            writer.text(text);
        }
        Expr::Sequence(Sequence { words, gap, stop }) => {
            writer.byte(2);
            writer.number(*gap);
            writer.block(stop);
            writer.list(words, |writer, set| write_texts(writer, set));
        }
        Expr::Run { class, min, max } => {
            writer.byte(3);
            writer.choice(&RunClass::ALL, class);
            writer.number(*min);
            writer.number(*max);
        }
    }
    writer.list(validate, write_validator);
    write_texts(writer, unless);
}

fn read_pattern(reader: &mut Reader<'_>) -> Result<Pattern, LoadError> {
    let on = reader.choice(&On::ALL)?;
    let lane = if reader.flag()? { Lane::Slow } else { Lane::Fast };
    let judged = match reader.at_most(usize::from(u16::MAX) + 1)? {
        0 => Judged::Match,
        1 => Judged::FirstGroup,
        group => Judged::Group(u16::try_from(group - 1).map_err(|_| unknown())?),
    };
    let expr = match reader.byte()? {
        0 => Expr::Regex(reader.text()?),
        1 => Expr::Literal(reader.text()?),
        2 => Expr::Sequence(Sequence {
            gap: reader.number()?,
            stop: reader.block()?.to_vec(),
            words: reader.list(1, read_texts)?,
        }),
        3 => {
            Expr::Run { class: reader.choice(&RunClass::ALL)?, min: reader.number()?, max: reader.number()? }
        }
        _ => return Err(unknown()),
    };
    let (validate, unless) = (reader.list(2, read_validator)?, read_texts(reader)?);
    Ok(Pattern { expr, on, validate, unless, judged, lane })
}

fn write_validator(writer: &mut Writer, validator: &Validator) {
    let Validator { check, after } = validator;
    match *check {
        Check::Luhn => writer.byte(0),
        Check::Ssn => writer.byte(1),
        Check::Iban => writer.byte(2),
        Check::Entropy(least) => {
            writer.byte(3);
            writer.float(least);
        }
        Check::Distinct(least) => {
            writer.byte(4);
            writer.number(least);
        }
        Check::Classes(least) => {
            writer.byte(5);
            writer.number(least);
        }
        Check::NotPlaceholder => writer.byte(6),
        Check::Base64 => writer.byte(7),
        Check::GithubCrc => writer.byte(8),
        Check::Jwt => writer.byte(9),
        Check::PrivateIp => writer.byte(10),
        Check::Date => writer.byte(11),
    }
    writer.block(after);
}

fn read_validator(reader: &mut Reader<'_>) -> Result<Validator, LoadError> {
    let check = match reader.byte()? {
        0 => Check::Luhn,
        1 => Check::Ssn,
        2 => Check::Iban,
        3 => Check::Entropy(reader.float()?),
        4 => Check::Distinct(reader.number()?),
        5 => Check::Classes(reader.number()?),
        6 => Check::NotPlaceholder,
        7 => Check::Base64,
        8 => Check::GithubCrc,
        9 => Check::Jwt,
        10 => Check::PrivateIp,
        11 => Check::Date,
        _ => return Err(unknown()),
    };
    Ok(Validator { check, after: reader.block()?.to_vec() })
}

fn write_texts(writer: &mut Writer, texts: &[String]) {
    writer.list(texts, |writer, text| writer.text(text));
}

fn read_texts(reader: &mut Reader<'_>) -> Result<Vec<String>, LoadError> {
    reader.list(1, Reader::text)
}

fn unknown() -> LoadError {
    LoadError::malformed("a rule is put together in a way that is not known")
}
