//! The laws as checks that panic: what a proptest shrinks, and a fuzz target reports.

use std::collections::BTreeMap;

use hypersieve::oracle::{Key, Oracle};
use hypersieve::{
    Action, Channel, Config, Database, FilterKind, Finding, Policy, Rule, Scanner, SimdLevel, Stream,
    Verdict, View,
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
    let rule =
        database.rules().iter().position(|r| r.id == finding.rule().id).expect("a rule of the database");
    (rule, finding.view(), finding.start(), finding.end())
}

/// A scanner that does what the rules' severities say.
pub(crate) fn scanner(rules: &[Rule], config: Config) -> Scanner {
    let database = Database::builder().rules(rules.iter().cloned()).config(config).build();
    let database = database.unwrap_or_else(|e| panic!("a rule of the stock does not compile: {e}"));
    Scanner::new(&database, Policy::new()).expect("the empty policy names nothing")
}

/// Scanners with every filter, at every SIMD level that this machine has.
pub(crate) fn scanners(rules: &[Rule]) -> Vec<(String, Scanner)> {
    let levels = SimdLevel::ALL.into_iter().filter(|l| l.is_available() && *l != SimdLevel::Auto);
    let native = levels.map(|l| (format!("native/{l}"), Config::new().simd(l)));
    let others = FilterKind::ALL.into_iter().filter(|kind| *kind != FilterKind::Native);
    let others = others.map(|kind| (kind.to_string(), Config::new().filter(kind)));
    native.chain(others).map(|(name, config)| (name, scanner(rules, config))).collect()
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

/// What a boundary promises; one is declared at each cut.
///
/// - Everything before it is cleared.
/// - What is listed at the first one is what a text that ends there has.
/// - What a text that ends at a later one has, or the whole text in the end, is listed, too, if it does not overlap
///   something that the same rule had already reported. (In a view it may also overlap a match that was dropped for
///   such an overlap; the rule is then listed, but not this match.)
/// - The same holds of limits and actions: what was said once stays said.
/// - How the text between two boundaries is cut does not matter.
pub(crate) fn boundaries(scanner: &Scanner, text: &[u8], channel: Channel, cuts: &[usize]) {
    let mut watched = Watched::new(scanner, channel);
    let mut byte_by_byte = Watched::new(scanner, channel);
    let mut limits: Vec<String> = Vec::new();
    let mut last = 0;
    for (i, &cut) in cuts.iter().enumerate() {
        watched.push(&text[last..cut]);
        text[last..cut].chunks(1).for_each(|byte| byte_by_byte.push(byte));
        last = cut;
        let so_far = whole(scanner, &text[..cut], channel);
        let listed = watched.boundary();
        if i == 0 {
            assert_eq!(listed, so_far.findings, "at the first boundary: {}", shown(&text[..cut]));
            assert_eq!(watched.action, so_far.action, "at the first boundary: {}", shown(&text[..cut]));
        }
        assert!(watched.action >= so_far.action, "at the boundary at {cut}: {}", shown(text));
        limits.extend(so_far.limits);
        assert_eq!(byte_by_byte.boundary(), listed, "byte by byte to {cut}: {}", shown(text));
        covers(&listed, &so_far.findings, &text[..cut]);
    }
    watched.push(&text[last..]);
    text[last..].chunks(1).for_each(|byte| byte_by_byte.push(byte));
    let outcome = watched.finish();
    assert_eq!(byte_by_byte.finish(), outcome, "byte by byte with boundaries at {cuts:?}: {}", shown(text));
    let whole = whole(scanner, text, channel);
    limits.extend(whole.limits);
    let lost = limits.iter().find(|limit| !outcome.limits.contains(limit));
    assert_eq!(lost, None, "a limit was hit and is not named: {}", shown(text));
    covers(&outcome.findings, &whole.findings, text);
}

/// Law 5: what stands before or behind a text, a hull's length away, takes nothing from what is found in it.
pub(crate) fn law_5(scanner: &Scanner, before: &[u8], text: &[u8], behind: &[u8], channel: Channel) {
    let far = [b"\n".as_slice(), &b". ".repeat(600), b"\n"].concat();
    let around = [before, &far, text, &far, behind].concat();
    let shift = (before.len() + far.len()) as u64;
    let alone = whole(scanner, text, channel).findings;
    let shifted: Vec<Key> = alone.iter().map(|k| (k.0, k.1, k.2 + shift, k.3 + shift)).collect();
    covers(&whole(scanner, &around, channel).findings, &shifted, &around);
}

/// The offset law: what a view found lies in the original bytes that it names. Those alone say it again.
///
/// Not for rules that look at what stands beside a match. A part of a run is none: what lies in one is found again with
/// what stands before it, and with no more behind it than the rest of a piece and of a match.
pub(crate) fn offsets(scanner: &Scanner, text: &[u8], channel: Channel) {
    let index = |offset: u64| usize::try_from(offset).expect("the text is in memory");
    for found in whole(scanner, text, channel).findings {
        let rule = &scanner.database().rules()[found.0];
        if found.1 == View::Raw || rule.id == "PHRASE_INNER_EDGE" {
            continue;
        }
        let span = &text[index(found.2)..index(found.3)];
        let again = whole(scanner, span, channel).findings;
        let mut says_again = again.iter().any(|a| a.0 == found.0);
        if !says_again && matches!(found.1, View::Unpacked | View::Folded) {
            let upto = text.len().min(index(found.3) + 1200);
            says_again = whole(scanner, &text[..upto], channel).findings.contains(&found);
        }
        assert!(says_again, "{found:?} of {} is not in {}", shown(text), shown(span));
    }
}

/// Each of `wanted` is in `listed`, as far as [`boundaries`] says; rules of which not all are listed can't be checked.
fn covers(listed: &[Key], wanted: &[Key], text: &[u8]) {
    for key in wanted {
        let mut same_rule = listed.iter().filter(|l| l.0 == key.0);
        if same_rule.clone().count() < 100 {
            let covered = same_rule.any(|l| key.1 != View::Raw || l.2 < key.3 && key.2 < l.3);
            assert!(covered, "{key:?} is missing in {listed:?}: {}", shown(text));
        }
    }
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
    /// What was cleared in the end with which findings listed.
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
        assert!(
            cleared + most >= self.pushed,
            "cleared() is {cleared} of {} pushed, {most} may wait",
            self.pushed
        );
        assert!(self.stream.action() >= self.action, "the action fell");
        self.cleared = cleared;
        self.action = self.stream.action();
        // As long as no rule can have more than are listed, the list only grows.
        let same = |last: &(u64, Vec<Key>)| {
            last.1.len() == self.stream.findings().len() && (last.1.len() as u64) < LISTED
        };
        match self.released.last_mut() {
            Some(last) if same(last) => last.0 = cleared,
            _ => {
                let listed = self.listed();
                self.released.push((cleared, listed));
            }
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
