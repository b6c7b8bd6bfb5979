//! The built-in rules: they are what their files say, every file passes the lint, and the facts of the catalogue hold.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hypersieve::{Channel, Config, Database, FilterKind, Policy, Rule, Scanner, SimdLevel};
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
fn the_database_holds_what_the_files_say() {
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

/// The embedded database is the one that the rules compile to, and its size is no accident.
#[test]
fn the_database_is_what_the_rules_compile_to() {
    let built = Database::builder().rules(hypersieve_builtin::rules()).build();
    let built = built.unwrap_or_else(|error| panic!("{error}"));
    let bytes = built.to_bytes();
    assert!(bytes.len() < 4 << 20, "{} bytes", bytes.len());
    for config in configs() {
        let loaded = hypersieve_builtin::database(config);
        assert_eq!(loaded.config(), config);
        assert_eq!(loaded.digest(), built.digest());
        assert_eq!(loaded.max_holdback(), built.max_holdback());
        assert_eq!(format!("{:?}", loaded.plans()), format!("{:?}", built.plans()));
        assert!(loaded.to_bytes() == bytes, "{config:?}: the bytes differ");
    }
}

/// On the examples of all rules, which between them make every rule fire.
#[test]
fn the_database_finds_what_the_compiled_rules_find() {
    let mut texts = Vec::new();
    for (name, yaml) in hypersieve_builtin::sources() {
        let docs = parse_str(name, yaml).unwrap_or_else(|error| panic!("{error}"));
        for doc in docs {
            let examples = doc.examples.r#match.into_iter().chain(doc.examples.no_match);
            texts.extend(examples.map(|example| example.text));
        }
    }
    let built = Database::builder().rules(hypersieve_builtin::rules()).build();
    let built = built.unwrap_or_else(|error| panic!("{error}"));
    let found = |database: &Database| -> Vec<String> {
        let scanner = Scanner::new(database, Policy::new()).expect("the empty policy names nothing");
        let scan = |text: &String| scanner.scan(text.as_bytes(), Channel::Any).expect("the rules are valid");
        texts.iter().map(|text| format!("{:?}", scan(text))).collect()
    };
    let expected = found(&built);
    for config in configs() {
        assert!(found(&hypersieve_builtin::database(config)) == expected, "{config:?}");
    }
}

fn configs() -> impl Iterator<Item = Config> {
    let filters = FilterKind::ALL.map(|kind| Config::new().filter(kind));
    filters.into_iter().chain([Config::new().simd(SimdLevel::Portable)])
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
