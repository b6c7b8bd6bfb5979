//! Hypersieve's engine: threat rules compiled into one matcher, exact streaming scans, a verdict.

#![warn(missing_docs)]

mod channel;
mod rule;
mod severity;
mod validate;

pub use channel::{Channel, UnknownName};
pub use rule::{Expr, Matching, On, Pattern, Rule, RunClass, Sequence};
pub use severity::{Action, Severity};
pub use validate::{Check, Validator};
