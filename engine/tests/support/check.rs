//! The laws as checks that panic: what a proptest shrinks, and a fuzz target reports.

use std::collections::BTreeMap;

use hypersieve::oracle::{Key, Oracle};
use hypersieve::{
    Action, Channel, Config, Database, FilterKind, Finding, Policy, Rule, Scanner, SimdLevel, Stream, Verdict, View,
};

/// Findings listed for each rule.
const LISTED: u64 = 100;

/// What must not differ: the findings, the counts of the rules, the action, the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) findings: Vec<Key>,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) action: Action,
    pub(crate) limits: Vec<String>,
}

impl Outcome {
    pub(crate) fn of(database: &Database, verdict: &Verdict) -> Outcome {
        Outcome {
            findings: verdict.findings().iter().map(|f| key(database, f)).collect(),
            counts: verdict.counts().map(|(rule, count)| (rule.id.clone(), count)).collect(),
            action: verdict.action(),
            limits: verdict.limits().iter().map(ToString::to_string).collect(),
        }
    }

    /// What a verdict must say if these are all findings.
    pub(crate) fn expected(rules: &[Rule], channel: Channel, all: &[Key]) -> Outcome {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut findings = Vec::new();
        let mut action = Action::Allow;
        for key in all {
            let rule = &rules[key.0];
            let count = counts.entry(rule.id.clone()).or_default();
            *count += 1;
            if *count <= LISTED {
                findings.push(*key);
            }
            action = action.max(rule.severity_on(channel).expect("the rule watches the channel").action());
        }
        Outcome { findings, counts, action, limits: Vec::new() }
    }
}

/// A finding's key.
pub(crate) fn key(database: &Database, finding: &Finding) -> Key {
    let rule = database.rules().iter().position(|r| r.id == finding.rule().id).expect("a rule of the database");
    (rule, finding.view(), finding.start(), finding.end())
}

/// A scanner that does what the rules' severities say.
pub(crate) fn scanner(rules: &[Rule], config: Config) -> Scanner {
    let database = Database::builder().rules(rules.iter().cloned()).config(config).build();
    let database = database.unwrap_or_else(|e| panic!("a rule of the stock does not compile: {e}"));
    Scanner::new(&database, Policy::new()).expect("the empty policy names nothing")
}

/// All filters at all SIMD levels that this machine has.
pub(crate) fn configs() -> Vec<(String, Config)> {
    let levels = SimdLevel::ALL.into_iter().filter(|l| l.is_available() && *l != SimdLevel::Auto);
    let mut configs: Vec<(String, Config)> =
        levels.map(|l| (format!("native/{l}"), Config::new().simd(l))).collect();
    configs.push(("aho-corasick".to_string(), Config::new().filter(FilterKind::AhoCorasick)));
    configs
}

pub(crate) fn whole(scanner: &Scanner, text: &[u8], channel: Channel) -> Outcome {
    let verdict = scanner.scan(text, channel).expect("nothing went wrong before");
    Outcome::of(scanner.database(), &verdict)
}

/// Pushes the text in pieces, and checks what a stream promises on the way.
///
/// `cuts` are sorted; two at the same place make an empty push.
pub(crate) fn in_pieces(scanner: &Scanner, text: &[u8], channel: Channel, cuts: &[usize]) -> Outcome {
    let mut watched = Watched::new(scanner, channel);
    let mut last = 0;
    for &cut in cuts.iter().chain([&text.len()]) {
        watched.push(&text[last..cut]);
        last = cut;
    }
    watched.finish()
}

/// Law 1: however the text is cut.
pub(crate) fn law_1(scanner: &Scanner, text: &[u8], channel: Channel, cuts: &[usize]) {
    let expected = whole(scanner, text, channel);
    assert_eq!(in_pieces(scanner, text, channel, cuts), expected, "cut at {cuts:?}: {}", shown(text));
}

/// Law 2: whatever the filter, and what the oracle says.
pub(crate) fn law_2(scanners: &[(String, Scanner)], expected: &Outcome, text: &[u8], channel: Channel) {
    for (name, scanner) in scanners {
        assert_eq!(whole(scanner, text, channel), *expected, "{name}: {}", shown(text));
    }
}

/// What the oracle says.
pub(crate) fn oracle(oracle: &mut Oracle, rules: &[Rule], text: &[u8], channel: Channel) -> Outcome {
    Outcome::expected(rules, channel, &oracle.scan(text, channel))
}

pub(crate) fn shown(text: &[u8]) -> String {
    let shown = text.escape_ascii().to_string();
    if shown.len() > 3000 { format!("{} bytes", text.len()) } else { format!("b\"{shown}\"") }
}

/// A stream that is watched: law 6 and the rest of what it says before it ends.
pub(crate) struct Watched {
    stream: Stream,
    database: Database,
    pushed: u64,
    cleared: u64,
    action: Action,
    /// After each push: what was cleared, and which findings were listed by then.
    released: Vec<(u64, Vec<Key>)>,
    boundaries: Vec<u64>,
}

impl Watched {
    pub(crate) fn new(scanner: &Scanner, channel: Channel) -> Watched {
        Watched {
            stream: scanner.stream(channel),
            database: scanner.database().clone(),
            pushed: 0,
            cleared: 0,
            action: Action::Allow,
            released: Vec::new(),
            boundaries: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.stream.push(bytes).expect("nothing went wrong before");
        self.pushed += bytes.len() as u64;
        self.look();
    }

    /// Declares a boundary, and gives the findings that are listed then.
    pub(crate) fn boundary(&mut self) -> Vec<Key> {
        self.stream.boundary().expect("nothing went wrong before");
        self.look();
        assert_eq!(self.cleared, self.pushed, "a boundary clears everything");
        self.boundaries.push(self.pushed);
        self.listed()
    }

    pub(crate) fn listed(&self) -> Vec<Key> {
        self.stream.findings().iter().map(|f| key(&self.database, f)).collect()
    }

    fn look(&mut self) {
        let cleared = self.stream.cleared();
        let most = self.database.max_holdback();
        assert!(cleared >= self.cleared, "cleared() fell from {} to {cleared}", self.cleared);
        assert!(cleared <= self.pushed, "cleared() is {cleared} of {} pushed", self.pushed);
        assert!(cleared + most >= self.pushed, "cleared() is {cleared} of {} pushed, {most} may wait", self.pushed);
        assert!(self.stream.action() >= self.action, "the action fell");
        self.cleared = cleared;
        self.action = self.stream.action();
        let listed = self.listed();
        if self.released.last().is_none_or(|last| last.0 != cleared || last.1 != listed) {
            self.released.push((cleared, listed));
        }
    }

    pub(crate) fn finish(self) -> Outcome {
        let verdict = self.stream.finish().expect("nothing went wrong before");
        let outcome = Outcome::of(&self.database, &verdict);
        assert!(outcome.action >= self.action, "the action fell at the end");
        assert!(outcome.findings.is_sorted_by(|a, b| order(a) < order(b)), "unsorted or twice: {outcome:?}");
        for (cleared, listed) in &self.released {
            // What completes behind a boundary may begin before it.
            for found in outcome.findings.iter().filter(|_| self.boundaries.is_empty()) {
                assert!(
                    found.2 >= *cleared || listed.contains(found),
                    "{found:?} was not listed when {cleared} bytes were cleared"
                );
            }
            // Of more than a hundred the list shows those that come first, so later ones may leave it again.
            for found in listed.iter().filter(|f| outcome.counts[&self.database.rules()[f.0].id] <= LISTED) {
                assert!(outcome.findings.contains(found), "{found:?} was listed and is gone");
            }
        }
        outcome
    }
}

/// The order of findings in a verdict.
fn order(key: &Key) -> (u64, u64, usize, View) {
    (key.2, key.3, key.0, key.1)
}
