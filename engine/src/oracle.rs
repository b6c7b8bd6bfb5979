//! What a match is, as nested loops: the definition that tests and fuzzers hold the engine against.
//!
//! Nothing here is clever: every pattern is searched from every start of every text, without anchors, filters, pieces or
//! automata of our own. It shares with the engine what a pattern *says* (its expression, its checks, the tokens of a
//! view) and nothing of how a match is found, kept or mapped back. It is slow, and it must stay obvious.

use std::cmp::Reverse;
use std::ops::Range;

use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::Hir;

use crate::channel::Channel;
use crate::error::{BuildError, PatternError};
use crate::pattern;
use crate::rule::{Matching, Pattern, Rule};
use crate::validate::Validator;
use crate::view::escapes::{self, Token};
use crate::view::{MAX_EXTENT, View};

/// What identifies a finding: the rule's index, the view, and start and end in the original.
pub type Key = (usize, View, u64, u64);

/// All findings of `rules` in `text`, sorted by start, end, rule and view.
///
/// # Errors
/// If a pattern can't be read.
pub fn scan(rules: &[Rule], text: &[u8], channel: Channel) -> Result<Vec<Key>, BuildError> {
    Ok(Oracle::new(rules)?.scan(text, channel))
}

/// Makes length, digest and checksum of a damaged database right, so that the rest of it is read, too.
pub fn seal(bytes: &mut [u8]) {
    crate::serial::frame::seal(bytes);
}

/// Rules ready to be searched slowly.
pub struct Oracle {
    rules: Vec<OracleRule>,
    /// How far around a change a view is read.
    reach: usize,
}

struct OracleRule {
    rule: Rule,
    patterns: Vec<OraclePattern>,
}

struct OraclePattern {
    expression: Search,
    validate: Vec<Validator>,
    unless: Vec<Search>,
}

/// An expression and the space to search with it.
pub(crate) struct Search {
    vm: PikeVM,
    cache: pikevm::Cache,
}

/// A text to be searched, and where its bytes come from.
struct Text {
    bytes: Vec<u8>,
    /// For each byte the bytes of the original that it stands for.
    original: Vec<Range<usize>>,
    /// For each byte whether it differs from the original; `None` where all matches count.
    changed: Option<Vec<bool>>,
}

/// A match of one pattern of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    start: usize,
    end: usize,
    pattern: usize,
}

impl Oracle {
    /// Reads the rules' patterns.
    ///
    /// # Errors
    /// If a pattern can't be read.
    pub fn new(rules: &[Rule]) -> Result<Oracle, BuildError> {
        let mut longest = 0;
        let mut all = Vec::new();
        for rule in rules {
            if let Matching::All { within } = rule.matching {
                longest = longest.max(within);
            }
            let mut patterns = Vec::new();
            for (i, pattern) in rule.patterns.iter().enumerate() {
                let (read, width) =
                    OraclePattern::new(pattern).map_err(|e| BuildError::in_pattern(&rule.id, i, e))?;
                longest = longest.max(width);
                patterns.push(read);
            }
            all.push(OracleRule { rule: rule.clone(), patterns });
        }
        // A match is at most `longest` bytes long, and its assertions see one byte more on either side.
        Ok(Oracle { rules: all, reach: longest + 2 })
    }

    /// All findings in `text`, sorted by start, end, rule and view.
    pub fn scan(&mut self, text: &[u8], channel: Channel) -> Vec<Key> {
        let whole = Text::whole(text);
        let stretches = Text::stretches(text, self.reach);
        let mut findings: Vec<Key> = Vec::new();
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if rule.rule.severity_on(channel).is_none() {
                continue;
            }
            let raw: Vec<Range<usize>> = rule.matches(&whole);
            for stretch in &stretches {
                for span in rule.matches(stretch) {
                    let span = stretch.original_span(&span);
                    let known = raw.iter().any(|r| r.start < span.end && span.start < r.end);
                    if !known && span.len() as u64 <= MAX_EXTENT {
                        findings.push((index, View::Escapes, span.start as u64, span.end as u64));
                    }
                }
            }
            findings.extend(raw.iter().map(|r| (index, View::Raw, r.start as u64, r.end as u64)));
        }
        findings.sort_unstable_by_key(|&(rule, view, start, end)| (start, end, rule, view));
        findings
    }
}

impl OracleRule {
    /// The rule's matches in one text, swept, in offsets of that text.
    fn matches(&mut self, text: &Text) -> Vec<Range<usize>> {
        let mut parts: Vec<Part> = Vec::new();
        for (pattern, search) in self.patterns.iter_mut().enumerate() {
            for start in 0..text.bytes.len() {
                if let Some(end) = search.match_at(&text.bytes, start) {
                    parts.push(Part { start, end, pattern });
                }
            }
        }
        match self.rule.matching {
            Matching::Any => sweep_any(parts, text),
            Matching::All { within } => sweep_all(parts, text, self.patterns.len(), within),
        }
    }
}

/// By start, of several the longest; what begins inside the one kept last is dropped.
fn sweep_any(mut parts: Vec<Part>, text: &Text) -> Vec<Range<usize>> {
    parts.sort_unstable_by_key(|p| (p.start, Reverse(p.end)));
    let mut kept: Vec<Range<usize>> = Vec::new();
    for part in parts {
        if text.counts(part.start, part.end) && kept.last().is_none_or(|k| part.start >= k.end) {
            kept.push(part.start..part.end);
        }
    }
    kept
}

/// By end: each part with the latest part of every other pattern; a hull that begins inside the one kept last is dropped.
fn sweep_all(mut parts: Vec<Part>, text: &Text, patterns: usize, within: usize) -> Vec<Range<usize>> {
    parts.sort_unstable_by_key(|p| (p.end, p.start, p.pattern));
    let mut latest: Vec<Option<Part>> = vec![None; patterns];
    let mut kept: Vec<Range<usize>> = Vec::new();
    for part in parts {
        latest[part.pattern] = Some(part);
        let Some(starts) = latest.iter().map(|l| l.map(|l| l.start)).collect::<Option<Vec<usize>>>() else {
            continue;
        };
        let start = starts.into_iter().min().expect("a rule has patterns");
        if part.end - start <= within
            && text.counts(start, part.end)
            && kept.last().is_none_or(|k| start >= k.end)
        {
            kept.push(start..part.end);
        }
    }
    kept
}

impl OraclePattern {
    /// Reads a pattern, and says how long a match can be.
    fn new(pattern: &Pattern) -> Result<(OraclePattern, usize), PatternError> {
        let parsed = pattern::parse(pattern)?;
        let read = OraclePattern {
            expression: Search::new(&parsed.hir),
            validate: pattern.validate.clone(),
            unless: parsed.unless.iter().map(Search::new).collect(),
        };
        Ok((read, parsed.width))
    }

    /// The end of the longest match that starts at `start`, if it passes the checks.
    fn match_at(&mut self, text: &[u8], start: usize) -> Option<usize> {
        let end = self.expression.longest_from(text, start)?;
        let span = &text[start..end];
        let passes = self.validate.iter().all(|v| v.holds(span))
            && !self.unless.iter_mut().any(|u| u.longest_from(span, 0) == Some(span.len()));
        passes.then_some(end)
    }
}

impl Search {
    pub(crate) fn new(hir: &Hir) -> Search {
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).which_captures(WhichCaptures::Implicit))
            .build_from_hir(hir)
            .expect("no size limit is set");
        let vm = PikeVM::builder()
            .configure(PikeVM::config().match_kind(MatchKind::All))
            .build_from_nfa(nfa)
            .expect("an automaton without look-ahead of its own can be simulated");
        let cache = vm.create_cache();
        Search { vm, cache }
    }

    /// The end of the longest match that starts at `start`.
    pub(crate) fn longest_from(&mut self, text: &[u8], start: usize) -> Option<usize> {
        let input = Input::new(text).range(start..).anchored(Anchored::Yes);
        let mut slots = [None, None];
        self.vm.search_slots(&mut self.cache, &input, &mut slots)?;
        slots[1].map(|end| end.get())
    }
}

impl Text {
    /// The original.
    fn whole(text: &[u8]) -> Text {
        let original = (0..text.len()).map(|i| i..i + 1).collect();
        Text { bytes: text.to_vec(), original, changed: None }
    }

    /// The view with escapes undone, in stretches around its changes.
    fn stretches(text: &[u8], reach: usize) -> Vec<Text> {
        // Changes with less than `reach` unchanged bytes between them, or exactly as many, share a stretch.
        let mut groups: Vec<Vec<(Range<usize>, Vec<u8>)>> = Vec::new();
        for change in changes(text) {
            match groups.last_mut() {
                Some(group) if change.0.start <= group.last().expect("not empty").0.end + reach => {
                    group.push(change);
                }
                _ => groups.push(vec![change]),
            }
        }
        groups.iter().map(|group| Text::stretch(text, group, reach)).collect()
    }

    fn stretch(text: &[u8], group: &[(Range<usize>, Vec<u8>)], reach: usize) -> Text {
        let mut stretch = Text { bytes: Vec::new(), original: Vec::new(), changed: None };
        let mut changed = Vec::new();
        let mut at = group[0].0.start.saturating_sub(reach);
        let end = text.len().min(group[group.len() - 1].0.end + reach);
        while at < end {
            match group.iter().find(|(original, _)| original.start == at) {
                Some((original, becomes)) => {
                    for &byte in becomes {
                        stretch.bytes.push(byte);
                        stretch.original.push(original.clone());
                        changed.push(true);
                    }
                    at = original.end;
                }
                None => {
                    stretch.bytes.push(text[at]);
                    stretch.original.push(at..at + 1);
                    changed.push(false);
                    at += 1;
                }
            }
        }
        stretch.changed = Some(changed);
        stretch
    }

    /// Whether a match counts: in a view only where a change lies in it or directly beside it.
    fn counts(&self, start: usize, end: usize) -> bool {
        match &self.changed {
            None => true,
            Some(changed) => {
                changed[start.saturating_sub(1)..(end + 1).min(changed.len())].iter().any(|&c| c)
            }
        }
    }

    /// The original bytes of a span, rounded outward to whole tokens.
    fn original_span(&self, span: &Range<usize>) -> Range<usize> {
        self.original[span.start].start..self.original[span.end - 1].end
    }
}

/// The escapes of a text, read from left to right, and what each stands for.
fn changes(text: &[u8]) -> Vec<(Range<usize>, Vec<u8>)> {
    let mut changes = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let token = if text[at] == escapes::TRIGGER { escapes::read(&text[at..]) } else { Token::Plain };
        match token {
            Token::Escape { length, text } => {
                changes.push((at..at + length, text.as_bytes().to_vec()));
                at += length;
            }
            // What is cut off at the end of the text stands for itself, too.
            Token::Plain | Token::Incomplete => at += 1,
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::On;
    use crate::severity::Severity;

    fn search(expression: &str) -> Search {
        Search::new(&pattern::dialect::parse(expression, On::Exact).expect("valid"))
    }

    /// What the oracle rests on: the longest end, from this start only, with the bytes around in sight.
    #[test]
    fn the_longest_end_from_one_start() {
        for (expression, text, start, end) in [
            ("ab|abcd|abc", "xabcde", 1, Some(5)),
            ("ab|abcd|abc", "xabcde", 0, None),
            ("a{1,3}?", "aaaa", 0, Some(3)),
            ("a{1,3}?", "aaaa", 2, Some(4)),
            (r"\bab", "xab", 1, None),
            (r"\bab", " ab", 1, Some(3)),
            (r"ab\b|a", "abc", 0, Some(1)),
            (r"^ab$", "x\nab\n", 2, Some(4)),
            (r"ab$|abc", "abd", 0, None),
        ] {
            let found = search(expression).longest_from(text.as_bytes(), start);
            assert_eq!(found, end, "{expression} at {start} of {text:?}");
        }
    }

    #[test]
    fn stretches_end_behind_their_reach() {
        let shown = |text: &str| -> Vec<String> {
            let stretches = Text::stretches(text.as_bytes(), 3);
            stretches.iter().map(|s| String::from_utf8_lossy(&s.bytes).replace('\n', "_")).collect()
        };
        assert_eq!(shown(r"abcdefg"), [""; 0]);
        assert_eq!(shown(r"abcd\nefgh"), ["bcd_efg"]);
        assert_eq!(shown(r"abcd\nefg\nhijk"), ["bcd_efg_hij"]);
        assert_eq!(shown(r"abcd\nefgh\nijkl"), ["bcd_efg", "fgh_ijk"]);
        assert_eq!(shown(r"\u0041\\u\"), ["A\\u\\"]);
    }

    #[test]
    fn raw_matches_hide_those_of_views() {
        let rules = [Rule::new("A", "c", Severity::Low).pattern(Pattern::regex("abc(?:.d)?"))];
        let keys = scan(&rules, br"abc\nd a\u0062c", Channel::Any).expect("valid");
        assert_eq!(keys, [(0, View::Raw, 0, 3), (0, View::Escapes, 7, 15)]);
    }

    #[test]
    fn hulls_are_swept_by_end() {
        let mut rule = Rule::new("A", "c", Severity::Low)
            .pattern(Pattern::literal("abc"))
            .pattern(Pattern::literal("xyz"));
        rule.matching = Matching::All { within: 8 };
        let spans = |text: &str| -> Vec<(u64, u64)> {
            let keys = scan(std::slice::from_ref(&rule), text.as_bytes(), Channel::Any).expect("valid");
            keys.iter().map(|k| (k.2, k.3)).collect()
        };
        assert_eq!(spans("abc...xyz"), []);
        assert_eq!(spans("abc..xyz"), [(0, 8)]);
        assert_eq!(spans("abc abc xyz xyz"), [(4, 11)]);
        assert_eq!(spans("abcxyzabcxyz"), [(0, 6), (6, 12)]);
    }
}
