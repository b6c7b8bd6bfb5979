//! The rules of gitleaks: one TOML file with a table `[[rules]]` for each.

use std::ops::Range;
use std::sync::Arc;

use hypersieve::{Check, Judged, Lane, Matching, On, Pattern, Rule, Severity, Validator};

use super::print::{Case, Groups};
use super::re2::Expression;
use super::{Format, Stated, Warnings};
use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::reader::{Fields, Reader};
use crate::schema::{Draft, Examples, MAX_WITHIN, RuleDoc};
use crate::source::Source;
use crate::yaml::{Node, NodeKind};

const FILE_KEYS: &[&str] =
    &["title", "description", "version", "minVersion", "extend", "rules", "allowlist", "allowlists"];
const RULE_KEYS: &[&str] = &[
    "id",
    "description",
    "regex",
    "keywords",
    "entropy",
    "secretGroup",
    "path",
    "tags",
    "allowlist",
    "allowlists",
];
const ALLOWLIST_KEYS: &[&str] = &[
    "id",
    "description",
    "condition",
    "regexTarget",
    "regexes",
    "stopwords",
    "paths",
    "commits",
    "targetRules",
];

/// What such rules are about.
const CATEGORY: &str = "credential-leak";
const REMEDIATION: &str =
    "Revoke the secret, issue a new one, and keep it out of what agents read and write.";

/// Texts in which a match is no finding.
struct Allowlist {
    target: Target,
    expressions: Vec<(Expression, Range<usize>)>,
    /// Rules that it is for; empty means all.
    rules: Vec<String>,
}

/// In what of a match an allowlist looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Secret,
    Match,
}

/// Reads a file.
pub(super) fn read(source: &Arc<Source>, node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let mut reader = Reader::new(source, diagnostics);
    let Some(fields) = reader.fields(node, "a gitleaks file", FILE_KEYS) else { return Vec::new() };
    if let Some(span) = fields.key_span("extend") {
        reader.report(
            DiagnosticKind::Unsupported,
            span,
            "`extend` takes rules from elsewhere, which are not here",
            "the rules that it names are not read",
            "drop `extend`, and give the other file with a `--rules` of its own",
        );
    }
    let mut warnings = Warnings::default();
    let everywhere = allowlists(&mut reader, &fields, &mut warnings);
    let Some(rules) = fields.get("rules") else {
        if fields.get("extend").is_none() {
            reader.missing(&fields, "rules", "write each rule as a table `[[rules]]`");
        }
        return Vec::new();
    };
    let Some(rules) = reader.list(rules, "rules", 1) else { return Vec::new() };
    let mut drafts = Vec::new();
    for rule in rules {
        drafts.extend(read_rule(source, rule, &everywhere, &mut warnings, diagnostics));
    }
    drafts
}

fn read_rule(
    source: &Arc<Source>,
    node: &Node,
    everywhere: &[Allowlist],
    of_file: &mut Warnings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Draft> {
    let mut reader = Reader::new(source, diagnostics);
    reader.rule = super::id_of(node);
    let fields = reader.fields(node, "a rule", RULE_KEYS)?;
    let mut warnings = Warnings(std::mem::take(&mut of_file.0));
    let id = reader.required_text(&fields, "id", "give the rule an id of its own: `id = \"my-rule\"`");
    super::id(&mut reader, fields.get("id"), id.as_deref());
    let id = id.unwrap_or_default();
    let mut rule = Rule::new(id.clone(), CATEGORY, Severity::High);
    rule.name = id;
    let description = fields.get("description").filter(|n| n.text().is_some_and(|t| !t.trim().is_empty()));
    rule.description =
        description.and_then(|n| reader.text(n, "description")).unwrap_or_default().to_string();
    rule.remediation = REMEDIATION.to_string();
    rule.sensitive = true;
    let mut spans = super::spans(source, fields.get("id").map_or(fields.place(), |n| n.span.clone()));
    if let Some(node) = fields.get("path").filter(|_| fields.get("regex").is_some()) {
        warnings.add(
            &reader,
            node.span.clone(),
            "`path` is not seen here: the rule watches every text",
            "names of files",
            "drop it, or the rule if it makes no sense in other text",
        );
    }
    let own = allowlists(&mut reader, &fields, &mut warnings);
    if let Some((expression, node)) = regex(&mut reader, &fields) {
        warnings.of_expression(&reader, &expression, node);
        let stated =
            stated(&mut reader, &fields, (expression, node), own.iter().chain(everywhere), &mut warnings);
        let keywords = keywords(&mut reader, &fields);
        let without =
            keywords.as_ref().filter(|(words, _)| !words.is_empty() && !stated.expression.always_has(words));
        let (pattern, unless) = stated.pattern();
        rule.patterns.push(pattern);
        spans.patterns.push(stated.node.span.clone());
        spans.unless.push(unless);
        if let Some((words, node)) = without {
            let words: Vec<String> = words.iter().map(|word| regex_syntax::escape(word)).collect();
            let words = format!("(?i){}", words.join("|"));
            if let Some(words) = super::pattern_expression(&mut reader, node, &words, Expression::read) {
                let (case, on) =
                    if words.is_case_blind() { (Case::Blind, On::Text) } else { (Case::Counts, On::Exact) };
                let words = Pattern::regex(words.pattern(case, Groups::Drop)).on(on).lane(Lane::Slow);
                rule.patterns.push(words);
                spans.patterns.push(node.span.clone());
                spans.unless.push(Vec::new());
                rule.matching = Matching::All { within: MAX_WITHIN };
                warnings.add(
                    &reader,
                    node.span.clone(),
                    format!("one of the `keywords` must stand within {MAX_WITHIN} bytes of a match"),
                    "anywhere in the text, where it was written for",
                    "put a keyword into the expression, and it is known to be there",
                );
            }
        }
    }
    let complete = reader.mistakes == 0;
    let doc = RuleDoc {
        rule,
        examples: Examples::default(),
        spans,
        format: Format::Gitleaks,
        warnings: warnings.0,
    };
    Some(Draft { doc, complete, usable: complete })
}

fn regex<'n>(reader: &mut Reader<'_>, fields: &Fields<'n>) -> Option<(Expression, &'n Node)> {
    let Some(node) = fields.get("regex") else {
        if let Some(span) = fields.key_span("path") {
            reader.report(
                DiagnosticKind::Unsupported,
                span,
                "the rule looks at nothing but the path of a file, which is not seen here",
                "no `regex` beside it",
                "give the rule a `regex`, or leave it out",
            );
        } else {
            reader.missing(fields, "regex", "write the expression: `regex = '''...'''`");
        }
        return None;
    };
    let text = reader.text(node, "regex")?.to_string();
    Some((super::pattern_expression(reader, node, &text, Expression::read)?, node))
}

/// The expression with what judges its matches.
fn stated<'n, 'a>(
    reader: &mut Reader<'_>,
    fields: &Fields<'n>,
    (expression, node): (Expression, &'n Node),
    allowlists: impl Iterator<Item = &'a Allowlist>,
    warnings: &mut Warnings,
) -> Stated<'n> {
    let groups = expression.groups();
    let mut secret = if groups == 0 { Judged::Match } else { Judged::FirstGroup };
    if let Some(node) = fields.get("secretGroup") {
        let group = reader.number(node, "secretGroup", 0..=99).unwrap_or(0);
        if usize::from(group) > groups {
            reader.report(
                DiagnosticKind::Value,
                node.span.clone(),
                format!("`secretGroup` is {group}, and the expression has {groups} capture groups"),
                "no such group",
                "put the secret into parentheses, and count those from 1",
            );
        } else if group > 0 {
            secret = Judged::Group(group);
        }
    }
    let mut validate = Vec::new();
    if let Some(node) = fields.get("entropy") {
        let least = reader.number(node, "entropy", 0.0..=8.0).unwrap_or(0.0);
        if least > 0.0 {
            validate.push(Validator::new(Check::Entropy(least)));
        }
    }
    let id = reader.rule.clone().unwrap_or_default();
    let lists: Vec<&Allowlist> = allowlists.filter(|l| l.rules.is_empty() || l.rules.contains(&id)).collect();
    let of_match =
        secret == Judged::Match || lists.iter().all(|l| l.target == Target::Match) && validate.is_empty();
    let judged = if of_match { Judged::Match } else { secret };
    let mut exceptions = Vec::new();
    for list in lists {
        if judged != Judged::Match && list.target == Target::Match {
            let span = list.expressions.first().map_or(fields.place(), |(_, span)| span.clone());
            warnings.add(
                reader,
                span,
                "an allowlist for the whole match is not applied where others or `entropy` judge the secret alone",
                "more is found than where it was written for",
                "let all of them judge the same",
            );
            continue;
        }
        exceptions.extend(list.expressions.iter().map(|(e, span)| (e.clone(), span.clone())));
    }
    // Without a check it does not matter which part is judged, and groups make an expression longer.
    let judged = if exceptions.is_empty() && validate.is_empty() { Judged::Match } else { judged };
    Stated { expression, node, exceptions, judged, validate }
}

/// The keywords in lower case, and where they stand.
fn keywords<'n>(reader: &mut Reader<'_>, fields: &Fields<'n>) -> Option<(Vec<String>, &'n Node)> {
    let node = fields.get("keywords")?;
    let items = reader.list(node, "keywords", 0)?;
    let mut words = Vec::new();
    for item in items {
        // An empty one is in every text.
        if matches!(&item.kind, NodeKind::Scalar { text, .. } if text.is_empty()) {
            return None;
        }
        words.push(reader.text(item, "keywords")?.to_lowercase());
    }
    Some((words, node))
}

/// The allowlists of a rule or of a file: one table, or a list of them.
fn allowlists(reader: &mut Reader<'_>, fields: &Fields<'_>, warnings: &mut Warnings) -> Vec<Allowlist> {
    let one = fields.get("allowlist").into_iter().flat_map(|node| match &node.kind {
        NodeKind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    });
    let several = match fields.get("allowlists") {
        Some(node) => reader.list(node, "allowlists", 0).unwrap_or_default(),
        None => &[],
    };
    let all: Vec<&Node> = one.chain(several).collect();
    all.into_iter().flat_map(|node| allowlist(reader, node, warnings)).collect()
}

/// What an allowlist says of matches, and what its stopwords say, which are looked for in the secret alone.
fn allowlist(reader: &mut Reader<'_>, node: &Node, warnings: &mut Warnings) -> Vec<Allowlist> {
    let Some(fields) = reader.fields(node, "an allowlist", ALLOWLIST_KEYS) else { return Vec::new() };
    let unseen = ["paths", "commits"].into_iter().find_map(|key| fields.key_span(key));
    let mut all_of_it = false;
    if let Some(node) = fields.get("condition") {
        match reader.text(node, "condition").map(str::to_ascii_uppercase).as_deref() {
            Some("AND" | "&&") => all_of_it = true,
            Some("OR" | "||") | None => {}
            Some(other) => {
                reader.unknown_name(node, other, "condition", &["OR", "AND"]);
            }
        }
    }
    let parts = ["paths", "commits", "regexes", "stopwords"];
    let conjunction = all_of_it && parts.into_iter().filter(|key| fields.get(key).is_some()).count() > 1;
    if let Some(span) = unseen.clone() {
        warnings.add(
            reader,
            span,
            "paths and commits are not seen here: nothing is allowed because of them",
            "more is found than where it was written for",
            "allow by `regexes` or `stopwords`",
        );
    } else if conjunction {
        warnings.add(
            reader,
            fields.place(),
            "an allowlist with `condition = \"AND\"` of several kinds is not applied",
            "more is found than where it was written for",
            "allow by `regexes` alone",
        );
    }
    if conjunction {
        return Vec::new();
    }
    let mut target = Target::Secret;
    if let Some(node) = fields.get("regexTarget") {
        match reader.text(node, "regexTarget") {
            Some("match") => target = Target::Match,
            Some("line") => {
                target = Target::Match;
                warnings.add(
                    reader,
                    node.span.clone(),
                    "an allowlist for the line judges what matched, and not what stands beside it",
                    "text beside a match switches nothing off here",
                    "say `regexTarget = \"match\"`",
                );
            }
            Some("secret") | None => {}
            Some(other) => reader.unknown_name(node, other, "regexTarget", &["secret", "match", "line"]),
        }
    }
    let mut rules = Vec::new();
    if let Some(node) = fields.get("targetRules") {
        for item in reader.list(node, "targetRules", 0).unwrap_or_default() {
            rules.extend(reader.text(item, "targetRules").map(str::to_string));
        }
    }
    let mut lists = Vec::new();
    for (key, read, target) in [
        ("regexes", Expression::read as fn(&str) -> _, target),
        ("stopwords", Expression::contains as fn(&str) -> _, Target::Secret),
    ] {
        let mut expressions = Vec::new();
        let Some(node) = fields.get(key) else { continue };
        for item in reader.list(node, key, 0).unwrap_or_default() {
            let Some(text) = reader.text(item, key).map(str::to_string) else { continue };
            let expression = super::expression(reader, item, &text, read);
            expressions.extend(expression.map(|e| (e, item.span.clone())));
        }
        if !expressions.is_empty() {
            lists.push(Allowlist { target, expressions, rules: rules.clone() });
        }
    }
    lists
}
