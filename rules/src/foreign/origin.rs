//! YAML rules with a `match_mode` and patterns of a `type` and a `value`, one rule a document.

use std::sync::Arc;

use hypersieve::{Channel, Judged, Matching, Rule, Severity};

use super::re2::Expression;
use super::{Format, Stated, Warnings};
use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::reader::{Fields, Reader};
use crate::schema::{Draft, Example, Examples, MAX_WITHIN, RuleDoc};
use crate::source::Source;
use crate::yaml::{Node, NodeKind};

const RULE_KEYS: &[&str] = &[
    "id",
    "name",
    "description",
    "severity",
    "category",
    "targets",
    "match_mode",
    "patterns",
    "exclude_patterns",
    "remediation",
    "examples",
    "sensitive",
    "decision_impact",
];
/// Keys that no rule of ours has.
const OWN_KEYS: [&str; 3] = ["match_mode", "exclude_patterns", "targets"];

/// Whether a document is such a rule.
pub(super) fn is_one(node: &Node) -> bool {
    let Some(own) = value(node, "patterns").and_then(|patterns| match &patterns.kind {
        NodeKind::List(items) => items.first(),
        _ => None,
    }) else {
        return OWN_KEYS.iter().any(|key| value(node, key).is_some());
    };
    let typed = |key: &str| value(own, key).is_some();
    let ours = ["regex", "literal", "sequence", "run"].into_iter().any(typed);
    !ours && (typed("type") || typed("value") || OWN_KEYS.iter().any(|key| value(node, key).is_some()))
}

fn value<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let NodeKind::Map(entries) = &node.kind else { return None };
    entries.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, value)| value)
}

/// Reads a document.
pub(super) fn read(source: &Arc<Source>, node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Draft> {
    let mut reader = Reader::new(source, diagnostics);
    reader.rule = super::id_of(node);
    let fields = reader.fields(node, "a rule", RULE_KEYS)?;
    let mut warnings = Warnings::default();
    let id = reader.required_text(&fields, "id", "give the rule an id of its own, such as `id: MY_RULE_001`");
    super::id(&mut reader, fields.get("id"), id.as_deref());
    let mut optional = |key: &str| {
        let node = fields.get(key).filter(|n| n.text().is_some_and(|t| !t.trim().is_empty()));
        node.and_then(|n| reader.text(n, key)).map(str::to_string)
    };
    let (name, description) = (optional("name"), optional("description"));
    let (category, remediation) = (optional("category"), optional("remediation"));
    let severity = severity(&mut reader, &fields);
    let mut spans = super::spans(source, fields.get("id").map_or(fields.place(), |n| n.span.clone()));
    let id = id.unwrap_or_default();
    let mut rule = Rule::new(
        id.clone(),
        category.unwrap_or_else(|| "custom".to_string()),
        severity.unwrap_or(Severity::Medium),
    );
    rule.name = name.unwrap_or(id);
    rule.description = description.unwrap_or_default();
    rule.remediation = remediation.unwrap_or_default();
    rule.sensitive = fields.get("sensitive").and_then(|n| reader.truth(n, "sensitive")).unwrap_or(false);
    rule.channels = channels(&mut reader, &fields, rule.severity, &mut warnings);
    let excluded = expressions(&mut reader, &fields, "exclude_patterns");
    if let Some(node) = fields.get("exclude_patterns").filter(|_| !excluded.is_empty()) {
        warnings.add(
            &reader,
            node.span.clone(),
            "`exclude_patterns` are looked for in what matched, and not around it",
            "text beside a match switches nothing off here",
            "make the patterns match what an exception has to see",
        );
    }
    for stated in patterns(&mut reader, &fields) {
        warnings.of_expression(&reader, &stated.0, stated.1);
        let exceptions = excluded.iter().map(|(e, node)| (e.clone(), node.span.clone())).collect();
        let (expression, node) = stated;
        let stated = Stated { expression, node, exceptions, judged: Judged::Match, validate: Vec::new() };
        let (pattern, unless) = stated.pattern();
        rule.patterns.push(pattern);
        spans.patterns.push(stated.node.span.clone());
        spans.unless.push(unless);
    }
    if wants_all(&mut reader, &fields) && rule.patterns.len() > 1 {
        rule.matching = Matching::All { within: MAX_WITHIN };
        warnings.add(
            &reader,
            fields.key_span("match_mode").unwrap_or(fields.place()),
            format!("with `match_mode: all` the patterns must match within {MAX_WITHIN} bytes of each other"),
            "anywhere in the text, where it was written for",
            "a stream does not keep the whole text: nothing is to be done where they stand close together",
        );
    }
    let examples = examples(&mut reader, &fields);
    let complete = reader.mistakes == 0;
    let doc = RuleDoc { rule, examples, spans, format: Format::Origin, warnings: warnings.0 };
    Some(Draft { doc, complete, usable: complete })
}

fn severity(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Severity> {
    let Some(node) = fields.get("severity") else {
        reader.missing(fields, "severity", "write `severity:` CRITICAL, HIGH, MEDIUM, LOW or INFO");
        return None;
    };
    let text = reader.text(node, "severity")?.to_ascii_lowercase();
    // What is for information only is listed and changes no verdict: that is what low means here.
    let name = if text == "info" { Severity::Low.name() } else { &text };
    match name.parse() {
        Ok(severity) => Some(severity),
        Err(_) => {
            reader.unknown_name(node, &text, "severity", &["critical", "high", "medium", "low", "info"]);
            None
        }
    }
}

/// Channels by their names; all others are names of files, which nobody sees here.
fn channels(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    severity: Severity,
    warnings: &mut Warnings,
) -> Vec<(Channel, Severity)> {
    let Some(node) = fields.get("targets") else { return Vec::new() };
    let mut channels: Vec<(Channel, Severity)> = Vec::new();
    let mut files = false;
    for item in reader.list(node, "targets", 0).unwrap_or_default() {
        let Some(text) = reader.text(item, "targets") else { continue };
        match text.parse::<Channel>() {
            Ok(channel) if channel != Channel::Any => {
                if channels.iter().all(|(known, _)| *known != channel) {
                    channels.push((channel, severity));
                }
            }
            _ => files = true,
        }
    }
    if files {
        warnings.add(
            reader,
            node.span.clone(),
            "`targets` names files, which are not seen here: the rule watches every channel",
            "names of files",
            "name channels instead: tool_args, tool_result, tool_description, message",
        );
        channels.clear();
    }
    channels
}

fn wants_all(reader: &mut Reader<'_>, fields: &Fields<'_>) -> bool {
    let Some(node) = fields.get("match_mode") else { return false };
    match reader.text(node, "match_mode") {
        Some("all") => true,
        Some("any") | None => false,
        Some(other) => {
            reader.unknown_name(node, other, "value of `match_mode`", &["any", "all"]);
            false
        }
    }
}

fn patterns<'n>(reader: &mut Reader<'_>, fields: &Fields<'n>) -> Vec<(Expression, &'n Node)> {
    let Some(node) = fields.get("patterns") else {
        reader.missing(fields, "patterns", "add at least one pattern: `{type: regex, value: '...'}`");
        return Vec::new();
    };
    if reader.list(node, "patterns", 1).is_none() {
        return Vec::new();
    }
    let all = expressions(reader, fields, "patterns");
    let mut kept = Vec::new();
    for (expression, node) in all {
        match expression.check_pattern() {
            Ok(()) => kept.push((expression, node)),
            Err((message, help)) => {
                reader.report(DiagnosticKind::Pattern, node.span.clone(), message, "in this pattern", help);
            }
        }
    }
    kept
}

/// The expressions of a list of patterns, each with the node of its value.
fn expressions<'n>(
    reader: &mut Reader<'_>,
    fields: &Fields<'n>,
    key: &'static str,
) -> Vec<(Expression, &'n Node)> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let items = reader.list(node, key, 0).unwrap_or_default();
    items.iter().filter_map(|item| read_one(reader, item).map(|e| (e, place(item)))).collect()
}

/// Where the value of a pattern stands.
fn place(item: &Node) -> &Node {
    value(item, "value").unwrap_or(item)
}

/// An expression: a text alone is a regular one.
fn read_one(reader: &mut Reader<'_>, item: &Node) -> Option<Expression> {
    if !matches!(item.kind, NodeKind::Map(_)) {
        let text = reader.text(item, "pattern")?.to_string();
        return super::expression(reader, item, &text, Expression::read);
    }
    let fields = reader.fields(item, "a pattern", &["type", "value"])?;
    let text = match fields.get("value") {
        // White space alone is something to look for, too.
        Some(Node { kind: NodeKind::Scalar { text, .. }, .. }) if !text.is_empty() => text.clone(),
        Some(node) => reader.text(node, "value")?.to_string(),
        None => {
            reader.missing(&fields, "value", "write what is to be found");
            return None;
        }
    };
    let node = place(item);
    match fields.get("type").map(|n| (n, reader.text(n, "type"))) {
        Some((_, Some("regex"))) => super::expression(reader, node, &text, Expression::read),
        Some((_, Some("contains"))) => super::expression(reader, node, &text, Expression::contains),
        Some((kind, Some(other))) => {
            reader.unknown_name(kind, other, "type of a pattern", &["regex", "contains"]);
            None
        }
        Some((_, None)) => None,
        None => {
            reader.missing(&fields, "type", "write `type: regex` or `type: contains`");
            None
        }
    }
}

fn examples(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Examples {
    let Some(node) = fields.get("examples") else { return Examples::default() };
    let Some(fields) = reader.fields(node, "`examples`", &["true_positive", "false_positive"]) else {
        return Examples::default();
    };
    let mut list = |key: &'static str| -> Vec<Example> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        let items = reader.list(node, key, 0).unwrap_or_default();
        let mut all = Vec::new();
        for item in items {
            if let Some(text) = reader.text(item, "example") {
                all.push(Example { text: text.to_string(), channel: Channel::Any, span: item.span.clone() });
            }
        }
        all
    };
    Examples { r#match: list("true_positive"), no_match: list("false_positive") }
}
