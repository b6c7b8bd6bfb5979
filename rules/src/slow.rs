//! Which patterns cost more than others, and how much.

use hypersieve::{AnchorTier, Database, Lane, PatternPlan};

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::schema::RuleDoc;

/// Whether nothing is known to look for: every byte is tried that a match can begin with.
pub fn has_no_anchor(plan: &PatternPlan) -> bool {
    plan.anchors.iter().any(|anchor| anchor.tier == AnchorTier::Any)
}

/// The slow patterns of a rule, alone in `database`, with their cost.
pub(crate) fn warnings(doc: &RuleDoc, database: &Database) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for plan in database.plans() {
        let in_slow_lane = doc.rule.patterns.get(plan.pattern).is_some_and(|p| p.lane == Lane::Slow);
        if !in_slow_lane {
            continue;
        }
        let often: f64 = plan.anchors.iter().map(|a| a.estimated_per_kib).filter(|n| n.is_finite()).sum();
        let (message, help) = if has_no_anchor(plan) {
            (
                format!(
                    "no literal of three bytes or more is in every match: every byte is tried that a match can begin with, \
                     in up to {} steps each",
                    plan.worst_steps_per_byte
                ),
                "give every branch of the pattern such a literal, the rarer and the longer the better",
            )
        } else if often > MOST_OFTEN {
            (
                format!(
                    "what every match has is ordinary: looked closer at about {often:.1} times per KiB of ordinary text, in up \
                     to {} steps each",
                    plan.worst_steps_per_byte
                ),
                "give every branch of the pattern a rarer or a longer literal",
            )
        } else {
            continue;
        };
        let span = doc.spans.patterns.get(plan.pattern).unwrap_or(&doc.spans.id).clone();
        warnings.push(
            Diagnostic::warning(DiagnosticKind::Slow, message)
                .at(&doc.spans.source, span, "this pattern is slow")
                .in_rule(Some(&doc.rule.id))
                .help(help),
        );
    }
    warnings
}

/// A pattern whose anchors turn up more often in a KiB of ordinary text is worth a warning.
const MOST_OFTEN: f64 = 4.0;
