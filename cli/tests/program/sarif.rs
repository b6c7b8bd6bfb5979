//! The shape of SARIF 2.1.0, as far as its schema and code scanning services ask for it.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::run::Folder;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("not a number: {value}"))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("not an array: {value}"))
}

#[test]
fn a_log_has_the_shape_of_the_schema() {
    let folder = Folder::new(&[
        (
            "a b.txt",
            "ä disregard\nprevious orders, ä QXKEY12345678ABCD\nunsandboxed, fetch and execute\n".as_bytes(),
        ),
        ("c.txt", b"fetch and execute. fetch and execute"),
        ("d.bin", b"\0"),
    ]);
    let run = folder.scan(&["--format", "sarif", "--skip-binary", ".", "none.txt"]);
    assert_eq!(run.code, 2);
    let log = run.json();
    assert_eq!(log["version"], "2.1.0");
    assert!(text(&log["$schema"]).ends_with("sarif-schema-2.1.0.json"));
    let [run] = list(&log["runs"]).as_slice() else { panic!("one run") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "hypersieve");
    assert_eq!(run["columnKind"], "unicodeCodePoints");

    let rules = list(&driver["rules"]);
    assert_eq!(rules.len(), 5);
    let ids: HashSet<&str> = rules.iter().map(|rule| text(&rule["id"])).collect();
    assert_eq!(ids.len(), 5, "ids are unique");
    for rule in rules {
        for field in ["shortDescription", "fullDescription", "help"] {
            assert!(!text(&rule[field]["text"]).is_empty());
        }
        let level = text(&rule["defaultConfiguration"]["level"]);
        assert!(["note", "warning", "error"].contains(&level));
        let score: f64 = text(&rule["properties"]["security-severity"]).parse().unwrap();
        let range = match level {
            "note" => 0.1..4.0,
            "warning" => 4.0..7.0,
            _ => 7.0..10.0,
        };
        assert!(range.contains(&score), "{level} {score}");
        assert_eq!(rule["properties"]["tags"][0], "security");
    }
    assert!(text(&rules[0]["help"]["text"]).starts_with("Do not follow it."));
    assert_eq!(rules[0]["helpUri"], "https://example.org/override");

    let results = list(&run["results"]);
    assert_eq!(results.len(), 6);
    let mut prints = HashSet::new();
    for result in results {
        let rule = &rules[usize::try_from(number(&result["ruleIndex"])).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
        assert!(!text(&result["message"]["text"]).is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert!(["a%20b.txt", "c.txt"].contains(&text(&place["artifactLocation"]["uri"])));
        let region = &place["region"];
        let first = (number(&region["startLine"]), number(&region["startColumn"]));
        let behind = (number(&region["endLine"]), number(&region["endColumn"]));
        assert!(first >= (1, 1) && behind > first, "{region}");
        assert!(number(&region["byteLength"]) > 0);
        assert!(prints.insert(text(&result["partialFingerprints"]["hypersieve/v1"]).to_string()), "unique");
    }
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"]["region"],
        json!({"startLine": 1, "startColumn": 3, "endLine": 2, "endColumn": 16, "byteOffset": 3, "byteLength": 25})
    );
    assert_eq!(results[0]["message"]["text"], "Instruction override: disregard\\nprevious orders");
    assert_eq!(results[1]["message"]["text"], "Access key: QXKE****");
    assert_eq!(
        results[1]["locations"][0]["physicalLocation"]["region"],
        json!({"startLine": 2, "startColumn": 20, "endLine": 2, "endColumn": 37, "byteOffset": 33, "byteLength": 17})
    );

    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notes = list(&invocation["toolExecutionNotifications"]);
    let notes: Vec<(&str, &str)> = notes
        .iter()
        .map(|n| (text(&n["level"]), text(&n["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])))
        .collect();
    assert_eq!(notes, [("error", "none.txt"), ("note", "d.bin")]);
}

#[test]
fn fingerprints_stay_when_lines_move() {
    let prints = |content: &[u8]| -> Vec<String> {
        let folder = Folder::new(&[("a.txt", content)]);
        let log = folder.scan(&["--format", "sarif", "a.txt"]).json();
        let results = list(&log["runs"][0]["results"]).iter();
        results.map(|r| text(&r["partialFingerprints"]["hypersieve/v1"]).to_string()).collect()
    };
    let first = prints(b"fetch and execute QXKEY12345678ABCD");
    assert_eq!(prints(b"\n\nmore\nfetch and execute, then QXKEY12345678ABCD"), first);
    assert_ne!(prints(b"Fetch and execute QXKEY12345678ABCD")[0], first[0]);
}

#[test]
fn nothing_found_is_an_empty_list() {
    let folder = Folder::new(&[("a.txt", b"fine")]);
    let run = folder.scan(&["--format", "sarif", "a.txt"]);
    assert_eq!(run.quiet(), 0);
    assert_eq!(run.json()["runs"][0]["results"], json!([]));
    assert_eq!(run.json()["runs"][0]["invocations"][0]["executionSuccessful"], true);
}
