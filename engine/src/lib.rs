//! Hypersieve's engine: threat rules compiled into one matcher, exact streaming scans, a verdict.
//!
//! ```text
//! Rule -> DatabaseBuilder -> Database              immutable, shared, cheap to clone
//! Database + Policy -> Scanner -> Stream           push / boundary / cleared / finish; scan = push + finish
//! bytes + Channel -> views -> filter -> confirm -> findings -> Verdict
//! ```
//!
//! What holds, whatever is scanned: the findings do not depend on how the text is cut, nor on the filter or the SIMD
//! level; a scan that fails has no verdict; the time is linear in the text; nothing in the text switches anything off.
//! `DESIGN.md` explains how, from zero.

#![warn(missing_docs)]

pub mod adapter;
mod anchor;
mod byteset;
mod cache;
mod channel;
mod confirm;
mod database;
mod error;
mod filter;
mod finding;
mod json_pointer;
pub mod mask;
#[cfg(feature = "oracle")]
#[doc(hidden)]
pub mod oracle;
mod owners;
mod pattern;
mod plan;
mod policy;
mod reading;
mod rule;
mod scanner;
mod serial;
mod severity;
mod stream;
mod validate;
mod verdict;
mod view;

pub use cache::{Cache, PatternStats, Stats};
pub use channel::{Channel, UnknownName};
pub use database::{Database, DatabaseBuilder};
pub use error::{BuildError, BuildErrorKind, LoadError, PolicyError, ScanError};
pub use filter::{Config, FilterKind, SimdLevel};
pub use finding::Finding;
pub use plan::{AnchorPlan, AnchorTier, PatternPlan, Strategy};
pub use policy::{Policy, RuleAction};
pub use rule::{Expr, Judged, Lane, Matching, On, Pattern, Rule, RunClass, Sequence};
pub use scanner::Scanner;
pub use severity::{Action, Severity};
pub use stream::Stream;
pub use validate::{Check, Validator};
pub use verdict::{Limit, Verdict};
pub use view::View;
