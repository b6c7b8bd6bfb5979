//! Ids and aliases that more than one rule claims.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::schema::{Draft, RuleDoc};
use crate::source::Source;

/// Reports each id and alias that is there a second time, over all files.
pub(crate) fn find(drafts: &[Draft], diagnostics: &mut Vec<Diagnostic>) {
    let mut names = Names::default();
    drafts.iter().for_each(|draft| names.add(&draft.doc, diagnostics));
}

/// The names of the rules so far.
#[derive(Default)]
pub(crate) struct Names {
    seen: HashMap<String, (Arc<Source>, Range<usize>)>,
}

impl Names {
    /// Adds those of a rule, and reports those that are there already.
    pub(crate) fn add(&mut self, doc: &RuleDoc, diagnostics: &mut Vec<Diagnostic>) {
        let source = &doc.spans.source;
        let names = std::iter::once((&doc.rule.id, &doc.spans.id))
            .chain(doc.rule.aliases.iter().zip(&doc.spans.aliases));
        for (name, span) in names.filter(|(name, _)| !name.is_empty()) {
            let Some((first, place)) = self.seen.get(name.as_str()) else {
                self.seen.insert(name.clone(), (Arc::clone(source), span.clone()));
                continue;
            };
            let help = if Arc::ptr_eq(first, source) {
                "give one of the two another name".to_string()
            } else {
                format!(
                    "{}, line {} has it already: give one of the two another name",
                    first.name(),
                    first.line(place.start)
                )
            };
            diagnostics.push(
                Diagnostic::new(DiagnosticKind::Duplicate, format!("`{name}` names two rules"))
                    .at(source, span.clone(), "again")
                    .related(first, place.clone(), "first here")
                    .in_rule(Some(&doc.rule.id))
                    .help(help),
            );
        }
    }
}
