//! Replays what the fuzz target `rule_file` found, and cases that it begins with.

mod support;

use std::fs;
use std::path::Path;

use support::rule_text::RuleText;

#[test]
fn rule_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions/rule_file");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        println!("{}", file.display());
        let data = fs::read(&file).expect("the file can be read");
        RuleText::decode(&data).expect("a target keeps only what it can decode").check();
    }
}

#[test]
fn the_pieces_make_rules_of_every_format() {
    // Else the target would only see files that are refused.
    for codes in [&[0, 0x80, 0x81][..], &[0, 0x82, 0x83], &[1, 0x84, 0x85], &[0, 0x80, 0xa2, 0x81]] {
        let case = RuleText::decode(codes).expect("a flag is all it needs");
        case.check();
        assert!(case.is_read(), "{codes:x?}");
    }
}
