//! The filter that Hyperscan (or Vectorscan in its place) does the searching for.
//!
//! - [`expression`] writes the anchors that are strings as expressions of the library.
//! - [`library`] is the only place that touches the library's binding, and takes from it what can be used safely.
//! - [`search`] looks for the expressions and compares what turns up in the exact table that all filters share.
//!
//! Runs are found as the other portable filter finds them: what belongs to one depends on its neighbours, which the
//! library would report byte by byte.

mod expression;
mod library;
mod search;

pub(crate) use library::Scratch;
pub(crate) use search::HyperscanFilter;
