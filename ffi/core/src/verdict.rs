//! Verdicts and findings as plain structs.

use hypersieve::{Limit, View};

use crate::database::Shared;
use crate::names::{Action, Severity, TextChannel};
use crate::rule::Rule;
use crate::text::Text;

/// A match of a rule.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Finding {
    /// The rule that matched.
    pub rule: *const Rule,
    /// Offset of its first byte in the scanned text.
    pub start: u64,
    /// Offset behind its last byte in the scanned text.
    pub end: u64,
    /// The rule's severity on the channel that was scanned.
    pub severity: Severity,
    /// The channel that was scanned.
    pub channel: TextChannel,
    /// The name of the view it was found in: `raw` for the text as it is, another one behind some disguise.
    pub view: Text,
    /// What stood there as the view read it, at most 256 bytes of it; masked where it is, or touches, a secret.
    pub matched: Text,
    /// Where the whole text was one JSON document: the JSON pointer (RFC 6901) of the string it lies in; else none.
    pub pointer: Text,
}

/// How often a rule was found.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Count {
    /// The rule.
    pub rule: *const Rule,
    /// The exact number of its findings, also of those that are not listed.
    pub findings: u64,
}

/// What a scan that was carried out to its end concludes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Verdict {
    /// What to do with the text.
    pub action: Action,
    /// Sorted by start, end, rule and view; of each rule the first 100.
    pub findings: *const Finding,
    /// How many findings are listed.
    pub findings_len: usize,
    /// Each rule that was found.
    pub counts: *const Count,
    /// How many rules were found.
    pub counts_len: usize,
    /// The names of the limits that were hit; each of them blocks.
    pub limits: *const Text,
    /// How many limits were hit.
    pub limits_len: usize,
}

// SAFETY: it points to what is not changed while anybody may read it.
unsafe impl Send for Finding {}
// SAFETY: as above.
unsafe impl Send for Count {}
// SAFETY: as above.
unsafe impl Send for Verdict {}

/// A verdict of the engine with the structs that point into it.
#[derive(Default)]
pub(crate) struct Shown {
    verdict: Option<hypersieve::Verdict>,
    findings: Vec<Finding>,
    counts: Vec<Count>,
    limits: Vec<Text>,
}

impl Shown {
    /// Takes a verdict in place of the one before, and gives it as a struct that is good until the next call.
    pub(crate) fn show(&mut self, verdict: hypersieve::Verdict, shared: &Shared) -> Verdict {
        self.clear();
        let verdict = self.verdict.insert(verdict);
        self.findings.extend(verdict.findings().iter().map(|f| finding(f, shared)));
        let count = |(rule, findings)| Count { rule: shared.told(rule), findings };
        self.counts.extend(verdict.counts().map(count));
        self.limits.extend(verdict.limits().iter().map(|limit: &Limit| Text::of(limit.name())));
        Verdict {
            action: action(verdict.action()),
            findings: self.findings.as_ptr(),
            findings_len: self.findings.len(),
            counts: self.counts.as_ptr(),
            counts_len: self.counts.len(),
            limits: self.limits.as_ptr(),
            limits_len: self.limits.len(),
        }
    }

    /// Forgets the verdict; the memory is used again.
    pub(crate) fn clear(&mut self) {
        self.findings.clear();
        self.counts.clear();
        self.limits.clear();
        self.verdict = None;
    }
}

/// A finding as a struct that points into it.
pub(crate) fn finding(finding: &hypersieve::Finding, shared: &Shared) -> Finding {
    let view: View = finding.view();
    Finding {
        rule: shared.told(finding.rule()),
        start: finding.start(),
        end: finding.end(),
        severity: severity(finding.severity()),
        channel: channel(finding.channel()),
        view: Text::of(view.name()),
        matched: Text::of(finding.matched()),
        pointer: finding.pointer().map_or(Text::NONE, Text::of),
    }
}

/// What the engine does not tell yet counts as the gravest.
pub(crate) fn action(action: hypersieve::Action) -> Action {
    match action {
        hypersieve::Action::Allow => Action::Allow,
        hypersieve::Action::Flag => Action::Flag,
        hypersieve::Action::Quarantine => Action::Quarantine,
        _ => Action::Block,
    }
}

pub(crate) fn severity(severity: hypersieve::Severity) -> Severity {
    match severity {
        hypersieve::Severity::Low => Severity::Low,
        hypersieve::Severity::Medium => Severity::Medium,
        hypersieve::Severity::High => Severity::High,
        _ => Severity::Critical,
    }
}

pub(crate) fn channel(channel: hypersieve::Channel) -> TextChannel {
    match channel {
        hypersieve::Channel::ToolArgs => TextChannel::ToolArgs,
        hypersieve::Channel::ToolResult => TextChannel::ToolResult,
        hypersieve::Channel::ToolDescription => TextChannel::ToolDescription,
        hypersieve::Channel::Message => TextChannel::Message,
        _ => TextChannel::Any,
    }
}
