//! The built-in rules: they are what their files say, every file passes the lint, and the facts of the catalogue hold.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hypersieve::{Database, Rule};
use hypersieve_rules::{Colour, lint, parse_str};

/// How many of the catalogue's rules are written; a rule that gets lost, or a file that is not read, is noticed.
const WRITTEN: usize = 175;

/// Id, category and severity of the rules that the set `core` will have.
const CATALOGUE: &str = include_str!("catalogue.tsv");

fn catalogue() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let rows: Vec<Vec<&str>> = CATALOGUE.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let catalogue: BTreeMap<_, _> = rows.iter().map(|row| (row[0], (row[1], row[2]))).collect();
    assert_eq!(catalogue.len(), rows.len(), "an id is there twice in the catalogue");
    catalogue
}

fn core() -> Vec<Rule> {
    hypersieve_builtin::rules().into_iter().filter(|rule| rule.set == "core").collect()
}

#[test]
fn core_agrees_with_the_catalogue() {
    let catalogue = catalogue();
    let mut wrong = Vec::new();
    for rule in core() {
        let found = (rule.category.as_str(), rule.severity.name());
        match catalogue.get(rule.id.as_str()) {
            Some(wanted) if *wanted == found => {}
            Some(wanted) => wrong.push(format!("{}: is {found:?}, the catalogue says {wanted:?}", rule.id)),
            None => wrong.push(format!("{}: not in the catalogue", rule.id)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(core().len(), WRITTEN, "of {} rules in the catalogue", catalogue.len());
}

#[test]
fn every_category_has_rules() {
    let wanted: BTreeSet<&str> = catalogue().values().map(|(category, _)| *category).collect();
    let rules = core();
    let found: BTreeSet<&str> = rules.iter().map(|rule| rule.category.as_str()).collect();
    assert_eq!(found, wanted);
}

#[test]
fn the_table_holds_what_the_files_say() {
    let mut stated = Vec::new();
    for (name, yaml) in hypersieve_builtin::sources() {
        let docs = parse_str(name, yaml).unwrap_or_else(|error| panic!("{error}"));
        stated.extend(docs.into_iter().map(|doc| {
            let mut rule = doc.rule;
            rule.set = if name.starts_with("extended/") { "extended" } else { "core" }.to_string();
            rule
        }));
    }
    assert_eq!(hypersieve_builtin::rules(), stated);
}

#[test]
fn all_rules_together_compile() {
    let rules = hypersieve_builtin::rules();
    let count = rules.len();
    let database = Database::builder().rules(rules).build().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(database.rules().len(), count);
}

#[test]
fn every_file_passes_the_lint() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files: Vec<PathBuf> =
        hypersieve_builtin::sources().iter().map(|(name, _)| folder.join(name)).collect();
    let report = lint(&files);
    assert!(report.is_clean(), "{}", report.render(Colour::Never));
    assert_eq!(report.rules().len(), hypersieve_builtin::rules().len());
}
