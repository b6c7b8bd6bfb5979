//! Whether rules, of whatever format, do what the examples that they carry say.

use std::path::Path;

use hypersieve::{Channel, Database, Policy, Scanner};

use crate::diagnostic::{Colour, Diagnostic, DiagnosticKind};
use crate::load::{self, Loaded};
use crate::schema::{Example, RuleDoc};
use crate::slow;

/// What came of the examples of some rules.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trial {
    /// Each rule that could be used, in order.
    pub rules: Vec<Tried>,
    /// What is wrong with the others; their examples were not run.
    pub left_out: Vec<Diagnostic>,
}

/// What came of the examples of one rule.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tried {
    /// The rule.
    pub doc: RuleDoc,
    /// How many examples do as they should.
    pub held: usize,
    /// Those that do not, each with what it does instead.
    pub failed: Vec<Diagnostic>,
    /// What the rule means here that it does not mean elsewhere, and which of its patterns are slow.
    pub warnings: Vec<Diagnostic>,
}

impl Trial {
    /// How many examples did as they should, and how many did not.
    pub fn counts(&self) -> (usize, usize) {
        self.rules.iter().fold((0, 0), |(held, failed), rule| (held + rule.held, failed + rule.failed.len()))
    }

    /// All messages with the lines they are about: what is wrong, examples that fail, warnings.
    pub fn render(&self, colour: Colour) -> String {
        let of_rules = self.rules.iter().flat_map(|rule| rule.failed.iter().chain(&rule.warnings));
        let mut all: Vec<Diagnostic> = self.left_out.iter().chain(of_rules).cloned().collect();
        Diagnostic::sort(&mut all);
        Diagnostic::render_all(&all, colour)
    }
}

/// Runs the examples of all rules of files and folders.
pub fn try_examples<P: AsRef<Path>>(paths: &[P]) -> Trial {
    let Loaded { rules, mut left_out } = load::load_what_can_be(paths);
    let mut tried = Vec::new();
    for doc in rules {
        match Database::builder().rule(doc.rule.clone()).build() {
            Ok(database) => tried.push(try_rule(doc, &database)),
            Err(error) => left_out.push(
                Diagnostic::new(DiagnosticKind::Pattern, error.message())
                    .at(&doc.spans.source, doc.spans.id.clone(), "in this rule")
                    .in_rule(Some(&doc.rule.id))
                    .help(error.help()),
            ),
        }
    }
    Trial { rules: tried, left_out }
}

fn try_rule(doc: RuleDoc, database: &Database) -> Tried {
    let mut warnings = doc.warnings.clone();
    warnings.extend(slow::warnings(&doc, database));
    let mut tried = Tried { held: 0, failed: Vec::new(), warnings, doc };
    let scanner =
        Scanner::new(database, Policy::new()).expect("a policy that names no rule fits every database");
    let Tried { doc, held, failed, .. } = &mut tried;
    let examples = &doc.examples;
    let all = examples.r#match.iter().map(|e| (e, true)).chain(examples.no_match.iter().map(|e| (e, false)));
    for (example, wanted) in all {
        match fires(&scanner, example) {
            Ok(found) if found == wanted => *held += 1,
            outcome => failed.push(failure(doc, example, outcome)),
        }
    }
    tried
}

/// Whether the rule finds anything in an example.
fn fires(scanner: &Scanner, Example { text, channel, .. }: &Example) -> Result<bool, String> {
    let channel: Channel = *channel;
    let verdict = scanner.scan(text.as_bytes(), channel).map_err(|e| e.to_string())?;
    Ok(!verdict.findings().is_empty())
}

fn failure(doc: &RuleDoc, example: &Example, outcome: Result<bool, String>) -> Diagnostic {
    let (message, label) = match outcome {
        Ok(true) => {
            ("the rule fires on an example of what is harmless".to_string(), "a pattern matches this")
        }
        Ok(false) => {
            ("the rule does not fire on an example of what it is for".to_string(), "no pattern matches here")
        }
        Err(error) => (format!("this example cannot be scanned: {error}"), "this text"),
    };
    Diagnostic::new(DiagnosticKind::ExampleFails, message)
        .at(&doc.spans.source, example.span.clone(), label)
        .in_rule(Some(&doc.rule.id))
        .help("correct the pattern or the example; the warnings of the rule say what it means here")
}
