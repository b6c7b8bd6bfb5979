//! What a translated expression finds is what the `regex` crate finds, which reads characters: on texts that are shorter
//! than the longest match that counts.

use hypersieve::{Channel, Config, Database, FilterKind, Policy, Rule, Scanner, Severity, View};
use proptest::prelude::*;
use regex::bytes::Regex;

use super::re2::Expression;
use super::{Stated, is_toml};
use crate::yaml::{Node, NodeKind};
use hypersieve::Judged;

/// An expression as Go has it and as `regex` has it, where classes of Perl are not ASCII.
type Both = (String, String);

const ATOMS: &[(&str, &str)] = &[
    ("a", "a"),
    ("b", "b"),
    ("K", "K"),
    ("s", "s"),
    ("key", "key"),
    ("pass word", "pass word"),
    (r"\.", r"\."),
    ("é", "é"),
    ("ж", "ж"),
    ("😀", "😀"),
    (".", "."),
    ("(?s:.)", "(?s:.)"),
    (r"\w", "[0-9A-Za-z_]"),
    (r"\W", "[^0-9A-Za-z_]"),
    (r"\d", "[0-9]"),
    (r"\D", "[^0-9]"),
    (r"\s", r"[\t\n\f\r ]"),
    (r"\S", r"[^\t\n\f\r ]"),
    (r"\b", r"(?-u:\b)"),
    ("(?m:^)", "(?m:^)"),
    ("(?m:$)", "(?m:$)"),
    ("[a-c]", "[a-c]"),
    ("[^a]", "[^a]"),
    ("[é-ж]", "[é-ж]"),
    ("[^ж]", "[^ж]"),
    (r"[\w-.]", r"[0-9A-Za-z_\-.]"),
    (r"[[:upper:]_]", r"[[:upper:]_]"),
    (r"\p{Cyrillic}", r"\p{Cyrillic}"),
    (r"\PL", r"\PL"),
    (r"\Qa.b\E", r"a\.b"),
    (r"\x41", "A"),
    (r"\141", "a"),
    ("{x}", r"\{x\}"),
];

fn expressions() -> impl Strategy<Value = Both> {
    let atom = prop::sample::select(ATOMS).prop_map(|(go, rust)| (go.to_string(), rust.to_string()));
    let both = |parts: Vec<Both>, glue: &str| -> Both {
        let join =
            |of: fn(&Both) -> &String| parts.iter().map(|p| of(p).as_str()).collect::<Vec<_>>().join(glue);
        (format!("(?:{})", join(|p| &p.0)), format!("(?:{})", join(|p| &p.1)))
    };
    atom.prop_recursive(4, 20, 4, move |inner| {
        let wrapped = |(go, rust): Both, before: &str, behind: String| {
            (format!("{before}{go}{behind}"), format!("{before}{rust}{behind}"))
        };
        let bounds = prop::sample::select(vec!["*", "+", "?", "{2}", "{1,}", "{0,3}", "*?", "{1,2}?"]);
        prop_oneof![
            5 => prop::collection::vec(inner.clone(), 2..5).prop_map(move |parts| both(parts, "")),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(move |parts| both(parts, "|")),
            2 => (inner.clone(), bounds).prop_map(move |(e, bounds)| wrapped(e, "(?:", format!("){bounds}"))),
            1 => inner.clone().prop_map(move |e| wrapped(e, "(?i:", ")".to_string())),
            1 => inner.prop_map(move |e| wrapped(e, "(", ")".to_string())),
        ]
    })
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "k",
        "K",
        "S",
        "key",
        "KEY",
        "pass word",
        " ",
        ".",
        "a.b",
        "é",
        "É",
        "ж",
        "Ж",
        "€",
        "😀",
        "_",
        "-",
        "7",
        "\n",
        "\r",
        "A",
        "x",
        "{x}",
        "\u{17f}",
        "\u{212a}",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// Whether a rule of this expression finds anything in the text as it is; `None` if it can't be a pattern.
fn finds(go: &str, text: &[u8], filter: FilterKind) -> Option<bool> {
    let expression = Expression::read(go).unwrap_or_else(|m| panic!("{go}: {}", m.message));
    expression.check_pattern().ok()?;
    let node = Node { span: 0..0, kind: NodeKind::List(Vec::new()) };
    let stated = Stated {
        expression,
        node: &node,
        exceptions: Vec::new(),
        judged: Judged::Match,
        validate: Vec::new(),
    };
    let rule = Rule::new("R", "law", Severity::Medium).pattern(stated.pattern().0);
    let database = Database::builder().rule(rule).config(Config::new().filter(filter)).build();
    let database = database.unwrap_or_else(|e| panic!("{go}: {e}"));
    let scanner = Scanner::new(&database, Policy::new()).expect("the policy names no rule");
    let verdict = scanner.scan(text, Channel::Any).expect("a scan of a valid database");
    let fold_alone = |c: char| matches!(c, '\u{17f}' | '\u{212a}');
    // These two are letters to a pattern that ignores case, which the fold tells.
    let fold = String::from_utf8_lossy(text).contains(fold_alone);
    Some(verdict.findings().iter().any(|f| f.view() == View::Raw || fold && f.view() == View::Folded))
}

/// `cases`, unless the environment says how many.
fn runs(cases: u32) -> ProptestConfig {
    let mut runs = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        runs.cases = cases;
    }
    runs
}

proptest! {
    #![proptest_config(runs(400))]

    #[test]
    fn a_translated_expression_finds_what_it_says(both in expressions(), text in texts()) {
        let (go, rust) = both;
        let expected = Regex::new(&rust).map_err(|e| TestCaseError::fail(format!("{rust}: {e}")))?;
        for filter in [FilterKind::Native, FilterKind::AhoCorasick] {
            if let Some(found) = finds(&go, text.as_bytes(), filter) {
                prop_assert_eq!(found, expected.is_match(text.as_bytes()), "{} in {:?}", go, text);
            }
        }
    }
}

/// The cap: what is longer is not reported, and what is as long is.
#[test]
fn a_match_of_512_bytes_counts_and_no_longer_one() {
    for (expression, least) in [("begin.*end", 8), (r"x\d+y", 3), ("(?i)[a-z]+7", 2)] {
        for length in [511, 512, 513, 600] {
            let filler = length - least;
            let text = match least {
                8 => format!("begin{}end", ".".repeat(filler)),
                3 => format!("x1{}y", "1".repeat(filler)),
                _ => format!("a{}7", "a".repeat(filler)),
            };
            // Of the last one shorter matches begin later.
            let expected = length <= 512 || least == 2;
            assert_eq!(
                finds(expression, text.as_bytes(), FilterKind::Native),
                Some(expected),
                "{expression} {length}"
            );
        }
    }
}

/// Bytes that are no UTF-8 are characters to Go, and must not hide what they stand in.
#[test]
fn bytes_that_are_no_text_hide_nothing() {
    for expression in ["ignore.{0,10}rules", "ignore.*rules", "ignore[^x]{1,4}rules"] {
        assert_eq!(finds(expression, b"ignore \xff rules", FilterKind::Native), Some(true), "{expression}");
    }
    assert_eq!(finds("ignore.*rules", b"ignore \xe2\x80 rules", FilterKind::Native), Some(true));
}

#[test]
fn toml_is_told_by_its_rules() {
    assert!(is_toml("x", "title = 'a'\n  [[rules]]\nid = 'b'"));
    assert!(is_toml("x.toml", ""));
    assert!(!is_toml("x.yaml", "id: A\npatterns: [{regex: 'x'}]"));
}
