//! Rule files: schema, parser, lint.

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
