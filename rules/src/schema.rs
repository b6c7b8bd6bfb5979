//! The schema of rule files: from a YAML document to a rule.

use std::ops::Range;
use std::sync::Arc;

use hypersieve::{Channel, Expr, Judged, Lane, Matching, On, Pattern, Rule, RunClass, Sequence, Severity};

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::foreign::Format;
use crate::reader::{Fields, Reader};
use crate::source::Source;
use crate::steps;
use crate::yaml::{Node, NodeKind};

/// A rule as its file states it: the rule itself, its examples, and where everything stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuleDoc {
    /// The rule, in the set `user`.
    pub rule: Rule,
    /// Texts on which it fires and texts on which it does not.
    pub examples: Examples,
    /// Where the rule stands.
    pub spans: Spans,
    /// Who the file was written for.
    pub format: Format,
    /// What the rule means here that it does not mean in the program that it was written for.
    pub warnings: Vec<Diagnostic>,
}

/// The examples of a rule.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Examples {
    /// Texts on which the rule fires.
    pub r#match: Vec<Example>,
    /// Texts on which the rule does not fire; others may.
    pub no_match: Vec<Example>,
}

/// One example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Example {
    /// The text to be scanned.
    pub text: String,
    /// Where the text comes from.
    pub channel: Channel,
    /// Where it stands in the file.
    pub span: Range<usize>,
}

/// Where a rule and its parts stand, in bytes of the file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spans {
    /// The file.
    pub source: Arc<Source>,
    /// The value of `id`.
    pub id: Range<usize>,
    /// The values of `aliases`.
    pub aliases: Vec<Range<usize>>,
    /// Of each pattern: the value of `regex`, `literal`, `sequence` or `run`.
    pub patterns: Vec<Range<usize>>,
    /// Of each pattern, of each of its exceptions.
    pub unless: Vec<Vec<Range<usize>>>,
}

/// A document that may have mistakes; only one without is a rule.
pub(crate) struct Draft {
    pub(crate) doc: RuleDoc,
    pub(crate) complete: bool,
    /// Nothing is wrong but that examples are missing.
    pub(crate) usable: bool,
}

const RULE_KEYS: &[&str] = &[
    "id",
    "name",
    "description",
    "severity",
    "category",
    "channels",
    "match",
    "within",
    "sensitive",
    "aliases",
    "patterns",
    "remediation",
    "references",
    "examples",
];
const PATTERN_KINDS: [&str; 4] = ["regex", "literal", "sequence", "run"];
const PATTERN_KEYS: &[&str] = &[
    "regex", "literal", "sequence", "run", "gap", "stop", "min", "max", "on", "validate", "unless", "judged",
    "lane",
];

/// Fewest examples of either kind.
const LEAST_EXAMPLES: usize = 4;
/// The gap between two words of a sequence where the file says nothing.
const DEFAULT_GAP: usize = 40;
/// No match is longer than this, so no gap and no run can be.
const MAX_WIDTH: usize = 512;
/// Longest extent of a `match: all` rule.
pub(crate) const MAX_WITHIN: usize = 1024;

/// Reads one document.
pub(crate) fn read(source: &Arc<Source>, node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Draft> {
    let mut reader = Reader::new(source, diagnostics);
    if let NodeKind::Map(entries) = &node.kind {
        let id = entries.iter().find(|(key, _)| key.text() == Some("id"));
        reader.rule = id.and_then(|(_, value)| value.text()).map(str::to_string);
    }
    let fields = reader.fields(node, "a rule", RULE_KEYS)?;
    let id = reader.required_text(&fields, "id", "give the rule an id of its own, such as `id: MY_RULE_001`");
    if let (Some(id), Some(node)) = (&id, fields.get("id")) {
        check_id(&mut reader, node.span.clone(), id);
    }
    let name = reader.required_text(&fields, "name", "name the rule in a few words");
    let description =
        reader.required_text(&fields, "description", "say what the rule sees, then what it does not");
    let severity = severity(&mut reader, &fields);
    let category = reader.required_text(&fields, "category", "name its category, such as `prompt-injection`");
    if let (Some(category), Some(node)) = (&category, fields.get("category"))
        && !category.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        reader.report(
            DiagnosticKind::Value,
            node.span.clone(),
            format!("the category `{category}` is not a plain word"),
            "not lower case, digits and `-` alone",
            "write it like `prompt-injection`",
        );
    }
    let rule_severity = severity.unwrap_or(Severity::Medium);
    let mut spans = Spans {
        source: Arc::clone(source),
        id: fields.get("id").map_or(fields.place(), |n| n.span.clone()),
        aliases: Vec::new(),
        patterns: Vec::new(),
        unless: Vec::new(),
    };
    let mut rule = Rule::new(id.unwrap_or_default(), category.unwrap_or_default(), rule_severity);
    rule.name = name.unwrap_or_default();
    rule.description = description.unwrap_or_default();
    rule.channels = channels(&mut reader, &fields, rule_severity);
    rule.sensitive = fields.get("sensitive").and_then(|n| reader.truth(n, "sensitive")).unwrap_or(false);
    patterns(&mut reader, &fields, &mut rule, &mut spans);
    rule.matching = matching(&mut reader, &fields, rule.patterns.len());
    rule.remediation = reader
        .required_text(&fields, "remediation", "say what a person should do about a finding")
        .unwrap_or_default();
    if let Some(node) = fields.get("references") {
        rule.references =
            texts(&mut reader, node, "references", 0).into_iter().map(|(text, _)| text).collect();
    }
    if let Some(node) = fields.get("aliases") {
        for (alias, span) in texts(&mut reader, node, "aliases", 0) {
            check_alias(&mut reader, span.clone(), &alias);
            rule.aliases.push(alias);
            spans.aliases.push(span);
        }
    }
    let examples = examples(&mut reader, &fields);
    let complete = reader.mistakes == 0;
    let usable = reader.mistakes == reader.few_examples;
    let doc = RuleDoc { rule, examples, spans, format: Format::Hypersieve, warnings: Vec::new() };
    Some(Draft { doc, complete, usable })
}

fn check_id(reader: &mut Reader<'_>, span: Range<usize>, id: &str) {
    if !id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-')) {
        reader.report(
            DiagnosticKind::Value,
            span,
            format!("`{id}` is not a rule id"),
            "not upper case letters, digits, `_` and `-` alone",
            format!("write it like `{}`", spell_as_id(id)),
        );
    }
}

/// An alias may be what a rule is called elsewhere.
fn check_alias(reader: &mut Reader<'_>, span: Range<usize>, alias: &str) {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control();
    if !alias.chars().all(allowed) {
        reader.report(
            DiagnosticKind::Value,
            span,
            format!("`{}` is not an alias", alias.escape_debug()),
            "white space in it",
            format!("write it like `{}`", spell_as_id(alias)),
        );
    }
}

fn spell_as_id(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    upper.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

fn severity(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Severity> {
    match fields.get("severity") {
        Some(node) => reader.name(node, "severity", &Severity::ALL.map(Severity::name)),
        None => {
            reader.missing(fields, "severity", "write `severity:` critical, high, medium or low");
            None
        }
    }
}

fn channels(reader: &mut Reader<'_>, fields: &Fields<'_>, severity: Severity) -> Vec<(Channel, Severity)> {
    let Some(node) = fields.get("channels") else { return Vec::new() };
    let mut channels: Vec<(Channel, Severity)> = Vec::new();
    let mut add = |reader: &mut Reader<'_>, node: &Node, severity: Severity| {
        let Some(channel) = reader.name(node, "channel", &Channel::NAMED.map(Channel::name)) else { return };
        if channels.iter().any(|(c, _)| *c == channel) {
            reader.report(
                DiagnosticKind::Duplicate,
                node.span.clone(),
                format!("channel `{channel}` is there twice"),
                "again",
                "keep one of the two",
            );
            return;
        }
        channels.push((channel, severity));
    };
    match &node.kind {
        NodeKind::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let severity = reader.name(value, "severity", &Severity::ALL.map(Severity::name));
                add(reader, key, severity.unwrap_or(Severity::Medium));
            }
        }
        NodeKind::List(items) if !items.is_empty() => {
            for item in items {
                add(reader, item, severity);
            }
        }
        _ => reader.report(
            DiagnosticKind::Value,
            node.span.clone(),
            "`channels` must be a list of channels or a map from channels to severities",
            "neither",
            "write `[tool_args, message]` or `{tool_args: high, message: low}`; leave it out for all channels",
        ),
    }
    channels
}

fn matching(reader: &mut Reader<'_>, fields: &Fields<'_>, patterns: usize) -> Matching {
    let all = match fields.get("match") {
        None => false,
        Some(node) => match reader.text(node, "match") {
            Some("all") => true,
            Some("any") | None => false,
            Some(other) => {
                reader.unknown_name(node, other, "value of `match`", &["any", "all"]);
                return Matching::Any;
            }
        },
    };
    if !all {
        if let Some(span) = fields.key_span("within") {
            reader.report(
                DiagnosticKind::Value,
                span,
                "`within` has no meaning without `match: all`",
                "one pattern alone makes a finding",
                "add `match: all`, or drop `within`",
            );
        }
        return Matching::Any;
    }
    if patterns == 1 {
        reader.report(
            DiagnosticKind::Value,
            fields.key_span("match").unwrap_or(fields.place()),
            "`match: all` has no meaning with one pattern",
            "there is nothing to match near it",
            "add a pattern, or drop `match` and `within`",
        );
    }
    match fields.get("within") {
        Some(node) => {
            let within = reader.number(node, "within", 1..=MAX_WITHIN).unwrap_or(MAX_WITHIN);
            Matching::All { within }
        }
        None => {
            reader.missing(
                fields,
                "within",
                "say in how many bytes all patterns must match, such as `within: 400`",
            );
            Matching::Any
        }
    }
}

fn patterns(reader: &mut Reader<'_>, fields: &Fields<'_>, rule: &mut Rule, spans: &mut Spans) {
    let Some(node) = fields.get("patterns") else {
        reader.missing(fields, "patterns", "add at least one `regex`, `literal`, `sequence` or `run`");
        return;
    };
    for item in reader.list(node, "patterns", 1).unwrap_or_default() {
        let Some(fields) = reader.fields(item, "a pattern", PATTERN_KEYS) else { continue };
        let Some((expr, span)) = expression(reader, &fields) else { continue };
        let mut pattern = Pattern::new(expr);
        if let Some(node) = fields.get("on") {
            pattern.on = reader.name(node, "value of `on`", &On::ALL.map(On::name)).unwrap_or(On::Text);
        }
        if let Some(node) = fields.get("judged") {
            pattern.judged = judged(reader, node);
        }
        if let Some(node) = fields.get("lane") {
            pattern.lane = lane(reader, node);
        }
        if let Some(node) = fields.get("validate") {
            for step in reader.list(node, "validate", 1).unwrap_or_default() {
                pattern.validate.extend(steps::read(reader, step));
            }
        }
        let mut exceptions = Vec::new();
        if let Some(node) = fields.get("unless") {
            let items = match &node.kind {
                NodeKind::List(_) => reader.list(node, "unless", 1).unwrap_or_default(),
                _ => std::slice::from_ref(node),
            };
            for item in items {
                if let Some(text) = reader.text(item, "unless") {
                    pattern.unless.push(text.to_string());
                    exceptions.push(item.span.clone());
                }
            }
        }
        rule.patterns.push(pattern);
        spans.patterns.push(span);
        spans.unless.push(exceptions);
    }
}

/// What checks and exceptions see of a match.
fn judged(reader: &mut Reader<'_>, node: &Node) -> Judged {
    match node.text() {
        Some("first") => Judged::FirstGroup,
        _ => reader.number(node, "judged", 1..=99).map_or(Judged::Match, Judged::Group),
    }
}

fn lane(reader: &mut Reader<'_>, node: &Node) -> Lane {
    match reader.text(node, "lane") {
        Some("slow") => Lane::Slow,
        Some("fast") | None => Lane::Fast,
        Some(other) => {
            reader.unknown_name(node, other, "lane", &["fast", "slow"]);
            Lane::Fast
        }
    }
}

/// What the pattern looks for, and where that stands.
fn expression(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(Expr, Range<usize>)> {
    let present: Vec<&str> = PATTERN_KINDS.into_iter().filter(|k| fields.get(k).is_some()).collect();
    let &[kind] = present.as_slice() else {
        if present.is_empty() && !fields.all_known() {
            return None;
        }
        let found = if present.is_empty() { "none".to_string() } else { present.join(" and ") };
        reader.report(
            DiagnosticKind::Value,
            fields.place(),
            format!("a pattern has exactly one of regex, literal, sequence and run; this has {found}"),
            "in this pattern",
            "write each of them as a pattern of its own",
        );
        return None;
    };
    for (key, owner) in [("gap", "sequence"), ("stop", "sequence"), ("min", "run"), ("max", "run")] {
        if let Some(span) = fields.key_span(key)
            && owner != kind
        {
            reader.report(
                DiagnosticKind::UnknownKey,
                span,
                format!("`{key}` has no meaning in a `{kind}`"),
                format!("only a `{owner}` has it"),
                "drop it",
            );
        }
    }
    let node = fields.get(kind)?;
    let expr = match kind {
        "regex" => Expr::Regex(reader.text(node, "regex")?.to_string()),
        "literal" => Expr::Literal(reader.text(node, "literal")?.to_string()),
        "sequence" => {
            let mut words = Vec::new();
            for set in reader.list(node, "sequence", 2)? {
                words.push(texts(reader, set, "word set", 1).into_iter().map(|(word, _)| word).collect());
            }
            let gap = match fields.get("gap") {
                Some(node) => reader.number(node, "gap", 0..=MAX_WIDTH).unwrap_or(DEFAULT_GAP),
                None => DEFAULT_GAP,
            };
            let stop = fields.get("stop").and_then(|node| reader.ascii(node, "stop")).unwrap_or_default();
            Expr::Sequence(Sequence { words, gap, stop })
        }
        _ => {
            let class = reader.name(node, "run class", &RunClass::ALL.map(RunClass::name));
            let mut length = |key: &str| match fields.get(key) {
                Some(node) => reader.number(node, key, 1..=MAX_WIDTH),
                None => {
                    reader.missing(fields, key, "a run needs `min` and `max`");
                    None
                }
            };
            let (min, max) = (length("min"), length("max"));
            Expr::Run { class: class?, min: min?, max: max? }
        }
    };
    Some((expr, node.span.clone()))
}

/// The texts of a list with their places; items that are no text are reported and left out.
fn texts(reader: &mut Reader<'_>, node: &Node, what: &str, least: usize) -> Vec<(String, Range<usize>)> {
    let items = reader.list(node, what, least).unwrap_or_default();
    items.iter().filter_map(|item| Some((reader.text(item, what)?.to_string(), item.span.clone()))).collect()
}

fn examples(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Examples {
    let Some(node) = fields.get("examples") else {
        reader.missing(fields, "examples", "add `match` and `no_match` with at least four texts each");
        return Examples::default();
    };
    let Some(fields) = reader.fields(node, "`examples`", &["match", "no_match"]) else {
        return Examples::default();
    };
    Examples {
        r#match: example_list(reader, &fields, "match", "add texts on which the rule fires"),
        no_match: example_list(
            reader,
            &fields,
            "no_match",
            "add near misses: harmless texts that look alike",
        ),
    }
}

fn example_list(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str, help: &str) -> Vec<Example> {
    let Some(node) = fields.get(key) else {
        reader.missing(fields, key, help);
        return Vec::new();
    };
    let mut examples: Vec<Example> = Vec::new();
    let Some(items) = reader.list(node, key, 0) else { return Vec::new() };
    for item in items {
        let Some(example) = example(reader, item) else { continue };
        if let Some(first) = examples.iter().find(|e| e.text == example.text && e.channel == example.channel)
        {
            let diagnostic = Diagnostic::new(DiagnosticKind::Examples, "this example is there twice")
                .at(reader.source, example.span.clone(), "again")
                .related(reader.source, first.span.clone(), "first here")
                .help("replace one of the two by another text");
            reader.push(diagnostic);
        }
        examples.push(example);
    }
    if items.len() < LEAST_EXAMPLES {
        let message = format!("`{key}` has {} of at least {LEAST_EXAMPLES} examples", items.len());
        let span = fields.key_span(key).unwrap_or(fields.place());
        reader.few_examples += 1;
        reader.report(DiagnosticKind::FewExamples, span, message, "too few", help);
    }
    examples
}

fn example(reader: &mut Reader<'_>, node: &Node) -> Option<Example> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let text = reader.text(node, "example")?.to_string();
        return Some(Example { text, channel: Channel::Any, span: node.span.clone() });
    }
    let fields = reader.fields(node, "an example", &["text", "channel"])?;
    let text = reader.required_text(&fields, "text", "write the text to be scanned");
    let channel = match fields.get("channel") {
        Some(node) => reader.name(node, "channel", &Channel::ALL.map(Channel::name)),
        None => Some(Channel::Any),
    };
    let span = fields.get("text").map_or(node.span.clone(), |n| n.span.clone());
    Some(Example { text: text?, channel: channel?, span })
}
