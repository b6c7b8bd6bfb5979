//! Rule files: schema, parser, lint.
//!
//! ```text
//! file -> yaml (nodes with places) -> schema (RuleDoc: the rule, its examples, where all of it stands)
//!                                        |-> load: rules, or everything that is wrong with the files
//!                                        '-> lint: the same, and that patterns compile and examples hold
//! ```
//!
//! `rules/SCHEMA.md` says what a rule file holds. Each mistake is a [`Diagnostic`]: what is wrong, in which rule and on
//! which line, and what to do; a mistake never hides another one.
//!
//! ```
//! let report = hypersieve_rules::lint_str("mine.yaml", "id: MY_RULE_001\nseverty: high\n");
//! let first = &report.diagnostics()[0];
//! assert_eq!(first.place(), Some(("mine.yaml", 1)));
//! assert!(report.diagnostics().iter().any(|d| d.what_to_do() == "did you mean `severity`?"));
//! ```

#![forbid(unsafe_code)]

mod compile;
mod diagnostic;
mod duplicates;
mod lint;
mod load;
mod parse;
mod reader;
mod schema;
mod source;
mod steps;
mod yaml;

pub use diagnostic::{Colour, Diagnostic, DiagnosticKind};
pub use lint::{Report, lint, lint_str};
pub use load::{LoadError, load, load_path, parse_str};
pub use schema::{Example, Examples, RuleDoc, Spans};
pub use source::Source;
