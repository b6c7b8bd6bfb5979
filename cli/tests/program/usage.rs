//! Command lines that make no sense, completions and manual pages.

use crate::run::Folder;

#[test]
fn usage_errors_end_with_2_and_say_why() {
    let folder = Folder::new(&[("a.txt", b"")]);
    for (args, part) in [
        (&["scan", "--chunk", "0", "a.txt"][..], "must be at least 1"),
        (&["bench", "--chunk", "0"], "must be at least 1"),
        (&["bench", "--size", "0"], "must be at least 1"),
        (&["bench", "--size", "-5"], "--size"),
        (&["bench", "--size", "x"], "not a whole number"),
        (&["bench", "--seconds", "0"], "more than 0"),
        (&["scan", "--channel", "mail", "a.txt"], "possible values: any, tool_args"),
        (&["scan", "--filter", "x", "a.txt"], "possible values: native, aho-corasick"),
        (&["scan", "--format", "xml", "a.txt"], "possible values: text, json, jsonl, sarif"),
        (&["scan", "--min-severity", "x", "a.txt"], "possible values: low, medium, high, critical"),
        (&["scan", "--no-builtin", "a.txt"], "--rules"),
        (&["scan", "--replace", "a.txt"], "--rules"),
        (&["scan", "--jsonl", "-", "a.txt"], "cannot be used with"),
        (&["scan", "--manifest", "m", "a.txt"], "cannot be used with"),
        (&["scan", "--manifest", "m", "--format", "sarif"], "--manifest"),
        (&["scan", "--set", "none", "a.txt"], "--set none"),
        (&["rules", "lint"], "PATH"),
        (&["nonsense"], "nonsense"),
        (&[], "Usage"),
    ] {
        let run = folder.run(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains(part), "{args:?}: {}", run.err);
    }
}

#[cfg(not(feature = "hyperscan"))]
#[test]
fn a_filter_that_is_not_built_in_is_named() {
    let run = Folder::new(&[("a.txt", b"")]).run(&["scan", "--filter", "hyperscan", "a.txt"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("this build has no filter `hyperscan`"), "{}", run.err);
}

#[test]
fn completions_are_there_for_every_shell() {
    let folder = Folder::new(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = folder.run(&["completions", shell]);
        assert_eq!(run.quiet(), 0);
        assert!(run.out.contains("hypersieve") && run.out.contains("skip-binary"), "{shell}");
    }
}

#[test]
fn the_manual_is_there() {
    let folder = Folder::new(&[]);
    let run = folder.run(&["man"]);
    assert_eq!(run.quiet(), 0);
    assert!(run.out.contains(".TH hypersieve 1"), "{}", run.out);
    assert_eq!(folder.run(&["man", "--dir", "pages"]).quiet(), 0);
    let page = std::fs::read_to_string(folder.path().join("pages/hypersieve-scan.1")).unwrap();
    assert!(page.contains("gitignore"));
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = Folder::new(&[]);
    for args in [&["--help"][..], &["scan", "--help"], &["-h"], &["--version"], &["rules", "cost", "--help"]]
    {
        assert_eq!(folder.run(args).quiet(), 0);
    }
}
