//! Replays what the fuzz targets found: each file is a case as the target decodes it.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::case::{CHUNKING_LONGEST, Case, FILTERS_LONGEST, VIEWS_LONGEST};
use support::damage::Damage;
use support::secret::Secret;

/// The files of a target's cases, in the order of their names.
fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no case", folder.display());
    files
}

fn case(file: &Path, longest: usize) -> Case {
    println!("{}", file.display());
    let data = fs::read(file).expect("the file can be read");
    Case::decode(&data, longest).expect("a target keeps only what it can decode")
}

#[test]
fn chunking() {
    files("chunking").iter().for_each(|file| case(file, CHUNKING_LONGEST).check_chunking());
}

#[test]
fn filters() {
    files("filters").iter().for_each(|file| case(file, FILTERS_LONGEST).check_filters());
}

#[test]
fn views() {
    files("views").iter().for_each(|file| case(file, VIEWS_LONGEST).check_views());
}

#[test]
fn database_bytes() {
    for file in files("database_bytes") {
        println!("{}", file.display());
        let data = fs::read(file).expect("the file can be read");
        Damage::decode(&data).expect("a target keeps only what it can decode").check();
    }
}

#[test]
fn redaction() {
    for file in files("redaction") {
        println!("{}", file.display());
        let data = fs::read(file).expect("the file can be read");
        Secret::decode(&data).expect("a target keeps only what it can decode").check();
    }
}

/// Codes mean something else once the stock grows; this rewrites new cases so that they hold their text as it is.
#[test]
#[ignore = "rewrites files of fuzz/regressions"]
fn write_as_plain_text() {
    for (target, longest) in
        [("chunking", CHUNKING_LONGEST), ("filters", FILTERS_LONGEST), ("views", VIEWS_LONGEST)]
    {
        for file in files(target) {
            let case = case(&file, longest);
            let plain = case.encode();
            assert_eq!(Case::decode(&plain, longest).as_ref(), Some(&case));
            fs::write(&file, plain).expect("the file can be written");
        }
    }
}
