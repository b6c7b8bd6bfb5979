//! Typed access to YAML nodes that reports every mistake and carries on.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::source::Source;
use crate::yaml::{Node, NodeKind};

/// Reads one document and collects what is wrong with it.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a Arc<Source>,
    /// The rule's id, once it is known.
    pub(crate) rule: Option<String>,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// How many mistakes this document has.
    pub(crate) mistakes: usize,
    /// And how many of them are that there are too few examples.
    pub(crate) few_examples: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a Arc<Source>, diagnostics: &'a mut Vec<Diagnostic>) -> Reader<'a> {
        Reader { source, rule: None, diagnostics, mistakes: 0, few_examples: 0 }
    }

    /// Reports a mistake at `span`.
    pub(crate) fn report(
        &mut self,
        kind: DiagnosticKind,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::new(kind, message).at(self.source, span, label).help(help);
        self.push(diagnostic);
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.mistakes += 1;
        self.diagnostics.push(diagnostic.in_rule(self.rule.as_deref()));
    }

    /// The keys of a map: reports unknown and doubled ones.
    pub(crate) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &'static str,
        known: &'static [&'static str],
    ) -> Option<Fields<'n>> {
        let NodeKind::Map(entries) = &node.kind else {
            let message = format!("{what} must be a map, not {}", node.describe());
            self.report(
                DiagnosticKind::Value,
                node.span.clone(),
                message,
                "this is not a map",
                format!("write `key: value` lines with these keys: {}", known.join(", ")),
            );
            return None;
        };
        let mut fields =
            Fields { what, place: head(self.source, node), entries: Vec::new(), misspelt: Vec::new() };
        for (key, value) in entries {
            let Some(&name) = known.iter().find(|k| key.text() == Some(k)) else {
                let written = key.text().unwrap_or("?");
                fields.misspelt.push(nearest(written, known));
                self.report(
                    DiagnosticKind::UnknownKey,
                    key.span.clone(),
                    format!("unknown key `{written}` in {what}"),
                    "not a key of the schema",
                    suggest(written, known),
                );
                continue;
            };
            if let Some((_, first, _)) = fields.entries.iter().find(|(k, _, _)| *k == name) {
                let diagnostic =
                    Diagnostic::new(DiagnosticKind::Duplicate, format!("key `{name}` is there twice"))
                        .at(self.source, key.span.clone(), "again")
                        .related(self.source, first.clone(), "first here")
                        .help("keep one of the two");
                self.push(diagnostic);
                continue;
            }
            fields.entries.push((name, key.span.clone(), value));
        }
        Some(fields)
    }

    /// Reports a key that is not there, unless it is there with a slip of the pen.
    pub(crate) fn missing(&mut self, fields: &Fields<'_>, key: &str, help: &str) {
        if fields.misspelt.contains(&Some(key)) {
            return;
        }
        let message = format!("key `{key}` is missing in {}", fields.what);
        let label = format!("no `{key}` here");
        self.report(DiagnosticKind::MissingKey, fields.place.clone(), message, label, help);
    }

    /// The text of a key that must be there.
    pub(crate) fn required_text(&mut self, fields: &Fields<'_>, key: &str, help: &str) -> Option<String> {
        match fields.get(key) {
            Some(node) => self.text(node, key).map(str::to_string),
            None => {
                self.missing(fields, key, help);
                None
            }
        }
    }

    /// A scalar's text; not empty.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if let Some(text) = node.text()
            && !text.trim().is_empty()
        {
            return Some(text);
        }
        let found = if node.text().is_some() { "an empty one" } else { node.describe() };
        self.report(
            DiagnosticKind::Value,
            node.span.clone(),
            format!("`{what}` must be a text, not {found}"),
            "a text is wanted here",
            "write one value; quote it if it begins with a sign that YAML knows",
        );
        None
    }

    /// A scalar that stands for one of a set of names.
    pub(crate) fn name<T: FromStr>(&mut self, node: &Node, what: &str, known: &[&str]) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        let text = self.text(node, what)?;
        match text.parse() {
            Ok(value) if known.contains(&text) => Some(value),
            _ => {
                self.unknown_name(node, text, what, known);
                None
            }
        }
    }

    pub(crate) fn unknown_name(&mut self, node: &Node, text: &str, what: &str, known: &[&str]) {
        self.report(
            DiagnosticKind::Value,
            node.span.clone(),
            format!("unknown {what} `{text}`"),
            format!("not a {what}"),
            suggest(text, known),
        );
    }

    /// A number within a range.
    pub(crate) fn number<T>(
        &mut self,
        node: &Node,
        what: &str,
        allowed: std::ops::RangeInclusive<T>,
    ) -> Option<T>
    where
        T: FromStr + PartialOrd + fmt::Display,
    {
        let value = node.text().and_then(|t| t.parse().ok());
        if let Some(value) = value
            && allowed.contains(&value)
        {
            return Some(value);
        }
        self.report(
            DiagnosticKind::Value,
            node.span.clone(),
            format!("`{what}` must be a number from {} to {}", allowed.start(), allowed.end()),
            "not such a number",
            format!("write a number from {} to {}", allowed.start(), allowed.end()),
        );
        None
    }

    /// `true` or `false`.
    pub(crate) fn truth(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.text() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.report(
                    DiagnosticKind::Value,
                    node.span.clone(),
                    format!("`{what}` must be true or false"),
                    "neither true nor false",
                    "write `true` or `false`",
                );
                None
            }
        }
    }

    /// The items of a list, at least `least`.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str, least: usize) -> Option<&'n [Node]> {
        let NodeKind::List(items) = &node.kind else {
            self.report(
                DiagnosticKind::Value,
                node.span.clone(),
                format!("`{what}` must be a list, not {}", node.describe()),
                "a list is wanted here",
                "write `[one, two]`, or one `- item` a line",
            );
            return None;
        };
        if items.len() < least {
            self.report(
                DiagnosticKind::Value,
                node.span.clone(),
                format!("`{what}` has {} of at least {least} items", items.len()),
                "too few items",
                "add items, or leave the key out if that is allowed",
            );
            return None;
        }
        Some(items)
    }

    /// ASCII bytes written as a text.
    pub(crate) fn ascii(&mut self, node: &Node, what: &str) -> Option<Vec<u8>> {
        let bytes = match &node.kind {
            NodeKind::Scalar { text, .. } if text.is_ascii() && !text.is_empty() => text.as_bytes().to_vec(),
            _ => {
                self.report(
                    DiagnosticKind::Value,
                    node.span.clone(),
                    format!("`{what}` must be one or more ASCII characters"),
                    "each character here stands for one byte",
                    "write the characters in quotes, such as \"=:\"",
                );
                return None;
            }
        };
        Some(bytes)
    }
}

/// The known keys of a map with their values.
pub(crate) struct Fields<'n> {
    what: &'static str,
    place: Range<usize>,
    entries: Vec<(&'static str, Range<usize>, &'n Node)>,
    /// For each unknown key the known one that may be meant.
    misspelt: Vec<Option<&'static str>>,
}

impl<'n> Fields<'n> {
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, _, _)| *k == key).map(|(_, _, node)| *node)
    }

    /// Where a key itself stands.
    pub(crate) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.entries.iter().find(|(k, _, _)| *k == key).map(|(_, span, _)| span.clone())
    }

    /// Whether all keys are known.
    pub(crate) fn all_known(&self) -> bool {
        self.misspelt.is_empty()
    }

    /// The first line of the map.
    pub(crate) fn place(&self) -> Range<usize> {
        self.place.clone()
    }
}

/// The first line of a node, for messages about the whole of it.
fn head(source: &Source, node: &Node) -> Range<usize> {
    let text = source.text().get(node.span.clone()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim_end();
    node.span.start..node.span.start + line.len()
}

/// Help for a name that is not known.
fn suggest(written: &str, known: &[&str]) -> String {
    match nearest(written, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("use one of: {}", known.join(", ")),
    }
}

/// The known name that is probably meant.
fn nearest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = written.to_ascii_lowercase().replace('-', "_");
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&plain, k), *k))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, k)| *distance <= 1 + k.len() / 4)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_understood() {
        let known = ["severity", "no_match", "on", "critical"];
        for (written, name) in [
            ("sevrity", Some("severity")),
            ("Severity", Some("severity")),
            ("no-match", Some("no_match")),
            ("CRITICAL", Some("critical")),
            ("grave", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &known), name, "{written}");
        }
    }
}
