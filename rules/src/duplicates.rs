//! Ids and aliases that more than one rule claims.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::schema::Draft;
use crate::source::Source;

/// Reports each id and alias that is there a second time, over all files.
pub(crate) fn find(drafts: &[Draft], diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, (&Arc<Source>, Range<usize>)> = HashMap::new();
    for draft in drafts {
        let doc = &draft.doc;
        let source = &doc.spans.source;
        let names = std::iter::once((&doc.rule.id, &doc.spans.id))
            .chain(doc.rule.aliases.iter().zip(&doc.spans.aliases));
        for (name, span) in names.filter(|(name, _)| !name.is_empty()) {
            let Some((first, place)) = seen.get(name.as_str()) else {
                seen.insert(name, (source, span.clone()));
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
