//! What a caller wants done about which rules.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::channel::{Channel, UnknownName};
use crate::database::Program;
use crate::error::PolicyError;
use crate::rule::{On, Rule};
use crate::severity::{Action, Severity};

/// Actions per rule, blocked categories, and the least severity that counts.
///
/// Without anything set, a finding does what its severity says: critical blocks, high quarantines, medium flags, low is
/// only listed.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Policy {
    actions: Vec<(String, RuleAction)>,
    blocked: Vec<String>,
    disabled: Vec<String>,
    least: Option<Severity>,
}

/// What a policy does about the findings of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuleAction {
    /// Block, whatever the severity.
    Block,
    /// Quarantine, whatever the severity.
    Quarantine,
    /// Let through, but flag.
    AllowAndFlag,
    /// List only. A blocked category blocks all the same.
    Ignore,
}

impl RuleAction {
    /// All of them.
    pub const ALL: [RuleAction; 4] =
        [RuleAction::Block, RuleAction::Quarantine, RuleAction::AllowAndFlag, RuleAction::Ignore];

    /// The name used in configurations.
    pub fn name(self) -> &'static str {
        match self {
            RuleAction::Block => "block",
            RuleAction::Quarantine => "quarantine",
            RuleAction::AllowAndFlag => "allow-and-flag",
            RuleAction::Ignore => "ignore",
        }
    }

    fn action(self) -> Action {
        match self {
            RuleAction::Block => Action::Block,
            RuleAction::Quarantine => Action::Quarantine,
            RuleAction::AllowAndFlag => Action::Flag,
            RuleAction::Ignore => Action::Allow,
        }
    }
}

impl fmt::Display for RuleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RuleAction {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<RuleAction, UnknownName> {
        RuleAction::ALL
            .into_iter()
            .find(|a| a.name() == name)
            .ok_or_else(|| UnknownName::new("action", name, RuleAction::ALL.map(RuleAction::name)))
    }
}

/// Category names that configurations use for more than one category, or for a part of one: the name, the categories
/// and the single rules that it means.
const NAMED_GROUPS: [(&str, &[&str], &[&str]); 5] = [
    ("credentials", &["credential-leak"], &["IAP-003", "TC-006"]),
    ("pii", &[], &["IAP-002"]),
    ("system-prompts", &[], &["IAP-004", "PROMPT_INJECTION_015"]),
    (
        "exfiltration",
        &["exfiltration", "supply-chain-exfil"],
        &["IAP-006", "IAP-008", "IAP-014", "TOXIC_001"],
    ),
    ("command-execution", &["command-execution"], &["IAP-011", "TC-005"]),
];

impl Policy {
    /// A policy in which every rule does what its severity says.
    pub fn new() -> Policy {
        Policy::default()
    }

    /// Sets what the findings of a rule do, by its id or an alias; the last call for a rule counts.
    pub fn rule_action(mut self, id: impl Into<String>, action: RuleAction) -> Policy {
        self.actions.push((id.into(), action));
        self
    }

    /// Blocks on every finding of a category: one of the database's, or one of the documented names `credentials`,
    /// `pii`, `system-prompts`, `exfiltration` and `command-execution`, which include related rules of other categories.
    pub fn block_category(mut self, name: impl Into<String>) -> Policy {
        self.blocked.push(name.into());
        self
    }

    /// Leaves a rule out, by its id or an alias.
    pub fn disable(mut self, id: impl Into<String>) -> Policy {
        self.disabled.push(id.into());
        self
    }

    /// Leaves out the findings below a severity, but for those whose rule has an action or whose category is blocked.
    pub fn min_severity(mut self, least: Severity) -> Policy {
        self.least = Some(least);
        self
    }

    /// What the policy means for the rules of a database.
    pub(crate) fn resolve(&self, program: &Program) -> Result<Resolved, PolicyError> {
        let find = |id: &String| {
            program.rule_index(id).ok_or_else(|| PolicyError {
                message: format!(
                    "the policy names the rule `{id}`, which does not exist{}",
                    nearest(id, program)
                ),
            })
        };
        let mut actions = vec![None; program.rules.len()];
        for (id, action) in &self.actions {
            actions[find(id)?] = Some(*action);
        }
        let mut enabled = vec![true; program.rules.len()];
        for id in &self.disabled {
            enabled[find(id)?] = false;
        }
        if !enabled.contains(&true) {
            return Err(PolicyError {
                message: "the policy leaves no rule enabled, so every text would pass: enable at least one"
                    .to_string(),
            });
        }
        let mut blocked = vec![false; program.rules.len()];
        for name in &self.blocked {
            block(name, program, &mut blocked)?;
        }
        let channels = Channel::ALL.map(|channel| {
            let effects: Vec<Option<Effect>> = (0..program.rules.len())
                .map(|i| self.effect(&program.rules[i], channel, enabled[i], blocked[i], actions[i]))
                .collect();
            let active: Vec<bool> =
                program.patterns.iter().map(|p| effects[p.rule as usize].is_some()).collect();
            let where_on = |wanted: &[On]| -> Vec<bool> {
                let all = program.patterns.iter().zip(&active);
                all.map(|(p, active)| *active && wanted.contains(&program.pattern(p).on)).collect()
            };
            let unpacked = where_on(&[On::Text, On::Exact]);
            let mut folded = where_on(&[On::Text]);
            // Of a rule that wants all of its patterns the fold must see the others, too, if one of them reads it.
            for (i, confirm) in program.patterns.iter().enumerate() {
                let rule = &program.rules[confirm.rule as usize];
                folded[i] |= unpacked[i] && rule.is_folded_as_a_whole();
            }
            OnChannel { effects, active, unpacked, folded }
        });
        Ok(Resolved { channels })
    }

    fn effect(
        &self,
        rule: &Rule,
        channel: Channel,
        enabled: bool,
        blocked: bool,
        action: Option<RuleAction>,
    ) -> Option<Effect> {
        let severity = rule.severity_on(channel).filter(|_| enabled)?;
        let wanted = blocked || action.is_some() || self.least.is_none_or(|least| severity >= least);
        let action = match action {
            _ if blocked => Action::Block,
            Some(action) => action.action(),
            None => severity.action(),
        };
        wanted.then_some(Effect { severity, action })
    }
}

fn block(name: &str, program: &Program, blocked: &mut [bool]) -> Result<(), PolicyError> {
    let group = NAMED_GROUPS.iter().find(|g| g.0 == name);
    let categories = group.map_or(&[] as &[&str], |g| g.1);
    let ids = group.map_or(&[] as &[&str], |g| g.2);
    let mut known = group.is_some();
    for (i, rule) in program.rules.iter().enumerate() {
        if rule.category == name
            || categories.contains(&rule.category.as_str())
            || ids.contains(&rule.id.as_str())
        {
            blocked[i] = true;
            known = true;
        }
    }
    if known {
        return Ok(());
    }
    let mut names: BTreeSet<&str> = program.rules.iter().map(|r| r.category.as_str()).collect();
    names.extend(NAMED_GROUPS.iter().map(|g| g.0));
    let names: Vec<&str> = names.into_iter().collect();
    Err(PolicyError {
        message: format!(
            "the policy blocks the category `{name}`, which does not exist: use one of {}",
            names.join(", ")
        ),
    })
}

/// A hint at the ids that begin alike.
fn nearest(id: &str, program: &Program) -> String {
    let alike =
        |rule: &str| rule.bytes().zip(id.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    match program.rules.iter().max_by_key(|r| alike(&r.id)).filter(|r| alike(&r.id) >= 3) {
        Some(rule) => format!(": did you mean `{}`?", rule.id),
        None => ": `hypersieve rules list` shows the built-in ones".to_string(),
    }
}

/// A policy for the rules of one database.
#[derive(Debug)]
pub(crate) struct Resolved {
    channels: [OnChannel; Channel::ALL.len()],
}

/// What the rules do on one channel.
#[derive(Debug)]
pub(crate) struct OnChannel {
    /// For each rule; `None` where it is not looked for.
    pub(crate) effects: Vec<Option<Effect>>,
    /// For each pattern: whether its rule is looked for.
    pub(crate) active: Vec<bool>,
    /// The same for the unpacked view.
    pub(crate) unpacked: Vec<bool>,
    /// And for the folded one.
    pub(crate) folded: Vec<bool>,
}

/// What a finding of a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) severity: Severity,
    pub(crate) action: Action,
}

impl Resolved {
    pub(crate) fn on(&self, channel: Channel) -> &OnChannel {
        let index = Channel::ALL.iter().position(|c| *c == channel).expect("all channels are listed");
        &self.channels[index]
    }
}
