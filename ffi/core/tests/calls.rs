//! Call sequences with hostile arguments: random ones, and those that the fuzz target found.

mod support;

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use support::calls;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_does_what_the_engine_does(input in vec(any::<u8>(), 0..400)) {
        calls::check(&input);
    }
}

#[test]
fn regressions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions/ffi_calls");
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no case", folder.display());
    for file in files {
        println!("{}", file.display());
        calls::check(&fs::read(&file).expect("the file can be read"));
    }
}
