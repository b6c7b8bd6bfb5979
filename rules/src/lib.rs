//! Rule files: schema, parser, lint.
//!
//! ```text
//! file -> yaml (nodes with places) -> schema (RuleDoc: the rule, its examples, where all of it stands)
//!      -> foreign (the same of files that were written for other programs)
//!                                        |-> load: rules, or everything that is wrong with the files
//!                                        |-> lint: the same, and that patterns compile and examples hold
//!                                        |-> examples: which of them hold, of whatever format
//!                                        '-> convert: the rules in our own format
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
mod convert;
mod diagnostic;
mod duplicates;
mod examples;
mod foreign;
mod lint;
mod load;
mod parse;
mod reader;
mod schema;
mod slow;
mod source;
mod steps;
mod yaml;

pub use convert::to_yaml;
pub use diagnostic::{Colour, Diagnostic, DiagnosticKind};
pub use examples::{Trial, Tried, try_examples};
pub use foreign::Format;
pub use lint::{Report, lint, lint_str};
pub use load::{LoadError, Loaded, load, load_path, load_what_can_be, parse_str};
pub use schema::{Example, Examples, RuleDoc, Spans};
pub use slow::has_no_anchor;
pub use source::Source;
