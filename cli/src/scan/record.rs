//! A finding as JSON.

use hypersieve::Finding;
use serde::Serialize;

/// The fields of a finding, the same in every JSON that we write.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'f> {
    rule: &'f str,
    severity: &'static str,
    category: &'f str,
    channel: &'static str,
    view: String,
    start: u64,
    end: u64,
    r#match: &'f str,
}

impl<'f> Record<'f> {
    /// A finding whose match may be shown as `matched`.
    pub(crate) fn new(finding: &'f Finding, matched: &'f str) -> Record<'f> {
        Record {
            rule: &finding.rule().id,
            severity: finding.severity().name(),
            category: finding.category(),
            channel: finding.channel().name(),
            view: finding.view().to_string(),
            start: finding.start(),
            end: finding.end(),
            r#match: matched,
        }
    }
}
