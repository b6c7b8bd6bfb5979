//! Rules as constants, and back to the values that the engine takes.

use hypersieve::{
    Channel, Check, Expr, Matching, On, Pattern, Rule, RunClass, Sequence, Severity, Validator,
};

include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// A rule.
pub(crate) struct RuleRow {
    id: &'static str,
    category: &'static str,
    set: &'static str,
    name: &'static str,
    description: &'static str,
    severity: Severity,
    channels: &'static [(Channel, Severity)],
    /// The longest hull if all patterns must match.
    within: Option<usize>,
    sensitive: bool,
    remediation: &'static str,
    references: &'static [&'static str],
    aliases: &'static [&'static str],
    patterns: &'static [PatternRow],
}

/// A pattern.
struct PatternRow {
    expr: ExprRow,
    on: On,
    validate: &'static [(Check, &'static [u8])],
    unless: &'static [&'static str],
}

/// What a pattern looks for.
enum ExprRow {
    Regex(&'static str),
    Literal(&'static str),
    Sequence { words: &'static [&'static [&'static str]], gap: usize, stop: &'static [u8] },
    Run { class: RunClass, min: usize, max: usize },
}

impl RuleRow {
    /// The rule as a value.
    pub(crate) fn to_rule(&self) -> Rule {
        let mut rule = Rule::new(self.id, self.category, self.severity);
        rule.set = self.set.to_string();
        rule.name = self.name.to_string();
        rule.description = self.description.to_string();
        rule.channels = self.channels.to_vec();
        rule.matching = self.within.map_or(Matching::Any, |within| Matching::All { within });
        rule.sensitive = self.sensitive;
        rule.remediation = self.remediation.to_string();
        rule.references = owned(self.references);
        rule.aliases = owned(self.aliases);
        rule.patterns = self.patterns.iter().map(PatternRow::to_pattern).collect();
        rule
    }
}

impl PatternRow {
    fn to_pattern(&self) -> Pattern {
        let expr = match &self.expr {
            ExprRow::Regex(text) => Expr::Regex(text.to_string()),
            ExprRow::Literal(text) => Expr::Literal(text.to_string()),
            ExprRow::Sequence { words, gap, stop } => Expr::Sequence(Sequence {
                words: words.iter().map(|set| owned(set)).collect(),
                gap: *gap,
                stop: stop.to_vec(),
            }),
            ExprRow::Run { class, min, max } => Expr::Run { class: *class, min: *min, max: *max },
        };
        let mut pattern = Pattern::new(expr).on(self.on);
        pattern.validate =
            self.validate.iter().map(|(check, after)| Validator::new(*check).after(after)).collect();
        pattern.unless = owned(self.unless);
        pattern
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}
