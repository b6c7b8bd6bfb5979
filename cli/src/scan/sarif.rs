//! Reports as SARIF 2.1.0 (OASIS Standard, 2020), as code scanning services read it.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use hypersieve::{Rule, Severity};
use serde_json::{Value, json};

use crate::scan::files::{Printer, Totals};
use crate::scan::report::{Outcome, Report, Shown};
use crate::visible::visible;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Collects results and prints one run.
pub(crate) struct Sarif<W> {
    out: W,
    rules: Vec<Arc<Rule>>,
    /// Paths below it are given relative to it.
    folder: Option<PathBuf>,
    results: Vec<Value>,
    notifications: Vec<Value>,
}

impl<W: Write> Sarif<W> {
    pub(crate) fn new(out: W, rules: Vec<Arc<Rule>>, folder: Option<PathBuf>) -> Sarif<W> {
        Sarif { out, rules, folder, results: Vec::new(), notifications: Vec::new() }
    }
}

impl<W: Write> Printer for Sarif<W> {
    fn file(&mut self, outcome: &Outcome) -> Result<()> {
        match outcome {
            Outcome::Scanned(report) => self.report(report)?,
            Outcome::Skipped { path } => self.notify("note", path, "binary, not scanned"),
            Outcome::Failed(problem) => self.notify("error", &problem.path, &format!("{:#}", problem.error)),
        }
        Ok(())
    }

    fn finish(&mut self, totals: &Totals) -> Result<()> {
        let rules: Vec<Value> = self.rules.iter().map(|rule| descriptor(rule)).collect();
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "hypersieve",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "columnKind": "unicodeCodePoints",
                "invocations": [{
                    "executionSuccessful": totals.failed == 0,
                    "toolExecutionNotifications": std::mem::take(&mut self.notifications),
                }],
                "results": std::mem::take(&mut self.results),
            }],
        });
        serde_json::to_writer_pretty(&mut self.out, &log)?;
        self.out.write_all(b"\n")?;
        self.out.flush()?;
        Ok(())
    }
}

impl<W: Write> Sarif<W> {
    fn report(&mut self, report: &Report) -> Result<()> {
        let uri = self.uri(&report.path);
        let mut occurrences: HashMap<(&str, &str), u64> = HashMap::new();
        for shown in &report.findings {
            let occurrence = occurrences.entry((&shown.rule.id, &shown.matched)).or_default();
            *occurrence += 1;
            let index = self.rules.iter().position(|rule| rule.id == shown.rule.id);
            let index = index.context("a finding's rule is not among those in use")?;
            self.results.push(result(shown, index, &uri, *occurrence));
        }
        for (id, more) in report.unlisted() {
            self.notify("warning", &report.path, &format!("{more} more findings of {id}, not listed"));
        }
        for limit in &report.limits {
            self.notify("error", &report.path, &format!("blocked, since a limit was reached: {limit}"));
        }
        Ok(())
    }

    fn notify(&mut self, level: &str, path: &str, message: &str) {
        self.notifications.push(json!({
            "level": level,
            "message": {"text": visible(message)},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": self.uri(path)}}}],
        }));
    }

    /// A path as a URI: relative to the folder where it lies below it.
    fn uri(&self, path: &str) -> String {
        let path = Path::new(path);
        let below = self.folder.as_deref().and_then(|folder| path.strip_prefix(folder).ok());
        let relative = below.unwrap_or(path);
        let encoded = percent_encoded(&relative.to_string_lossy());
        if relative.is_absolute() { format!("file://{encoded}") } else { encoded }
    }
}

fn descriptor(rule: &Rule) -> Value {
    let mut descriptor = json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": nonempty(&rule.name, &rule.id)},
        "fullDescription": {"text": nonempty(&rule.description, &rule.id)},
        "help": {"text": help(rule)},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {
            "security-severity": security_severity(rule.severity),
            "tags": ["security", rule.category],
        },
    });
    if let Some(reference) = rule.references.first() {
        descriptor["helpUri"] = json!(reference);
    }
    descriptor
}

fn result(shown: &Shown, index: usize, uri: &str, occurrence: u64) -> Value {
    let finding = &shown.finding;
    let mut region = json!({
        "startLine": shown.first.line,
        "startColumn": shown.first.column,
        "endLine": shown.behind.line,
        "endColumn": shown.behind.column,
        "byteOffset": finding.start(),
        "byteLength": finding.end() - finding.start(),
    });
    if finding.view().to_string() != "raw" {
        region["message"] = json!({"text": format!("seen in view: {}", finding.view())});
    }
    json!({
        "ruleId": shown.rule.id,
        "ruleIndex": index,
        "level": level(finding.severity()),
        "message": {"text": format!("{}: {}", shown.rule.name, visible(&shown.matched))},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
        "partialFingerprints": {"hypersieve/v1": fingerprint(&shown.rule.id, uri, &shown.matched, occurrence)},
    })
}

fn help(rule: &Rule) -> String {
    let mut help = nonempty(&rule.remediation, &rule.name).to_string();
    for reference in &rule.references {
        help += &format!("\n{reference}");
    }
    help
}

fn nonempty<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.is_empty() { otherwise } else { text }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "note",
        Severity::Medium => "warning",
        _ => "error",
    }
}

/// A number in the range that code scanning gives to the severity's name.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "2.0",
        Severity::Medium => "5.5",
        Severity::High => "8.0",
        _ => "9.5",
    }
}

/// The same for the same finding wherever in its file it moves: FNV-1a in 128 bits over what it shows.
fn fingerprint(rule: &str, path: &str, matched: &str, occurrence: u64) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let number = occurrence.to_string();
    let fields = [rule, path, matched, &number].map(|field| field.bytes().chain([0xff]));
    let hash =
        fields.into_iter().flatten().fold(OFFSET, |h, byte| (h ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}

/// A path as the path of a URI (RFC 3986).
fn percent_encoded(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.replace(std::path::MAIN_SEPARATOR, "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(byte.into())
            }
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        let sarif = Sarif::new(Vec::new(), Vec::new(), Some(PathBuf::from("/home/me")));
        for (path, uri) in [
            ("/home/me/a b/c#.txt", "a%20b/c%23.txt"),
            ("a/ü.txt", "a/%C3%BC.txt"),
            ("/etc/x", "file:///etc/x"),
            ("<stdin>", "%3Cstdin%3E"),
        ] {
            assert_eq!(sarif.uri(path), uri);
        }
    }

    #[test]
    fn fingerprints_depend_on_each_part() {
        let prints = [
            fingerprint("A", "p", "m", 1),
            fingerprint("B", "p", "m", 1),
            fingerprint("A", "q", "m", 1),
            fingerprint("A", "p", "n", 1),
            fingerprint("A", "p", "m", 2),
            fingerprint("Ap", "", "m", 1),
        ];
        let different: std::collections::HashSet<&String> = prints.iter().collect();
        assert_eq!(different.len(), prints.len());
        assert_eq!(prints[0], fingerprint("A", "p", "m", 1));
    }
}
