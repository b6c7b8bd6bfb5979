//! YAML as a tree of nodes that know where they stand.
//!
//! Built on the events of `saphyr-parser`, since its trees lose duplicate keys, and what a scalar said as it was
//! written. Anchors, aliases and tags are refused: a rule says all it says in one place.

use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::source::{CharOffsets, Source};

/// A node of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it stands, in bytes of the file.
    pub(crate) span: Range<usize>,
    pub(crate) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    /// A value of any type, as text; `plain` if it is written without quotes and on its own line.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// Keys and values as they are written, duplicates included.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// What the node is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar { .. } if self.is_empty() => "nothing",
            NodeKind::Scalar { .. } => "a single value",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    /// The scalar's text, if it is one and not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } if !self.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether this is what stands behind a key without a value.
    fn is_empty(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~"))
    }
}

/// Nodes nested deeper than this are refused; a rule needs six levels.
const MAX_DEPTH: usize = 32;

/// Reads all documents of a file; empty ones are left out.
///
/// After a mistake in the YAML itself, reading goes on at the next line that begins with `---`.
pub(crate) fn documents(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Node> {
    let text = source.text();
    let offsets = CharOffsets::new(text);
    let mut documents = Vec::new();
    let mut from = 0;
    while let Err(mistake) = read_from(text, from, &offsets, &mut documents) {
        // The mistake may be the `---` itself, in the middle of something.
        let behind = from.max(mistake.at.end.saturating_sub(1));
        let next = text.as_bytes()[behind..].windows(4).position(|w| w == b"\n---").map(|at| behind + at + 1);
        let label =
            if next.is_some() { "the rest of this document is not read" } else { "reading stops here" };
        diagnostics.push(
            Diagnostic::new(DiagnosticKind::Yaml, mistake.message)
                .at(source, mistake.at, label)
                .help(mistake.help),
        );
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    documents
}

/// A mistake that ends the reading of a document.
struct Mistake {
    message: String,
    help: &'static str,
    at: Range<usize>,
}

/// Reads the documents from a byte offset on, which is the beginning of a line.
fn read_from(
    text: &str,
    from: usize,
    offsets: &CharOffsets,
    documents: &mut Vec<Node>,
) -> Result<(), Mistake> {
    let base = offsets.index(text, from);
    let byte = |index: usize| offsets.byte(text, base + index);
    let bytes = |span: Span| {
        let start = byte(span.start.index());
        start..byte(span.end.index()).max(start)
    };
    let mut open = Vec::new();
    for event in Parser::new_from_str(&text[from..]) {
        let (event, span) = event.map_err(|error| {
            let at = byte(error.marker().index());
            Mistake {
                message: format!("this is not valid YAML: {}", error.info()),
                help: "correct the YAML; expressions are safest in single quotes, with each `'` in them doubled",
                at: at..at,
            }
        })?;
        let mut at = bytes(span);
        // A block of text ends where the next thing begins; what matters is where its last line ends.
        at.end = at.start + text[at.clone()].trim_end().len();
        take(event, at.clone(), &mut open, documents).map_err(|message| Mistake {
            message: message.to_string(),
            help: "write the value out in full; a text that begins with `&`, `*` or `!` needs quotes",
            at,
        })?;
    }
    Ok(())
}

/// A list or a map of which the end has not come yet.
struct Open {
    node: Node,
    /// In a map: a key whose value has not come yet.
    key: Option<Node>,
}

fn take(
    event: Event<'_>,
    span: Range<usize>,
    open: &mut Vec<Open>,
    documents: &mut Vec<Node>,
) -> Result<(), &'static str> {
    match event {
        Event::Alias(_) => return Err("aliases are not part of rule files"),
        Event::Scalar(text, style, anchor, tag) => {
            refuse_marks(anchor, tag.as_deref())?;
            let plain = style == ScalarStyle::Plain;
            close(Node { span, kind: NodeKind::Scalar { text: text.into_owned(), plain } }, open, documents);
        }
        Event::SequenceStart(anchor, tag) => {
            refuse_marks(anchor, tag.as_deref())?;
            enter(Node { span, kind: NodeKind::List(Vec::new()) }, open)?;
        }
        Event::MappingStart(anchor, tag) => {
            refuse_marks(anchor, tag.as_deref())?;
            enter(Node { span, kind: NodeKind::Map(Vec::new()) }, open)?;
        }
        Event::SequenceEnd | Event::MappingEnd => {
            if let Some(Open { mut node, .. }) = open.pop() {
                let last = match &node.kind {
                    NodeKind::List(items) => items.last().map(|n| n.span.end),
                    NodeKind::Map(entries) => entries.last().map(|(_, v)| v.span.end),
                    NodeKind::Scalar { .. } => None,
                };
                // Only `]` and `}` are something; the end of a block is wherever the next thing begins.
                let bracket = span.end > span.start;
                node.span.end = if bracket { span.end } else { last.unwrap_or(node.span.end) };
                close(node, open, documents);
            }
        }
        Event::Nothing
        | Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd => {}
    }
    Ok(())
}

fn enter(node: Node, open: &mut Vec<Open>) -> Result<(), &'static str> {
    if open.len() >= MAX_DEPTH {
        return Err("this is nested too deeply");
    }
    open.push(Open { node, key: None });
    Ok(())
}

/// Puts a finished node where it belongs.
fn close(node: Node, open: &mut [Open], documents: &mut Vec<Node>) {
    match open.last_mut() {
        None if node.is_empty() => {}
        None => documents.push(node),
        Some(open) => match &mut open.node.kind {
            NodeKind::List(items) => items.push(node),
            NodeKind::Map(entries) => match open.key.take() {
                None => open.key = Some(node),
                Some(key) => entries.push((key, node)),
            },
            NodeKind::Scalar { .. } => {}
        },
    }
}

fn refuse_marks(anchor: usize, tag: Option<&Tag>) -> Result<(), &'static str> {
    if anchor != 0 {
        return Err("anchors are not part of rule files");
    }
    if tag.is_some() {
        return Err("tags are not part of rule files");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Node>, usize) {
        let mut diagnostics = Vec::new();
        let documents = documents(&Arc::new(Source::new("x", text)), &mut diagnostics);
        (documents, diagnostics.len())
    }

    /// Each scalar's value and what stands at its place.
    fn scalars<'t>(node: &Node, text: &'t str, found: &mut Vec<(String, &'t str)>) {
        match &node.kind {
            NodeKind::Scalar { text: value, .. } => found.push((value.clone(), &text[node.span.clone()])),
            NodeKind::List(items) => items.iter().for_each(|n| scalars(n, text, found)),
            NodeKind::Map(entries) => entries.iter().for_each(|(k, v)| {
                scalars(k, text, found);
                scalars(v, text, found);
            }),
        }
    }

    #[test]
    fn nodes_know_where_they_stand() {
        let text = "é: 'x''y'\nb: [\"\\t\", plain text]\n---\nc:\n  - d\n";
        let (documents, mistakes) = read(text);
        assert_eq!((documents.len(), mistakes), (2, 0));
        let mut found = Vec::new();
        documents.iter().for_each(|n| scalars(n, text, &mut found));
        let expected = [
            ("é", "é"),
            ("x'y", "'x''y'"),
            ("b", "b"),
            ("\t", "\"\\t\""),
            ("plain text", "plain text"),
            ("c", "c"),
            ("d", "d"),
        ];
        assert_eq!(found, expected.map(|(value, written)| (value.to_string(), written)));
        assert_eq!(&text[documents[0].span.clone()], "é: 'x''y'\nb: [\"\\t\", plain text]");
        assert_eq!(&text[documents[1].span.clone()], "c:\n  - d");
    }

    #[test]
    fn a_mistake_costs_one_document() {
        let (documents, mistakes) =
            read("a: [1\n---\nb: 2\n---\nc: *x\n---\né: &x 1\n---\nd: !t 1\n---\ne: 3\n");
        assert_eq!((documents.len(), mistakes), (2, 4));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert_eq!(read(&"[".repeat(100_000)).1, 1);
        assert_eq!(read(&"- ".repeat(100_000)).1, 1);
        assert_eq!(read(&format!("{}{}", "[".repeat(32), "]".repeat(32))).1, 0);
    }

    #[test]
    fn empty_documents_are_none() {
        assert_eq!(read("").0.len(), 0);
        assert_eq!(read("# only a comment\n---\n---\n").0.len(), 0);
    }
}
