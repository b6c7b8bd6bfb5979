//! `hypersieve bench`. Nothing here asserts a time.

use serde_json::json;

use crate::run::{Folder, rules};

#[test]
fn a_bench_has_the_documented_fields() {
    let rules = rules();
    let folder = Folder::new(&[
        ("a/b.txt", &b"some words, unsandboxed\n".repeat(100)),
        ("c.txt", b"fetch and execute"),
    ]);
    let bench = |more: &[&str]| {
        let args = ["bench", "--no-builtin", "--rules", &rules, "--seconds", "0.01", "--format", "json"];
        let run = folder.run(&[&args[..], more].concat());
        assert_eq!(run.quiet(), 0);
        run.json()
    };
    for more in [&["a", "c.txt"][..], &["a", "c.txt", "--chunk", "11", "--filter", "aho-corasick"]] {
        let json = bench(more);
        for field in ["mb_per_s", "candidates_per_kib", "confirms_per_kib"] {
            assert!(json[field].as_f64().unwrap() > 0.0, "{field}");
        }
        let [p50, p99, max] = ["p50_ns", "p99_ns", "max_ns"].map(|field| json[field].as_u64().unwrap());
        assert!(0 < p50 && p50 <= p99 && p99 <= max);
        assert_eq!(json["findings"], 101);
        assert_eq!((&json["bytes"], &json["pieces"]), (&json!(2418), &json!(1)));
    }
    // Cut at 24 bytes, each piece is a line.
    let json = bench(&["a", "--size", "24"]);
    assert_eq!((&json["pieces"], &json["findings"]), (&json!(100), &json!(100)));
    assert_eq!(bench(&["a", "--size", "10"])["findings"], 0);
}

#[test]
fn views_can_be_left_out_to_see_what_they_cost() {
    let rules = rules();
    let folder = Folder::new(&[("a.txt", &b"some words, unsandbox\\x65d\nunsandboxed\n".repeat(10))]);
    let findings = |more: &[&str]| {
        let args =
            ["bench", "--no-builtin", "--rules", &rules, "--seconds", "0.01", "--format", "json", "a.txt"];
        let run = folder.run(&[&args[..], more].concat());
        assert_eq!(run.quiet(), 0);
        (run.json()["raw"].clone(), run.json()["findings"].clone())
    };
    assert_eq!(findings(&[]), (json!(false), json!(20)));
    assert_eq!(findings(&["--raw"]), (json!(true), json!(10)));
}

#[test]
fn a_bench_without_text_is_an_error() {
    let folder = Folder::new(&[("empty.txt", b"")]);
    assert_eq!(folder.run(&["bench", "empty.txt"]).code, 2);
    let run = folder.run(&["bench", "none.txt"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("none.txt"), "{}", run.err);
}
