//! Manifests: samples with the verdicts that are expected of them.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hypersieve::{Action, Channel};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::args::{ScanArgs, ScanFormat};
use crate::console::{self, Paint};
use crate::exit::Exit;
use crate::ruleset::Engine;
use crate::scan::input::{Binary, Job};
use crate::scan::report::{Outcome, Report};
use crate::scan::walk::{self, Ignored};
use crate::visible::visible;

/// A manifest's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    sample: Vec<Sample>,
}

/// One `[[sample]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// A file, or a folder whose files are all samples; relative to the manifest.
    path: PathBuf,
    #[serde(default = "any")]
    channel: String,
    verdict: String,
    /// These must fire; others may.
    #[serde(default)]
    rules: Vec<String>,
    /// For people.
    #[serde(default)]
    #[expect(dead_code, reason = "a manifest may say why a sample is there; it changes nothing")]
    note: String,
}

fn any() -> String {
    Channel::Any.name().to_string()
}

/// What is expected of a file.
struct Expected<'m> {
    file: PathBuf,
    channel: Channel,
    action: Action,
    rules: &'m [String],
}

/// What a file's verdict differs in.
#[derive(Debug, Serialize)]
struct Difference {
    path: String,
    channel: &'static str,
    difference: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    samples: usize,
    differences: &'a [Difference],
    failed: usize,
}

/// Checks every sample of the manifest at `path` and prints the differences.
pub(crate) fn run(engine: &Engine, path: &Path, args: &ScanArgs) -> Result<Exit> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let manifest: Manifest = toml::from_str(&text).with_context(|| path.display().to_string())?;
    ensure!(!manifest.sample.is_empty(), "{}: there is no [[sample]] in it", path.display());

    let mut failed = 0;
    let mut fail = |message: String| {
        console::error(&message);
        failed += 1;
    };
    let mut all = Vec::new();
    for sample in &manifest.sample {
        match expected(engine, path.parent().unwrap_or(Path::new("")), sample) {
            Ok(files) => all.extend(files),
            Err(error) => fail(format!("{}: sample {}: {error:#}", path.display(), sample.path.display())),
        }
    }
    let check = |cache: &mut _, expected: &Expected<'_>| {
        let job = Job { engine, channel: expected.channel, chunk: args.chunk, binary: Binary::Scanned };
        match job.scan(cache, &expected.file, |_| ()) {
            Outcome::Scanned(report) => Ok(differences(engine, expected, &report)),
            Outcome::Skipped { path } => Err(format!("{path}: not scanned")),
            Outcome::Failed(problem) => Err(format!("{}: {:#}", problem.path, problem.error)),
        }
    };
    let checked: Vec<_> = all.par_iter().map_init(|| engine.scanner().create_cache(), check).collect();
    let mut different = Vec::new();
    for result in checked {
        match result {
            Ok(found) => different.extend(found),
            Err(message) => fail(message),
        }
    }

    let mut out = BufWriter::new(io::stdout().lock());
    if args.format == Some(ScanFormat::Json) {
        serde_json::to_writer(&mut out, &Answer { samples: all.len(), differences: &different, failed })?;
        writeln!(out)?;
    } else {
        let paint = Paint::stdout(args.color);
        for Difference { path, channel, difference } in &different {
            writeln!(out, "{} ({channel}): {difference}", paint.bold(visible(path)))?;
        }
        let mut paths: Vec<&str> = different.iter().map(|d| d.path.as_str()).collect();
        paths.dedup();
        let fine = all.len() - paths.len() - failed.min(all.len() - paths.len());
        write!(out, "{} samples: {fine} as expected, {} not", all.len(), paths.len())?;
        writeln!(
            out,
            "{}",
            if failed > 0 { format!(", {failed} could not be checked") } else { String::new() }
        )?;
    }
    out.flush()?;
    Ok(match (failed, different.is_empty()) {
        (0, true) => Exit::Fine,
        (0, false) => Exit::Found,
        _ => Exit::Failed,
    })
}

/// What a sample says about each of its files.
fn expected<'m>(engine: &Engine, folder: &Path, sample: &'m Sample) -> Result<Vec<Expected<'m>>> {
    let channel = sample.channel.parse()?;
    let action = sample.verdict.parse()?;
    for id in &sample.rules {
        ensure!(engine.find(id).is_some(), "no rule has the id or alias `{id}`");
    }
    let found = walk::find(&[folder.join(&sample.path)], Ignored::Included);
    if let Some(problem) = found.problems.into_iter().next() {
        return Err(problem.error);
    }
    ensure!(!found.files.is_empty(), "there is no file in this folder");
    Ok(found.files.into_iter().map(|file| Expected { file, channel, action, rules: &sample.rules }).collect())
}

fn differences(engine: &Engine, expected: &Expected<'_>, report: &Report) -> Vec<Difference> {
    let mut found = Vec::new();
    let fired: Vec<&str> = report.counts.iter().map(|(id, _)| id.as_str()).collect();
    if report.action != expected.action {
        let why = if fired.is_empty() { "nothing".to_string() } else { fired.join(", ") };
        found.push(format!("expected {}, got {}: {why} fired", expected.action, report.action));
    }
    for id in expected.rules {
        let rule = engine.find(id);
        if rule.is_none_or(|rule| !fired.contains(&rule.id.as_str())) {
            found.push(format!("rule {id} did not fire"));
        }
    }
    let difference =
        |difference| Difference { path: report.path.clone(), channel: expected.channel.name(), difference };
    found.into_iter().map(difference).collect()
}
