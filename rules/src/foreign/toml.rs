//! TOML as a tree of nodes that know where they stand, the same as of YAML.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::source::Source;
use crate::yaml::{Node, NodeKind};

/// Reads a file.
pub(super) fn document(source: &Arc<Source>) -> Result<Node, Box<Diagnostic>> {
    let text = source.text();
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        let line = error.message().lines().next().unwrap_or_default();
        Diagnostic::new(DiagnosticKind::Toml, format!("this is not valid TOML: {line}"))
            .at(source, at, "reading stops here")
            .help("correct the TOML; expressions are safest in '''three single quotes'''")
    })?;
    Ok(map(table.get_ref(), table.span()))
}

fn map(table: &DeTable<'_>, span: Range<usize>) -> Node {
    let mut entries: Vec<(Node, Node)> = table
        .iter()
        .map(|(key, value)| (scalar(key.get_ref().to_string(), key.span()), node(value)))
        .collect();
    // As they are written.
    entries.sort_by_key(|(key, _)| key.span.start);
    Node { span, kind: NodeKind::Map(entries) }
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let span = value.span();
    match value.get_ref() {
        DeValue::String(text) => scalar(text.to_string(), span),
        DeValue::Integer(number) => scalar(number.to_string(), span),
        DeValue::Float(number) => scalar(number.to_string(), span),
        DeValue::Boolean(truth) => scalar(truth.to_string(), span),
        DeValue::Datetime(date) => scalar(date.to_string(), span),
        DeValue::Array(items) => Node { span, kind: NodeKind::List(items.iter().map(node).collect()) },
        DeValue::Table(table) => map(table, span),
    }
}

/// Nothing in TOML is a value that is not there, so all are as if they stood in quotes.
fn scalar(text: String, span: Range<usize>) -> Node {
    Node { span, kind: NodeKind::Scalar { text, plain: false } }
}
