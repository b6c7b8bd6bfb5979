//! Golden messages: each `tests/golden/NAME.input` is a rule file, and `NAME.txt` what the lint says about it.
//! `UPDATE_GOLDEN=1 cargo test -p hypersieve-rules` rewrites them; read the difference before it is committed.
//!
//! The inputs do not end in `.yaml`, so that reading the folder of the rules does not read them.

#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

use hypersieve::{
    Channel, Check, Expr, Matching, On, Pattern, Rule, RunClass, Sequence, Severity, Validator,
};
use hypersieve_rules::{Colour, DiagnosticKind, lint, lint_str, load, load_path, parse_str};

fn inputs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the golden folder is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "input"))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn messages_are_as_committed() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut kinds = Vec::new();
    let mut different = Vec::new();
    for input in inputs() {
        let text = fs::read_to_string(&input).expect("readable");
        let stem = input.file_stem().expect("has a name").to_string_lossy().into_owned();
        let report = lint_str(&format!("{stem}.yaml"), &text);
        kinds.extend(report.diagnostics().iter().map(|d| d.kind()));
        let found = report.render(Colour::Never);
        assert_eq!(report.is_clean(), stem == "good", "{stem}: {found}");
        let golden = input.with_extension("txt");
        if update {
            fs::write(&golden, &found).expect("writable");
        } else if fs::read_to_string(&golden).ok().as_deref() != Some(found.as_str()) {
            different.push(format!("{}:\n{found}", golden.display()));
        }
    }
    assert!(different.is_empty(), "differs from what is committed: {}", different.join("\n"));
    for kind in [
        DiagnosticKind::Yaml,
        DiagnosticKind::UnknownKey,
        DiagnosticKind::MissingKey,
        DiagnosticKind::Value,
        DiagnosticKind::Duplicate,
        DiagnosticKind::Examples,
        DiagnosticKind::Pattern,
        DiagnosticKind::ExampleFails,
    ] {
        assert!(kinds.contains(&kind), "no golden file has a message of the kind {kind:?}");
    }
}

#[test]
fn every_message_says_where_and_what_to_do() {
    for input in inputs() {
        let text = fs::read_to_string(&input).expect("readable");
        for diagnostic in lint_str("x.yaml", &text).diagnostics() {
            assert!(!diagnostic.what_to_do().is_empty(), "{diagnostic}");
            let (file, line) = diagnostic.place().expect("has a place");
            assert!(file == "x.yaml" && (1..=text.lines().count() + 1).contains(&line), "{diagnostic}");
        }
    }
}

/// A folder of its own that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("hypersieve-rules-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("writable");
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("has a folder")).expect("writable");
        fs::write(&path, text).expect("writable");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn rule(id: &str, alias: &str) -> String {
    format!(
        "id: {id}\nname: n\ndescription: d\nseverity: high\ncategory: pii\naliases: [{alias}]\n\
         patterns: [{{literal: gizmo serial}}]\nremediation: r\nexamples:\n  \
         match: [gizmo serial, a gizmo serial, the gizmo serial, that gizmo serial]\n  \
         no_match: [gizmos, widgets, serials, numbers]\n"
    )
}

#[test]
fn folders_are_read_in_order_and_hidden_ones_are_not() {
    let folder = Folder::new("order");
    folder.write("b.yaml", &rule("B", "B1"));
    folder.write("a.yml", &rule("A", "A1"));
    folder.write("c/deep/c.yaml", &rule("C", "C1"));
    folder.write(".hidden/d.yaml", "not: a rule");
    folder.write("e.txt", "not: a rule");
    let ids: Vec<String> =
        load_path(&folder.0).expect("all are good").into_iter().map(|doc| doc.rule.id).collect();
    assert_eq!(ids, ["A", "B", "C"]);
    assert!(lint(&[&folder.0]).is_clean());
}

#[test]
fn names_are_unique_over_all_files() {
    let folder = Folder::new("unique");
    let first = folder.write("first.yaml", &rule("ONE", "UNO"));
    let second = folder.write("second.yaml", &rule("TWO", "ONE"));
    let error = load(&[&first, &second]).expect_err("`ONE` is there twice");
    let [diagnostic] = error.diagnostics() else { panic!("{error}") };
    assert_eq!(diagnostic.kind(), DiagnosticKind::Duplicate);
    assert_eq!(diagnostic.place(), Some((second.display().to_string().as_str(), 6)));
    assert!(diagnostic.what_to_do().contains(&format!("{}, line 1", first.display())), "{error}");
}

#[test]
fn what_cannot_be_read_is_an_error_and_the_rest_is_still_checked() {
    let folder = Folder::new("unreadable");
    let good = folder.write("good.yaml", &rule("ONE", "UNO"));
    let bad = folder.write("bad.yaml", "name: n");
    let binary = folder.0.join("binary.yaml");
    fs::write(&binary, b"id: \xff\n").expect("writable");
    let absent = folder.0.join("absent.yaml");
    let empty = folder.0.join("empty");
    fs::create_dir(&empty).expect("writable");
    let report = lint(&[&absent, &good, &binary, &bad, &empty]);
    let kinds: Vec<DiagnosticKind> = report.diagnostics().iter().map(|d| d.kind()).collect();
    assert_eq!(kinds[..3], [DiagnosticKind::File; 3], "{}", report.render(Colour::Never));
    assert!(kinds[3..].iter().all(|k| *k == DiagnosticKind::MissingKey) && kinds.len() > 3);
    assert_eq!(report.rules().len(), 1);
}

#[test]
fn a_good_file_becomes_the_rule_it_states() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/good.input"));
    let docs = parse_str("good.yaml", &text.expect("readable")).expect("nothing is wrong");
    let [everything, near] = docs.as_slice() else { panic!("two rules") };
    let mut expected = Rule::new("TEST-GOOD_001", "prompt-injection", Severity::Critical)
        .pattern(Pattern::new(Expr::Sequence(Sequence {
            words: vec![
                vec!["frobnicate".to_string(), "defrobnicate".to_string()],
                vec!["widget*".to_string(), "do not".to_string()],
            ],
            gap: 12,
            stop: b".!?".to_vec(),
        })))
        .pattern(
            Pattern::regex(r"\bunfrob (?:all )?gizmos\b")
                .unless("unfrob all .{1,20}")
                .unless("unfrob the gizmos"),
        )
        .pattern(Pattern::literal("the gizmo's secret word").unless("x"))
        .pattern(
            Pattern::regex(r"\bFROB-[0-9A-Z]{16}\b")
                .on(On::Exact)
                .validate(Validator::new(Check::Entropy(2.5)))
                .validate(Validator::new(Check::Distinct(6)).after(b"-"))
                .validate(Validator::new(Check::Classes(2)))
                .validate(Validator::new(Check::NotPlaceholder)),
        )
        .pattern(
            Pattern::new(Expr::Run { class: RunClass::Digits, min: 13, max: 19 })
                .validate(Validator::new(Check::Luhn)),
        );
    expected.name = "Everything at once".to_string();
    expected.description = "Sees every kind of pattern. A bare mention does not match.".to_string();
    expected.channels = vec![(Channel::ToolArgs, Severity::High), (Channel::Message, Severity::Low)];
    expected.sensitive = true;
    expected.aliases = vec!["TEST-GOOD-1".to_string(), "TEST-GOOD-ONE".to_string()];
    expected.remediation = "Look at the gizmos.".to_string();
    expected.references = vec!["https://example.org/gizmos".to_string()];
    assert_eq!(everything.rule, expected);
    let mut expected = Rule::new("TEST-GOOD_002", "pii", Severity::Low)
        .pattern(Pattern::literal("gizmo serial"))
        .pattern(Pattern::literal("widget number"));
    expected.name = "Two patterns near each other".to_string();
    expected.description = "Sees both.".to_string();
    expected.matching = Matching::All { within: 100 };
    expected.remediation = "Look.".to_string();
    assert_eq!(near.rule, expected);
    assert_eq!(everything.examples.r#match[1].text, "unfrob\n> gizmos");
    assert_eq!(everything.examples.r#match[1].channel, Channel::ToolArgs);
    assert_eq!(near.examples.no_match.len(), 4);
}
