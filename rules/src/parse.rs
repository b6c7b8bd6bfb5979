//! From a file's text to rules.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::schema::{self, Draft};
use crate::source::Source;
use crate::yaml;

/// Reads all rules of a text, those with mistakes too.
pub(crate) fn drafts(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let documents = yaml::documents(source, diagnostics);
    documents.iter().filter_map(|node| schema::read(source, node, diagnostics)).collect()
}
