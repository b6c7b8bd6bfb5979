//! The built-in rules: the project's rule files, read and checked when this crate is built.
//!
//! ```
//! let database = hypersieve::Database::builder().rules(hypersieve_builtin::rules()).build()?;
//! # Ok::<(), hypersieve::BuildError>(())
//! ```

#![forbid(unsafe_code)]

mod table;

use hypersieve::Rule;

/// All built-in rules, in the order of their files: the set `core`, then the set `extended`.
pub fn rules() -> Vec<Rule> {
    table::RULES.iter().map(table::RuleRow::to_rule).collect()
}

/// The rule files themselves, each as its path within the folder of the rules and its text.
pub fn sources() -> &'static [(&'static str, &'static str)] {
    table::SOURCES
}
