//! What was found: a rule, where, and what stood there.

use std::fmt;
use std::sync::Arc;

use crate::channel::Channel;
use crate::rule::Rule;
use crate::severity::Severity;
use crate::view::View;

/// Bytes of the matched text that a finding shows.
pub(crate) const MATCHED: usize = 256;

/// A match of a rule.
///
/// Its identity is rule, view and span; the rest is decoration.
#[derive(Clone)]
pub struct Finding {
    pub(crate) rule: Arc<Rule>,
    /// The rule's index in the database, which orders findings at the same place.
    pub(crate) index: u32,
    pub(crate) severity: Severity,
    pub(crate) channel: Channel,
    pub(crate) view: View,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) matched: String,
    pub(crate) pointer: Option<String>,
}

impl Finding {
    /// The rule that matched.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Its severity on the channel that was scanned.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Its category.
    pub fn category(&self) -> &str {
        &self.rule.category
    }

    /// The channel that was scanned.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The view it was found in.
    pub fn view(&self) -> View {
        self.view
    }

    /// Offset of its first byte in the original.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Offset behind its last byte in the original.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// What stood there as the view read it, at most 256 bytes of it, bytes that are no UTF-8 replaced; masked
    /// where it is or touches what a sensitive rule found.
    pub fn matched(&self) -> &str {
        &self.matched
    }

    /// Where the whole input was one JSON document: the JSON pointer (RFC 6901) of the string it lies in.
    pub fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    pub(crate) fn key(&self) -> (u64, u64, u32, View) {
        (self.start, self.end, self.index, self.view)
    }
}

impl PartialEq for Finding {
    /// The same rule, view and span.
    fn eq(&self, other: &Finding) -> bool {
        self.rule.id == other.rule.id
            && self.view == other.view
            && self.start == other.start
            && self.end == other.end
    }
}

impl Eq for Finding {}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}..{} ({}) {:?}", self.rule.id, self.start, self.end, self.view, self.matched)
    }
}

/// The findings of one scan: the first 100 of each rule by their place, and how many there were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// Sorted by key.
    listed: Vec<Finding>,
    counts: Vec<(u32, u64)>,
}

/// Findings listed for each rule.
pub(crate) const LISTED: u64 = 100;

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        let rule = finding.index;
        let count = match self.counts.iter_mut().find(|c| c.0 == rule) {
            Some(count) => count,
            None => {
                self.counts.push((rule, 0));
                self.counts.last_mut().expect("one was just added")
            }
        };
        count.1 += 1;
        if count.1 > LISTED {
            // The list holds those that come first in the text, in whatever order they were found.
            let last = self.listed.iter().rposition(|f| f.index == rule).expect("a hundred are listed");
            if self.listed[last].key() < finding.key() {
                return;
            }
            self.listed.remove(last);
        }
        let place = self.listed.partition_point(|f| f.key() < finding.key());
        self.listed.insert(place, finding);
    }

    pub(crate) fn listed(&self) -> &[Finding] {
        &self.listed
    }

    pub(crate) fn listed_mut(&mut self) -> &mut [Finding] {
        &mut self.listed
    }

    pub(crate) fn into_parts(mut self) -> (Vec<Finding>, Vec<(u32, u64)>) {
        self.counts.sort_unstable();
        (self.listed, self.counts)
    }
}
