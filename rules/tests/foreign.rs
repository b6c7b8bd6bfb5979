//! Rules that were written for other programs: each `tests/foreign/NAME.input` is such a file, `NAME.txt` what is said of it,
//! and `NAME.converted` the same rules in our format. `UPDATE_GOLDEN=1 cargo test -p hypersieve-rules` rewrites them.

#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

use hypersieve::{Channel, Database, Policy, Rule, Scanner, Severity};
use hypersieve_rules::{
    Colour, DiagnosticKind, Format, RuleDoc, Trial, lint_str, load_path, load_what_can_be, parse_str,
    to_yaml, try_examples,
};

fn input(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(name);
    fs::read_to_string(path).expect("the input is there")
}

fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, found).expect("writable");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, committed, "{} differs from what is committed", path.display());
}

/// A folder of its own that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("hypersieve-foreign-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("writable");
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("writable");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What is said of a file, without the folder that it lies in.
fn messages(folder: &Folder, trial: &Trial) -> String {
    trial.render(Colour::Never).replace(&format!("{}/", folder.0.display()), "")
}

fn scanner(docs: &[RuleDoc]) -> Scanner {
    let database =
        Database::builder().rules(docs.iter().map(|d| d.rule.clone())).build().expect("they compile");
    Scanner::new(&database, Policy::new()).expect("the policy names no rule")
}

fn fires(scanner: &Scanner, id: &str, text: &str) -> bool {
    let verdict = scanner.scan(text.as_bytes(), Channel::Any).expect("a scan");
    verdict.findings().iter().any(|f| f.rule().id == id)
}

#[test]
fn what_is_said_of_each_file_is_as_committed() {
    let folder = Folder::new("messages");
    for name in ["origin", "gitleaks", "broken", "broken-toml", "invalid-toml"] {
        // The name says nothing about the format.
        let path = folder.write(&format!("{name}.rules"), &input(&format!("{name}.input")));
        let trial = try_examples(&[path]);
        golden(&format!("{name}.txt"), &messages(&folder, &trial));
        for diagnostic in &trial.left_out {
            assert!(!diagnostic.what_to_do().is_empty(), "{diagnostic}");
            let whole_file = matches!(diagnostic.kind(), DiagnosticKind::Toml)
                || diagnostic.message().contains("`extend`");
            assert!(diagnostic.rule().is_some() || whole_file, "no rule is named: {diagnostic}");
        }
    }
}

#[test]
fn converted_rules_are_the_same_rules() {
    let texts = [
        "skip the till now",
        "No till today",
        "skip the till roll",
        "voucher ABC1 of +49 1",
        "12\n123-abc\n",
        "пароль: x",
        "key SHOPKEY-A1B2C3D4 ",
        "key SHOPKEY-00000000 ",
        "till_token = 'a1b2c3d4e5f6g7h8'",
        "till_token = 'aexamplec3d4e5f6'",
        "ledger 0123456789abcdef0123456789abcdef01234567",
        "0123456789abcdef0123456789abcdef01234567",
    ];
    for name in ["origin", "gitleaks"] {
        let docs = parse_str(name, &input(&format!("{name}.input"))).expect("nothing is wrong");
        let converted = to_yaml(&docs);
        golden(&format!("{name}.converted"), &converted);
        let again = parse_str("converted", &converted).unwrap_or_else(|e| panic!("{e}"));
        assert!(again.iter().all(|d| d.format == Format::Hypersieve && d.warnings.is_empty()));
        // Nothing but the examples, which nobody can make up, is wrong with them.
        let report = lint_str("converted.yaml", &converted);
        let few = |kind| kind == DiagnosticKind::FewExamples || kind == DiagnosticKind::ExampleFails;
        assert!(report.diagnostics().iter().all(|d| few(d.kind())), "{}", report.render(Colour::Never));
        let (first, second) = (scanner(&docs), scanner(&again));
        for text in texts {
            for (old, new) in docs.iter().zip(&again) {
                let (old, new) = (&old.rule.id, &new.rule.id);
                assert_eq!(fires(&first, old, text), fires(&second, new, text), "{old}: {text}");
                assert!(second.database().rule(old).is_some(), "{old} is no alias of {new}");
            }
        }
        assert_eq!(to_yaml(&again), converted, "a converted file is as it would be written again");
    }
}

#[test]
fn a_rule_with_a_match_mode_means_what_it_says() {
    let docs = parse_str("origin.yaml", &input("origin.input")).expect("nothing is wrong");
    assert!(docs.iter().all(|d| d.format == Format::Origin));
    let severities: Vec<Severity> = docs.iter().map(|d| d.rule.severity).collect();
    assert_eq!(severities, [Severity::Critical, Severity::Medium, Severity::Low, Severity::High]);
    let channels: Vec<Channel> = docs[1].rule.channels.iter().map(|(c, _)| *c).collect();
    assert_eq!(channels, [Channel::ToolArgs, Channel::Message]);
    let scanner = scanner(&docs);
    for (id, text, found) in [
        ("SHOP_001", "LEAVE \t out the till!", true),
        ("SHOP_001", "leave out the tills", false),
        ("SHOP_001", "NO TILL TODAY", true),
        ("SHOP_001", "no  till today", false),
        ("SHOP_001", "skip the till roll", true),
        ("SHOP_002", "voucher ABC1 and +49 30", true),
        ("SHOP_002", "VOUCHER ABC1 and +49 30", false),
        ("SHOP_002", "+49 30 and nothing else", false),
        ("SHOP_003", "a\n123-abc\nb", true),
        ("SHOP_003", "a 123-abc", false),
        ("SHOP_004", "пароль=123", true),
        ("SHOP_004", "Пароль=123", false),
        ("SHOP_004", "a\u{200b}\u{200c}\u{200b}b", true),
        ("SHOP_004", "a\u{200b}\u{200c}b", false),
    ] {
        assert_eq!(fires(&scanner, id, text), found, "{id}: {text}");
    }
}

/// An exception must see all of it in what matched.
#[test]
fn an_exception_judges_the_match_alone() {
    let rule = |pattern: &str| {
        format!(
            "id: X\nseverity: LOW\npatterns: [{{type: regex, value: '{pattern}'}}]\nexclude_patterns: ['till roll']\n"
        )
    };
    for (pattern, text, found) in [
        ("skip the till", "skip the till roll", true),
        ("skip the till.*", "skip the till roll", false),
        ("skip the till.*", "till roll: skip the till", true),
    ] {
        let docs = parse_str("x", &rule(pattern)).expect("nothing is wrong");
        assert_eq!(fires(&scanner(&docs), "X", text), found, "{pattern}: {text}");
    }
}

#[test]
fn a_gitleaks_rule_means_what_it_says() {
    let docs = parse_str("x", &input("gitleaks.input")).expect("nothing is wrong");
    assert!(docs.iter().all(|d| d.format == Format::Gitleaks && d.rule.sensitive));
    let scanner = scanner(&docs);
    let hash = "0123456789abcdef0123456789abcdef01234567";
    for (id, text, found) in [
        ("shop-key", "SHOPKEY-A1B2C3D4;", true),
        ("shop-key", "SHOPKEY-A1B2C3D4", true),
        ("shop-key", "SHOPKEY-A1B2C3D4x", false),
        ("shop-key", "shopkey-A1B2C3D4 ", false),
        ("shop-key", "SHOPKEY-00000000 ", false),
        ("shop-key", "SHOPKEY-AAAAAAAA ", true),
        ("till-token", "TILL_TOKEN=a1b2c3d4e5f6g7h8", true),
        // The entropy is that of the group, not of all that matched.
        ("till-token", "TILL_TOKEN=aaaaaaaabbbbbbbb", false),
        // A stopword, likewise.
        ("till-token", "till_example_token=a1b2c3d4e5f6g7h8", true),
        ("till-token", "till_token=a1bexampleg7h8i9", false),
        ("bare-hash", hash, false),
    ] {
        assert_eq!(fires(&scanner, id, text), found, "{id}: {text}");
    }
    assert!(fires(&scanner, "bare-hash", &format!("the LEDGER says {hash}")));
    assert!(!fires(&scanner, "bare-hash", &format!("the ledger {} {hash}", "x ".repeat(600))));
}

#[test]
fn all_formats_may_lie_in_one_folder_and_in_one_file() {
    let folder = Folder::new("mixed");
    folder.write("a.yaml", &input("origin.input"));
    folder.write("b.toml", &input("gitleaks.input"));
    folder.write("settings.toml", "colour = \"red\"\n");
    let ours = "id: OURS\nname: n\ndescription: d\nseverity: high\ncategory: pii\npatterns: [{literal: gizmo serial}]\n\
                remediation: r\nexamples: {match: [gizmo serial], no_match: []}\n---\n";
    let theirs = "id: THEIRS\nseverity: HIGH\npatterns: [{type: contains, value: gizmo}]\n";
    folder.write("c.yml", &format!("{ours}{theirs}"));
    let docs = load_path(&folder.0).unwrap_or_else(|e| panic!("{e}"));
    let formats: Vec<(&str, Format)> = docs.iter().map(|d| (d.rule.id.as_str(), d.format)).collect();
    assert_eq!(formats.len(), 9);
    assert_eq!(formats[4], ("shop-key", Format::Gitleaks));
    assert_eq!(formats[7..], [("OURS", Format::Hypersieve), ("THEIRS", Format::Origin)]);
}

#[test]
fn a_rule_that_cannot_be_is_an_error_or_is_left_out_and_said() {
    let folder = Folder::new("keep");
    let path = folder.write("broken.yaml", &input("broken.input"));
    let error = load_path(&path).expect_err("most of its rules can't be");
    let mut named: Vec<&str> = error.diagnostics().iter().filter_map(|d| d.rule()).collect();
    named.dedup();
    let bad = ["BAD_LOOKAHEAD", "BAD_EDGE", "BAD_REFERENCE", "BAD_EMPTY", "BAD_FLAG", "BAD_LENGTH"];
    assert_eq!(named, bad);
    let loaded = load_what_can_be(&[&path]);
    let rules: Vec<&Rule> = loaded.rules.iter().map(|d| &d.rule).collect();
    assert_eq!(rules.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["GOOD"]);
    let mut named: Vec<&str> = loaded.left_out.iter().filter_map(|d| d.rule()).collect();
    named.dedup();
    assert_eq!(named, bad);
}

/// Of our own rules, too: the second of two of a name, and what does not compile.
#[test]
fn our_own_rules_are_left_out_likewise() {
    let rule = |id: &str, regex: &str| {
        format!(
            "id: {id}\nname: n\ndescription: d\nseverity: high\ncategory: pii\npatterns: [{{regex: '{regex}'}}]\n\
             remediation: r\nexamples: {{match: [], no_match: []}}\n---\n"
        )
    };
    let folder = Folder::new("own");
    let text =
        [rule("ONE", "gizmo"), rule("TWO", "gizmo.*"), rule("ONE", "widget"), rule("THREE", "x=")].concat();
    let path = folder.write("own.yaml", &text);
    let loaded = load_what_can_be(&[path]);
    assert_eq!(loaded.rules.iter().map(|d| d.rule.id.as_str()).collect::<Vec<_>>(), ["ONE"]);
    let kinds: Vec<DiagnosticKind> = loaded.left_out.iter().map(|d| d.kind()).collect();
    assert_eq!(kinds, [DiagnosticKind::Pattern, DiagnosticKind::Duplicate, DiagnosticKind::Pattern]);
}

/// Our format can say what the others can, but only where it is asked for.
#[test]
fn the_slow_lane_is_for_those_who_ask_for_it() {
    let rule = |lane: &str| {
        format!(
            "id: ONE\nname: n\ndescription: d\nseverity: high\ncategory: pii\n\
             patterns: [{{regex: '(x+)=[0-9]+'{lane}}}]\nremediation: r\n\
             examples: {{match: [x=1, xx=12, x=0, xxx=3], no_match: [a, b, c, d]}}\n"
        )
    };
    let kinds =
        |text: &str| lint_str("x.yaml", text).diagnostics().iter().map(|d| d.kind()).collect::<Vec<_>>();
    assert_eq!(kinds(&rule("")), [DiagnosticKind::Pattern]);
    assert_eq!(kinds(&rule(", lane: slow, judged: 1, validate: [{distinct: 1}]")), []);
    assert_eq!(kinds(&rule(", lane: slow, judged: 2")), [DiagnosticKind::Pattern]);
    assert_eq!(kinds(&rule(", lane: quick")), [DiagnosticKind::Value]);
}
