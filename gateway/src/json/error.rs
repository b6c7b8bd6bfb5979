//! Why a text is no JSON that the gateway takes.

use std::fmt;

/// What is wrong with a document, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    what: String,
    at: usize,
}

impl JsonError {
    pub(crate) fn new(what: impl Into<String>, at: usize) -> JsonError {
        JsonError { what: what.into(), at }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for JsonError {}
