//! What a scan concludes.

use std::fmt;
use std::sync::Arc;

use crate::finding::Finding;
use crate::rule::Rule;
use crate::severity::Action;

/// The conclusion of a scan that was carried out to its end.
///
/// There is no default and no empty verdict: a text that was not scanned has none.
#[derive(Clone, Debug)]
#[must_use = "a verdict that nobody looks at protects nobody"]
pub struct Verdict {
    pub(crate) action: Action,
    pub(crate) findings: Vec<Finding>,
    pub(crate) counts: Vec<(Arc<Rule>, u64)>,
    pub(crate) limits: Vec<Limit>,
}

/// A limit that was hit while scanning; it blocks.
///
/// A limit counts what depends on the text alone, never on how it is cut or how fast it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Limit {
    /// More than 64 KiB of the text stand for less of a view than a match can be long.
    Extent,
    /// Compressed text unpacks to more than 4 MiB beyond the length of the text before it.
    Decoded,
    /// Runs lie deeper in runs than three times.
    Depth,
}

impl Limit {
    /// All limits of this version.
    pub const ALL: [Limit; 3] = [Limit::Extent, Limit::Decoded, Limit::Depth];

    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Extent => "extent",
            Limit::Decoded => "decoded",
            Limit::Depth => "depth",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Verdict {
    /// What to do with the text.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The findings, sorted by start, end, rule and view: of each rule the first 100.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Each rule that was found, in the order of the database, with the exact number of its findings.
    pub fn counts(&self) -> impl Iterator<Item = (&Rule, u64)> {
        self.counts.iter().map(|(rule, count)| (&**rule, *count))
    }

    /// The limits that were hit.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }
}
