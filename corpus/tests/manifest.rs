//! The manifest names every sample once, and the folders hold what `README.md` promises.
#![allow(clippy::unwrap_used, reason = "what a test cannot read, it fails on")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

const CHANNELS: [&str; 5] = ["any", "tool_args", "tool_result", "tool_description", "message"];
const VERDICTS: [&str; 4] = ["allow", "flag", "quarantine", "block"];

struct Sample {
    path: String,
    channel: String,
    verdict: String,
    rules: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn samples() -> Vec<Sample> {
    let text = std::fs::read_to_string(root().join("manifest.toml")).unwrap();
    let manifest: Table = text.parse().unwrap();
    assert_eq!(manifest.keys().collect::<Vec<_>>(), ["sample"]);
    let field = |sample: &Table, name: &str| sample[name].as_str().unwrap().to_owned();
    let read = |sample: &Value| {
        let sample = sample.as_table().unwrap();
        let keys: BTreeSet<_> = sample.keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(["path", "channel", "verdict", "rules", "note"]));
        assert!(!field(sample, "note").is_empty(), "{} has no note", field(sample, "path"));
        let rules = sample["rules"].as_array().unwrap();
        Sample {
            path: field(sample, "path"),
            channel: field(sample, "channel"),
            verdict: field(sample, "verdict"),
            rules: rules.iter().map(|rule| rule.as_str().unwrap().to_owned()).collect(),
        }
    };
    manifest["sample"].as_array().unwrap().iter().map(read).collect()
}

/// Paths of all files below `folder`, relative to the crate, with `/` between two names.
fn files(folder: &str) -> BTreeSet<String> {
    let mut open = vec![PathBuf::from(folder)];
    let mut found = BTreeSet::new();
    while let Some(relative) = open.pop() {
        for entry in std::fs::read_dir(root().join(&relative)).unwrap() {
            let entry = entry.unwrap();
            let path = relative.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else {
                let names: Vec<_> = path.iter().map(|name| name.to_str().unwrap()).collect();
                found.insert(names.join("/"));
            }
        }
    }
    found
}

#[test]
fn every_file_is_named_and_every_name_is_a_file() {
    let samples = samples();
    let named: BTreeSet<_> = samples.iter().map(|sample| sample.path.clone()).collect();
    let there: BTreeSet<_> = files("attacks").union(&files("benign")).cloned().collect();
    assert_eq!(named.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "named, but not there");
    assert_eq!(there.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "there, but not named");
    let judged: BTreeSet<_> = samples.iter().map(|sample| (&sample.path, &sample.channel)).collect();
    assert_eq!(judged.len(), samples.len(), "a path and channel stand in the manifest twice");
}

#[test]
fn expectations_are_well_formed() {
    for Sample { path, channel, verdict, rules } in samples() {
        assert!(CHANNELS.contains(&channel.as_str()), "{path}: channel {channel:?}");
        assert!(VERDICTS.contains(&verdict.as_str()), "{path}: verdict {verdict:?}");
        let id = |rule: &String| {
            rule.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
        };
        assert!(rules.iter().all(id), "{path}: rules {rules:?}");
        assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), rules.len(), "{path}: a rule twice");
        if path.starts_with("benign/") {
            assert_eq!((channel.as_str(), verdict.as_str()), ("any", "allow"), "{path}");
        } else {
            assert!(!rules.is_empty(), "{path}: an attack without a rule");
        }
    }
}

#[test]
fn each_category_has_four_attacks_or_more() {
    let mut categories = BTreeMap::new();
    for sample in samples() {
        if let Some((category, _)) =
            sample.path.strip_prefix("attacks/").and_then(|rest| rest.split_once('/'))
        {
            *categories.entry(category.to_owned()).or_insert(0) += 1;
        }
    }
    assert_eq!(categories.len(), 14, "{categories:?}");
    assert!(categories.values().all(|&count| count >= 4), "{categories:?}");
}

#[test]
fn ordinary_text_is_large_enough_to_measure_and_small_enough_to_embed() {
    let benign = files("benign");
    let kinds: BTreeSet<_> = benign.iter().map(|path| path.split('/').nth(1).unwrap()).collect();
    assert!(kinds.len() >= 6, "{kinds:?}");
    let bytes: u64 = benign.iter().map(|path| std::fs::metadata(root().join(path)).unwrap().len()).sum();
    assert!((300 << 10..=600 << 10).contains(&bytes), "{bytes} bytes");
}
