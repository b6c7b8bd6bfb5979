//! Replays what the fuzz targets found: each file is a case as the target decodes it.

mod support;

use std::fs;
use std::path::Path;

use support::case::{CHUNKING_LONGEST, Case, FILTERS_LONGEST};

/// The cases of a target, in the order of their names.
fn cases(target: &str, longest: usize) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no case", folder.display());
    let decode = |file: &Path| {
        println!("{}", file.display());
        Case::decode(&fs::read(file).expect("the file can be read"), longest)
            .expect("a target keeps only what it can decode")
    };
    files.iter().map(|file| decode(file)).collect()
}

#[test]
fn chunking() {
    cases("chunking", CHUNKING_LONGEST).iter().for_each(Case::check_chunking);
}

#[test]
fn filters() {
    cases("filters", FILTERS_LONGEST).iter().for_each(Case::check_filters);
}
