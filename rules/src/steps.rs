//! The steps of `validate`: checks that a matched span must pass.

use hypersieve::{Check, Validator};

use crate::diagnostic::DiagnosticKind;
use crate::reader::Reader;
use crate::yaml::{Node, NodeKind};

/// The keys of a step: the checks, and `after`.
const KEYS: &[&str] = &[
    "luhn",
    "ssn",
    "iban",
    "not_placeholder",
    "base64",
    "github_crc",
    "jwt",
    "private_ip",
    "date",
    "entropy",
    "distinct",
    "classes",
    "after",
];

/// The check of a name that takes no value.
fn plain(name: &str) -> Option<Check> {
    Some(match name {
        "luhn" => Check::Luhn,
        "ssn" => Check::Ssn,
        "iban" => Check::Iban,
        "not_placeholder" => Check::NotPlaceholder,
        "base64" => Check::Base64,
        "github_crc" => Check::GithubCrc,
        "jwt" => Check::Jwt,
        "private_ip" => Check::PrivateIp,
        "date" => Check::Date,
        _ => return None,
    })
}

/// Reads one step: a name, or a map with one check and `after`.
pub(crate) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Validator> {
    let checks = &KEYS[..KEYS.len() - 1];
    if !matches!(node.kind, NodeKind::Map(_)) {
        let name = reader.text(node, "validate")?;
        if let Some(check) = plain(name) {
            return Some(Validator::new(check));
        }
        if checks.contains(&name) {
            reader.report(
                DiagnosticKind::Value,
                node.span.clone(),
                format!("the check `{name}` needs a number"),
                "how much?",
                format!("write `{{{name}: 3}}`"),
            );
        } else {
            reader.unknown_name(node, name, "check", checks);
        }
        return None;
    }
    let fields = reader.fields(node, "a check", KEYS)?;
    let present: Vec<&str> = checks.iter().copied().filter(|k| fields.get(k).is_some()).collect();
    let &[name] = present.as_slice() else {
        if present.is_empty() && !fields.all_known() {
            return None;
        }
        reader.report(
            DiagnosticKind::Value,
            fields.place(),
            format!("a step of `validate` has exactly one check; this has {}", present.len()),
            "in this step",
            "write each check as a step of its own: `[{entropy: 3.0}, not_placeholder]`",
        );
        return None;
    };
    let value = fields.get(name)?;
    let check = match name {
        "entropy" => Check::Entropy(reader.number(value, "entropy", 0.0..=8.0)?),
        "distinct" => Check::Distinct(reader.number(value, "distinct", 1..=256)?),
        "classes" => Check::Classes(reader.number(value, "classes", 1..=4)?),
        _ => {
            if value.text() != Some("true") {
                reader.report(
                    DiagnosticKind::Value,
                    value.span.clone(),
                    format!("the check `{name}` takes no value"),
                    "only `true` can stand here",
                    format!("write `{name}: true`, or drop the step"),
                );
                return None;
            }
            plain(name)?
        }
    };
    let mut validator = Validator::new(check);
    if let Some(node) = fields.get("after") {
        validator.after = reader.ascii(node, "after")?;
    }
    Some(validator)
}
