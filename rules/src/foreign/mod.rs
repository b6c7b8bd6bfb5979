//! Rule files that were written for other programs, taken as they are.
//!
//! ```text
//! YAML document ----------------------> origin    (id, match_mode, patterns[{type, value}], ...)
//! TOML file -> toml (nodes) ----------> gitleaks  ([[rules]] id, regex, keywords, allowlists ...)
//!                                          |
//! Go's regular expression -> go_syntax -> re2 -> print -> a pattern in our dialect, in the slow lane
//! ```
//!
//! Files are told apart by their keys. Where a rule can't mean here what it means there, that is an error which names the
//! rule; where it means a little more, or less with a limit that is stated, it is a warning of the rule.

#[cfg(test)]
mod equivalence;
mod gitleaks;
mod go_syntax;
mod origin;
mod print;
mod re2;
mod toml;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use hypersieve::{Judged, Lane, On, Pattern, Validator};

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::reader::Reader;
use crate::schema::Draft;
use crate::source::Source;
use crate::yaml::{Node, NodeKind};
use print::{Case, Groups};
use re2::Expression;

/// Who a rule file was written for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For this program.
    #[default]
    Hypersieve,
    /// YAML with `match_mode` and patterns of a `type` and a `value`.
    Origin,
    /// The TOML of gitleaks.
    Gitleaks,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Hypersieve => "hypersieve",
            Format::Origin => "match_mode YAML",
            Format::Gitleaks => "gitleaks TOML",
        })
    }
}

/// What can't be understood in an expression, and where in it.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    message: String,
    help: &'static str,
    span: Range<usize>,
}

/// Whether a text is TOML with rules in it: a line that begins with `[[rules]]` is in no YAML that rules are written in.
pub(crate) fn is_toml(name: &str, text: &str) -> bool {
    let begins_rules = |line: &str| line.trim_start().starts_with("[[rules");
    name.ends_with(".toml") || text.lines().any(begins_rules)
}

/// Reads the rules of a TOML file.
pub(crate) fn toml_drafts(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    match toml::document(source) {
        Ok(node) => gitleaks::read(source, &node, diagnostics),
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            Vec::new()
        }
    }
}

/// Reads the rule of a YAML document if it is of a format that is not ours.
pub(crate) fn yaml_draft(
    source: &Arc<Source>,
    node: &Node,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Option<Draft>> {
    origin::is_one(node).then(|| origin::read(source, node, diagnostics))
}

/// A pattern of a rule, and the exceptions to it.
struct Stated<'n> {
    expression: Expression,
    node: &'n Node,
    exceptions: Vec<(Expression, Range<usize>)>,
    judged: Judged,
    validate: Vec<Validator>,
}

impl Stated<'_> {
    /// The pattern, with the places of its exceptions.
    fn pattern(&self) -> (Pattern, Vec<Range<usize>>) {
        let blind = |e: &Expression| e.is_case_blind();
        // An exception reads what the pattern reads, and must not let more pass because letter case does not count there.
        let all_blind = blind(&self.expression) && self.exceptions.iter().all(|(e, _)| blind(e));
        let (case, on) = if all_blind { (Case::Blind, On::Text) } else { (Case::Counts, On::Exact) };
        let groups = if self.judged == Judged::Match { Groups::Drop } else { Groups::Keep };
        let mut pattern =
            Pattern::regex(self.expression.pattern(case, groups)).on(on).judged(self.judged).lane(Lane::Slow);
        pattern.unless = self.exceptions.iter().map(|(e, _)| e.exception(case)).collect();
        pattern.validate = self.validate.clone();
        (pattern, self.exceptions.iter().map(|(_, span)| span.clone()).collect())
    }
}

/// Reads an expression; a mistake is reported at its place.
fn expression(
    reader: &mut Reader<'_>,
    node: &Node,
    text: &str,
    read: fn(&str) -> Result<Expression, Mistake>,
) -> Option<Expression> {
    read(text)
        .map_err(|Mistake { message, help, span }| {
            let span = reader.source.locate(&node.span, text, span);
            reader.report(DiagnosticKind::Pattern, span, message, "in this expression", help);
        })
        .ok()
}

/// Reads an expression that is to be found in texts.
fn pattern_expression(
    reader: &mut Reader<'_>,
    node: &Node,
    text: &str,
    read: fn(&str) -> Result<Expression, Mistake>,
) -> Option<Expression> {
    let expression = expression(reader, node, text, read)?;
    if let Err((message, help)) = expression.check_pattern() {
        reader.report(DiagnosticKind::Pattern, node.span.clone(), message, "in this expression", help);
        return None;
    }
    Some(expression)
}

/// What a rule means here that it does not mean in its own program.
#[derive(Default)]
struct Warnings(Vec<Diagnostic>);

impl Warnings {
    /// Notes a difference; what has been said of the rule is not said again.
    fn add(
        &mut self,
        reader: &Reader<'_>,
        span: Range<usize>,
        message: impl Into<String>,
        label: &str,
        help: impl Into<String>,
    ) {
        let message = message.into();
        if self.0.iter().any(|known| known.message() == message) {
            return;
        }
        let diagnostic = Diagnostic::warning(DiagnosticKind::Differs, message)
            .at(reader.source, span, label)
            .in_rule(reader.rule.as_deref())
            .help(help);
        self.0.push(diagnostic);
    }

    /// What concerns any expression.
    fn of_expression(&mut self, reader: &Reader<'_>, expression: &Expression, node: &Node) {
        if expression.edges {
            self.add(
                reader,
                node.span.clone(),
                "`^` and `$` are read as the edges of a line",
                "of the whole text, where it was written for",
                "a stream has no edges to look at; write `(?m)` if lines are meant",
            );
        }
        if expression.is_cut() {
            self.add(
                reader,
                node.span.clone(),
                format!("a match longer than {} bytes is not reported", re2::MAX_WIDTH),
                "a match of this can be longer",
                "give its repetitions an upper bound that you can live with: `.{0,80}` instead of `.*`",
            );
        }
    }
}

/// The places of a rule's parts, before they are known.
fn spans(source: &Arc<Source>, id: Range<usize>) -> crate::schema::Spans {
    crate::schema::Spans {
        source: Arc::clone(source),
        id,
        aliases: Vec::new(),
        patterns: Vec::new(),
        unless: Vec::new(),
    }
}

/// The id that messages are to name, before the rule is read.
fn id_of(node: &Node) -> Option<String> {
    let NodeKind::Map(entries) = &node.kind else { return None };
    let id = entries.iter().find(|(key, _)| key.text() == Some("id"));
    id.and_then(|(_, value)| value.text()).map(str::to_string)
}

/// The id of a rule: any word.
fn id(reader: &mut Reader<'_>, node: Option<&Node>, id: Option<&str>) {
    if let (Some(node), Some(id)) = (node, id)
        && id.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        reader.report(
            DiagnosticKind::Value,
            node.span.clone(),
            format!("`{}` is not a rule id", id.escape_debug()),
            "white space in it",
            "write it as one word",
        );
    }
}
