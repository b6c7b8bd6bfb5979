//! How grave a rule is, and what is done about it.

use std::fmt;
use std::str::FromStr;

use crate::channel::UnknownName;

/// How grave a rule's finding is; ordered from low to critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Listed, never a reason for a verdict by itself.
    Low,
    /// Flags.
    Medium,
    /// Quarantines.
    High,
    /// Blocks.
    Critical,
}

impl Severity {
    /// All severities, low first.
    pub const ALL: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The name used in rule files, on the command line and in output.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// What a finding of this severity does when the policy says nothing about its rule.
    pub fn action(self) -> Action {
        match self {
            Severity::Low => Action::Allow,
            Severity::Medium => Action::Flag,
            Severity::High => Action::Quarantine,
            Severity::Critical => Action::Block,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Severity {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Severity, UnknownName> {
        Severity::ALL
            .into_iter()
            .find(|s| s.name() == name)
            .ok_or_else(|| UnknownName::new("severity", name, Severity::ALL.map(Severity::name)))
    }
}

/// What a verdict tells its caller to do; ordered from allow to block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Action {
    /// Let it through.
    Allow,
    /// Let it through and tell somebody.
    Flag,
    /// Hold it back until somebody decides.
    Quarantine,
    /// Refuse it.
    Block,
}

impl Action {
    /// All actions, allow first.
    pub const ALL: [Action; 4] = [Action::Allow, Action::Flag, Action::Quarantine, Action::Block];

    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Flag => "flag",
            Action::Quarantine => "quarantine",
            Action::Block => "block",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Action {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Action, UnknownName> {
        Action::ALL
            .into_iter()
            .find(|a| a.name() == name)
            .ok_or_else(|| UnknownName::new("action", name, Action::ALL.map(Action::name)))
    }
}
