//! Every attack is found in every disguise that leaves it working, and its harmless twin is not.
#![allow(clippy::unwrap_used, reason = "what a test cannot make, it fails on")]

use std::collections::{BTreeMap, BTreeSet};

use hypersieve::{Action, Channel, Config, FilterKind, Finding, Policy, Scanner, SimdLevel, Verdict};
use hypersieve_corpus::disguise::{Dressed, Place, dressed};

/// Rules about the letters of a text, not about what it says: a category, and two rules of others.
const OF_DISGUISES: [&str; 3] = ["unicode-attack", "PROMPT_INJECTION_004", "IAP-012"];

fn is_about_letters(finding: &Finding) -> bool {
    OF_DISGUISES.contains(&finding.category()) || OF_DISGUISES.contains(&finding.rule().id.as_str())
}

fn scanner(config: Config) -> Scanner {
    let database = hypersieve_builtin::database(config);
    Scanner::new(&database, Policy::new()).unwrap()
}

fn scan(scanner: &Scanner, text: &[u8], channel: Channel, piece: usize) -> Verdict {
    let mut stream = scanner.stream(channel);
    for piece in text.chunks(piece.max(1)) {
        stream.push(piece).unwrap();
    }
    stream.finish().unwrap()
}

/// The rules that fire, but for those about disguises.
fn rules(verdict: &Verdict) -> BTreeSet<String> {
    let findings = verdict.findings().iter().filter(|f| !is_about_letters(f));
    findings.map(|f| f.rule().id.clone()).collect()
}

fn channel(place: Place) -> Channel {
    if place == Place::Arguments { Channel::ToolArgs } else { Channel::Any }
}

/// What a rule about the attack itself is: one that fires on the attack as it is meant.
fn about(scanner: &Scanner, sample: &Dressed) -> BTreeSet<String> {
    let plain = sample.attack.text.as_bytes();
    let about = rules(&scan(scanner, plain, channel(sample.place), usize::MAX));
    // Not every rule watches the arguments of a tool call.
    assert!(
        !about.is_empty() || sample.place == Place::Arguments,
        "no rule is about {:?}",
        sample.attack.text
    );
    about
}

#[test]
fn every_attack_is_found_in_every_disguise() {
    let native = scanner(Config::new());
    let portable = scanner(Config::new().simd(SimdLevel::Portable));
    let general = scanner(Config::new().filter(FilterKind::AhoCorasick));
    let samples = dressed(1);
    let mut missed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for sample in &samples {
        let channel = channel(sample.place);
        let verdict = scan(&native, &sample.text, channel, usize::MAX);
        let about = about(&native, sample);
        if !about.is_empty() && rules(&verdict).is_disjoint(&about) {
            println!("missed: {}", sample.text.escape_ascii());
            missed.entry(sample.disguise).or_default().push(&sample.attack.text);
        }
        for (scanner, piece) in [(&portable, 7), (&general, 64), (&native, 1)] {
            let other = scan(scanner, &sample.text, channel, piece);
            assert_eq!(other.findings(), verdict.findings(), "{} in pieces of {piece}", sample.disguise);
            assert_eq!(other.limits(), verdict.limits(), "{} in pieces of {piece}", sample.disguise);
        }
        assert_eq!(verdict.limits(), [], "{} of {:?}", sample.disguise, sample.attack.text);
    }
    let count: usize = missed.values().map(Vec::len).sum();
    println!("{} of {} disguised attacks are found", samples.len() - count, samples.len());
    assert!(missed.is_empty(), "{count} of {} disguised attacks are missed: {missed:#?}", samples.len());
}

#[test]
fn harmless_twins_pass() {
    let scanner = scanner(Config::new());
    let samples = dressed(1);
    let mut flagged = Vec::new();
    for sample in &samples {
        let verdict = scan(&scanner, &sample.twin, channel(sample.place), usize::MAX);
        let found = rules(&verdict);
        if sample.plain {
            assert!(
                verdict.action() < Action::Quarantine,
                "{} stops {:?}: {:?}",
                sample.disguise,
                sample.attack.twin,
                verdict.findings()
            );
        }
        let by_content =
            verdict.findings().iter().any(|f| !is_about_letters(f) && f.severity().action() > Action::Allow);
        if by_content || (sample.plain && verdict.action() > Action::Allow) {
            flagged.push((sample.disguise, sample.attack.twin.as_str(), found));
        }
    }
    println!("{} of {} harmless twins are flagged", flagged.len(), samples.len());
    assert!(flagged.len() * 100 <= samples.len(), "{} of {}: {flagged:#?}", flagged.len(), samples.len());
}
