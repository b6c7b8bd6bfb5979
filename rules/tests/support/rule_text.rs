//! A case of the fuzz target `rule_file`: a text that may be a rule file, in one of the formats that are read.
//!
//! It is written as codes, so that a fuzzer can mutate it: a byte below 0x80 stands for itself, the others for pieces of rule
//! files.

use hypersieve::{Database, Rule};
use hypersieve_rules::{Colour, Report, RuleDoc, lint_str, parse_str, to_yaml};

/// The first code that stands for a piece.
const PIECES: u8 = 0x80;

/// Whole rules, entries of rules, patterns, and what holds them together.
const PIECE: [&str; 64] = [
    // Rules that could be used as they are.
    "id: AB_001\nname: n\ndescription: d\nseverity: high\ncategory: pii\nremediation: r\npatterns:\n  - literal: some words\n",
    "examples:\n  match: [some words, some  words, xx some words, 'some words.']\n  no_match: [a, b, c, d]\n",
    "id: shop_1\nname: \"n\"\nseverity: medium\ncategory: pii\nmatch_mode: any\npatterns:\n  - type: contains\n    value: \"till\"\n",
    "examples:\n  true_positive: [\"a till\"]\n  false_positive: [\"a tin\"]\n",
    "[[rules]]\nid = \"k\"\ndescription = \"d\"\nregex = '''key-[a-z]{8}'''\nkeywords = [\"key-\"]\n",
    "[[rules.allowlists]]\nregexTarget = \"secret\"\nstopwords = [\"example\"]\n",
    // Between rules, and how deep.
    "---\n",
    "\n",
    "\n  ",
    "\n    - ",
    "\n  - ",
    "...\n",
    "# a comment\n",
    "\t",
    // Entries.
    "id: ",
    "id: AB_002\n",
    "name: ",
    "severity: critical\n",
    "severity: [high]\n",
    "category: ",
    "channels: [tool_args, message]\n",
    "channels: {tool_args: high, any: low}\n",
    "match: all\nwithin: 80\n",
    "match_mode: all\n",
    "targets: [\"*.md\", tool_result]\n",
    "sensitive: true\n",
    "aliases: [AB-1, AB-2]\n",
    "references: [\"https://host.example/a\"]\n",
    "unless: ['some words and more']\n",
    "exclude_patterns:\n  - type: regex\n    value: \"b+\"\n",
    "secretGroup = 1\nentropy = 3.5\n",
    "path = '''\\.env$'''\n",
    // Patterns.
    "  - regex: '",
    "'\n",
    "  - regex: '\\bcurl .{0,40}\\| ?sh\\b'\n",
    "  - regex: '[a-f0-9]{32}'\n    on: exact\n",
    "  - literal: ключ\n    on: raw\n",
    "  - sequence: [[send, post], [token*, \"key\"], [now]]\n    gap: 12\n    stop: \".!\"\n",
    "  - run: digits\n    validate: luhn\n",
    "    validate: [{luhn: {}}, {entropy: 3.0}]\n",
    "    on: text\n",
    "  - type: regex\n    value: '(?i)(a|b)+\\s*till.*$'\n",
    "  - type: regex\n    value: \"",
    "regex = '''(?:key|token)\\s*=\\s*([a-z0-9]{16})\\b'''\n",
    // Pieces of expressions.
    "(?:one|two|three)",
    "{0,600}",
    "{2,}",
    "(?=a)",
    "\\A",
    "\\z",
    "(?-u:\\xff)",
    "\\p{Greek}",
    "[^\\n\"']{3,20}",
    ".*",
    "(?P<name>",
    ")",
    // Scalars that are hard to read.
    "\"\\u0041\\x42\\n\"",
    "'it''s'",
    ">-\n  folded\n  text\n",
    "|\n  kept\n",
    "&a [*a]",
    "!!binary aGk=",
    "\u{feff}",
    "ä\u{2028}",
];

/// A text that may be a rule file.
pub(crate) struct RuleText {
    name: &'static str,
    text: String,
}

impl RuleText {
    /// Reads a case: a flag for the format that the file's name says, and the codes of its text.
    pub(crate) fn decode(data: &[u8]) -> Option<RuleText> {
        let (&flag, codes) = data.split_first()?;
        let text = codes.iter().map(|&code| match code {
            0..PIECES => char::from(code).to_string(),
            code => PIECE[usize::from(code - PIECES) % PIECE.len()].to_string(),
        });
        Some(RuleText { name: if flag & 1 == 0 { "case.yaml" } else { "case.toml" }, text: text.collect() })
    }

    /// Whether it is a rule file.
    pub(crate) fn is_read(&self) -> bool {
        parse_str(self.name, &self.text).is_ok_and(|docs| !docs.is_empty())
    }

    /// Whatever the text is, it is read or refused with messages that can be shown; what is read compiles, and says the same
    /// when it is written in our format and read again.
    pub(crate) fn check(&self) {
        let report = lint_str(self.name, &self.text);
        shown(&report);
        if report.is_clean() {
            compiles(report.rules(), &self.text);
        }
        let Ok(docs) = parse_str(self.name, &self.text) else {
            assert!(!report.is_clean(), "what is not read has a mistake:\n{}", self.text);
            return;
        };
        let written = to_yaml(&docs);
        match parse_str("written.yaml", &written) {
            Ok(again) => {
                let rules =
                    |docs: &[RuleDoc]| -> Vec<Rule> { docs.iter().map(|doc| doc.rule.clone()).collect() };
                let twice = to_yaml(&again);
                assert_eq!(rules(&again).len(), rules(&docs).len(), "{written}");
                assert_eq!(twice, written, "what was written says the same when it is read");
            }
            // Ids and aliases that differ only in how they are spelt become the same.
            Err(error) => {
                let text = error.render(Colour::Never);
                assert!(docs.len() > 1 || !docs[0].rule.aliases.is_empty(), "{text}\n{written}");
            }
        }
    }
}

/// All messages can be shown, and name their place.
fn shown(report: &Report) {
    let text = report.render(Colour::Never);
    assert_eq!(text.is_empty(), report.is_clean());
}

/// Rules without a mistake make a database.
fn compiles(docs: &[RuleDoc], text: &str) {
    if docs.is_empty() {
        return;
    }
    let rules = docs.iter().map(|doc| doc.rule.clone());
    if let Err(error) = Database::builder().rules(rules).build() {
        panic!("the lint found no mistake, but: {error}\n{text}");
    }
}
