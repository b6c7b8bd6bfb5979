//! What only the engine can tell: whether patterns compile and examples hold.

use std::ops::Range;

use hypersieve::{
    BuildError, Config, Database, Expr, FilterKind, Finding, Matching, Pattern, Policy, Rule, Scanner,
};

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::schema::{Example, RuleDoc};

/// Compiles the rule and runs its examples.
pub(crate) fn check(doc: &RuleDoc, diagnostics: &mut Vec<Diagnostic>) {
    let mut databases = Vec::new();
    for filter in FilterKind::ALL {
        match build(doc.rule.clone(), filter) {
            Ok(database) => databases.push((filter, database)),
            Err(error) => return explain(doc, &error, diagnostics),
        }
    }
    for example in &doc.examples.r#match {
        check_example(doc, example, Wanted::Finding, &databases, diagnostics);
    }
    for example in &doc.examples.no_match {
        check_example(doc, example, Wanted::Nothing, &databases, diagnostics);
    }
}

/// Reports what keeps a rule from being compiled.
pub(crate) fn check_patterns(doc: &RuleDoc, diagnostics: &mut Vec<Diagnostic>) {
    if let Err(error) = build(doc.rule.clone(), FilterKind::AhoCorasick) {
        explain(doc, &error, diagnostics);
    }
}

/// Reports all that keeps a rule from being compiled, not only what the engine came upon first.
fn explain(doc: &RuleDoc, error: &BuildError, diagnostics: &mut Vec<Diagnostic>) {
    let before = diagnostics.len();
    for (index, pattern) in doc.rule.patterns.iter().enumerate() {
        check_pattern(doc, index, pattern, diagnostics);
    }
    if diagnostics.len() == before {
        diagnostics.push(pattern_diagnostic(doc, error, doc.spans.id.clone()));
    }
}

fn build(rule: Rule, filter: FilterKind) -> Result<Database, BuildError> {
    Database::builder().rule(rule).config(Config::new().filter(filter)).build()
}

/// Compiles one pattern alone, first without its exceptions, then with each of them, so that a message points at the
/// expression at fault and one mistake does not hide another.
fn check_pattern(doc: &RuleDoc, index: usize, pattern: &Pattern, diagnostics: &mut Vec<Diagnostic>) {
    let alone = |unless: Vec<String>| {
        let mut pattern = pattern.clone();
        pattern.unless = unless;
        let mut rule = doc.rule.clone();
        rule.matching = Matching::Any;
        rule.patterns = vec![pattern];
        build(rule, FilterKind::AhoCorasick)
    };
    let span = doc.spans.patterns[index].clone();
    if let Err(error) = alone(Vec::new()) {
        let place = match &pattern.expr {
            Expr::Regex(text) => locate(doc, &span, text, &error),
            _ => span,
        };
        diagnostics.push(pattern_diagnostic(doc, &error, place));
        return;
    }
    for (text, span) in pattern.unless.iter().zip(&doc.spans.unless[index]) {
        if let Err(error) = alone(vec![text.clone()]) {
            let place = locate(doc, span, text, &error);
            diagnostics.push(pattern_diagnostic(doc, &error, place));
        }
    }
}

/// Where in the file the bytes of an expression stand that the engine complains about.
fn locate(doc: &RuleDoc, span: &Range<usize>, text: &str, error: &BuildError) -> Range<usize> {
    match error.span() {
        Some(part) => doc.spans.source.locate(span, text, part),
        None => span.clone(),
    }
}

fn pattern_diagnostic(doc: &RuleDoc, error: &BuildError, place: Range<usize>) -> Diagnostic {
    Diagnostic::new(DiagnosticKind::Pattern, error.message())
        .at(&doc.spans.source, place, "in this pattern")
        .in_rule(Some(&doc.rule.id))
        .help(error.help())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Finding,
    Nothing,
}

/// Scans an example with each filter.
fn check_example(
    doc: &RuleDoc,
    example: &Example,
    wanted: Wanted,
    databases: &[(FilterKind, Database)],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut failed = Vec::new();
    let mut place = None;
    for (filter, database) in databases {
        match first_finding(database, example) {
            Ok(found) => {
                if found.is_some() != (wanted == Wanted::Finding) {
                    failed.push(filter.to_string());
                    place = found;
                }
            }
            Err(error) => {
                diagnostics.push(
                    Diagnostic::new(
                        DiagnosticKind::ExampleFails,
                        format!("this example cannot be scanned: {error}"),
                    )
                    .at(&doc.spans.source, example.span.clone(), format!("with the filter `{filter}`"))
                    .in_rule(Some(&doc.rule.id))
                    .help("this is a defect of the engine: report it"),
                );
                return;
            }
        }
    }
    if failed.is_empty() {
        return;
    }
    let (mut message, label, mut help) = match wanted {
        Wanted::Finding => match doc.rule.severity_on(example.channel) {
            Some(_) => (
                "the rule does not fire on this `match` example",
                "no pattern matches here",
                "widen a pattern, or correct the example",
            ),
            None => (
                "the rule does not fire on this `match` example",
                "the rule does not watch this example's channel",
                "give the example a channel that the rule watches, or add the channel to the rule",
            ),
        },
        Wanted::Nothing => (
            "the rule fires on this `no_match` example",
            "a pattern matches this",
            "narrow the pattern, give it an `unless`, or move the example to `match`",
        ),
    };
    let only;
    if failed.len() < databases.len() {
        only = format!("{message}, but only with the filter {}", failed.join(", "));
        message = &only;
        help = "filters must agree, so this is a defect of the engine: report it";
    }
    let span = match place {
        Some(part) => doc.spans.source.locate(&example.span, &example.text, part),
        None => example.span.clone(),
    };
    diagnostics.push(
        Diagnostic::new(DiagnosticKind::ExampleFails, message)
            .at(&doc.spans.source, span, label)
            .in_rule(Some(&doc.rule.id))
            .help(help),
    );
}

/// Where in the example's text the rule fires first, if it does.
fn first_finding(database: &Database, example: &Example) -> Result<Option<Range<usize>>, String> {
    let scanner = Scanner::new(database, Policy::new()).map_err(|e| e.to_string())?;
    let verdict = scanner.scan(example.text.as_bytes(), example.channel).map_err(|e| e.to_string())?;
    let whole = 0..example.text.len();
    let place = |finding: &Finding| match (usize::try_from(finding.start()), usize::try_from(finding.end())) {
        (Ok(start), Ok(end)) => start..end,
        _ => whole.clone(),
    };
    Ok(verdict.findings().first().map(place))
}
