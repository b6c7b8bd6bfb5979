//! What a scan says about a text: the verdict, and its findings as they may be shown.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use hypersieve::mask::{SensitiveSpans, redact, sensitive_spans};
use hypersieve::{Action, Channel, Finding, Rule, Verdict};

use crate::ruleset::Engine;
use crate::scan::excerpt::Excerpt;
use crate::scan::place::{Place, Places};
use crate::scan::source::Source;
use crate::scan::walk::{Problem, STDIN};
use crate::scan::window::Window;

/// What became of a file.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was scanned.
    Scanned(Report),
    /// It is binary, and such files were to be left out.
    Skipped {
        /// Its name.
        path: String,
    },
    /// It could not be scanned: it is not clean.
    Failed(Problem),
}

/// The verdict on a text.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// How long the scan took.
    pub(crate) ns: u64,
    pub(crate) action: Action,
    pub(crate) findings: Vec<Shown>,
    /// Of each rule that fired, how often.
    pub(crate) counts: Vec<(String, u64)>,
    pub(crate) limits: Vec<String>,
}

/// A finding as it may be shown.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) finding: Finding,
    pub(crate) rule: Arc<Rule>,
    /// The matched text, nothing sensitive in it.
    pub(crate) matched: String,
    /// The JSON pointer of the string it lies in, nothing sensitive in it.
    pub(crate) pointer: Option<String>,
    pub(crate) first: Place,
    /// Of the first character behind it.
    pub(crate) behind: Place,
    pub(crate) excerpt: Excerpt,
}

impl Report {
    /// The report of a verdict on `source`, which is read again where there are findings. `secret` are findings among
    /// which are those whose text must not be shown.
    pub(crate) fn new(
        path: &Path,
        source: &Source,
        verdict: &Verdict,
        secret: &[Finding],
        engine: &Engine,
        ns: u64,
    ) -> Result<Report> {
        let findings =
            if verdict.findings().is_empty() { Vec::new() } else { shown(source, verdict, secret, engine)? };
        Ok(Report {
            path: name(path),
            bytes: source.len(),
            ns,
            action: verdict.action(),
            findings,
            counts: verdict.counts().map(|(rule, count)| (rule.id.clone(), count)).collect(),
            limits: verdict.limits().iter().map(ToString::to_string).collect(),
        })
    }

    /// How often a rule fired beyond what is listed, for each rule with more findings than are listed.
    pub(crate) fn unlisted(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().filter_map(|(id, count)| {
            let listed = self.findings.iter().filter(|f| f.rule.id == *id).count() as u64;
            (*count > listed).then(|| (id.as_str(), count - listed))
        })
    }
}

/// A path as people write it; standard input has a name, too.
pub(crate) fn name(path: &Path) -> String {
    if path.as_os_str() == STDIN { "<stdin>".to_string() } else { path.display().to_string() }
}

fn shown(source: &Source, verdict: &Verdict, secret: &[Finding], engine: &Engine) -> Result<Vec<Shown>> {
    let findings = verdict.findings();
    let mut places = Places::new(findings.iter().flat_map(|f| [f.start(), f.end()]));
    let mut hidden = SensitiveSpans::new(secret);
    source.blocks(None, |block| {
        places.push(block);
        hidden.push(block);
        Ok(())
    })?;
    let hidden = hidden.finish();
    let shown = findings.iter().map(|finding| {
        // One byte more than is shown, see `Window::new`.
        let base = finding.start().saturating_sub(Excerpt::REACH_BEFORE + 1);
        let reach = Excerpt::REACH_BEHIND.max(finding.end().saturating_sub(finding.start()).min(260) + 4);
        let part = source.part(base..finding.start() + reach)?;
        let window = Window::new(base, &part, &hidden);
        Ok(Shown {
            rule: engine.rule(&finding.rule().id)?,
            pointer: finding.pointer().map(|pointer| shown_pointer(pointer, &hidden, engine)).transpose()?,
            matched: window.shown_match(finding),
            first: places.of(finding.start()),
            behind: places.of(finding.end()),
            excerpt: Excerpt::new(&window, finding.start(), finding.end()),
            finding: finding.clone(),
        })
    });
    let shown = shown.collect::<Result<Vec<Shown>>>()?;
    source.check_unchanged()?;
    Ok(shown)
}

/// A pointer is made of keys, and a key can be a secret, too: one that the text's own spans say nothing about, since
/// the pointer spells it in its own way.
fn shown_pointer(pointer: &str, hidden: &[Range<u64>], engine: &Engine) -> Result<String> {
    if hidden.is_empty() {
        return Ok(pointer.to_string());
    }
    let scanner = engine.unfiltered().unwrap_or(engine.scanner());
    let shown = |key: &str| {
        let verdict = scanner.scan(key.as_bytes(), Channel::Any)?;
        let hidden = sensitive_spans(key.as_bytes(), verdict.findings());
        Ok(redact(key.as_bytes(), 0..key.len(), &hidden))
    };
    let keys: Vec<String> = pointer.split('/').map(shown).collect::<Result<_>>()?;
    Ok(keys.join("/"))
}
