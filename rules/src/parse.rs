//! From a file's text to rules.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::schema::{self, Draft};
use crate::source::Source;
use crate::{foreign, yaml};

/// Reads all rules of a text, those with mistakes too.
pub(crate) fn drafts(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    if foreign::is_toml(source.name(), source.text()) {
        return foreign::toml_drafts(source, diagnostics);
    }
    let documents = yaml::documents(source, diagnostics);
    let read = |node| {
        let foreign = foreign::yaml_draft(source, node, diagnostics);
        foreign.unwrap_or_else(|| schema::read(source, node, diagnostics))
    };
    documents.iter().filter_map(read).collect()
}
