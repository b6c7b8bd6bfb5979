//! An anchored automaton that finds the matches from one start.
//!
//! It is determinised as the texts ask for it: most of the states of a large expression are never seen, and to build all
//! of them took seconds for all rules. What has been built of it is a worker's, in [`States`].

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

use crate::pattern::sequence::Merge;

/// Bytes that the states of one automaton may take; when they are full, they are forgotten and built anew.
const MAX_STATES_SIZE: usize = 512 << 10;

/// Bytes that the states of all automata of a worker may take before all are forgotten.
const MAX_TOTAL_SIZE: usize = 32 << 20;

/// An expression and, once it is needed, its automaton.
#[derive(Debug)]
pub(crate) struct Automaton {
    hir: Hir,
    /// No match is longer, whatever the expression says.
    most: usize,
    /// Tells it from every other one of this process.
    id: u64,
    dfa: OnceLock<Box<DFA>>,
}

/// The states that a worker's texts have led to, of every automaton.
#[derive(Debug, Default)]
pub(crate) struct States {
    known: HashMap<u64, Known, BuildHasherDefault<Identity>>,
    bytes: usize,
}

#[derive(Debug)]
struct Known {
    cache: Cache,
    /// What it took when it was last looked at.
    bytes: usize,
}

/// The ids are in order, so each is its own hash.
#[derive(Debug, Default)]
struct Identity(u64);

impl Automaton {
    /// An automaton for all matches of an expression.
    pub(crate) fn new(hir: Hir) -> Automaton {
        Automaton::within(hir, usize::MAX)
    }

    /// The same for those of up to `most` bytes.
    pub(crate) fn within(hir: Hir, most: usize) -> Automaton {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Automaton { hir, most, id: NEXT.fetch_add(1, Ordering::Relaxed), dfa: OnceLock::new() }
    }

    /// Builds now what is otherwise built at the first start.
    pub(crate) fn warm(&self) {
        self.dfa();
    }

    fn dfa(&self) -> &DFA {
        self.dfa.get_or_init(|| {
            let nfa = thompson::Compiler::new()
                .configure(thompson::Config::new().utf8(false).which_captures(thompson::WhichCaptures::None))
                .build_from_hir(&self.hir)
                .expect("no size limit was set");
            let config = Config::new()
                .match_kind(MatchKind::All)
                .cache_capacity(MAX_STATES_SIZE)
                // What the largest expressions need at least is what they get.
                .skip_cache_capacity_check(true);
            let dfa = DFA::builder().configure(config).build_from_nfa(nfa);
            Box::new(dfa.expect("word boundaries are ASCII, and the size was not limited"))
        })
    }

    /// The longest match that starts at `start` of `text`; `complete` says that nothing follows `text`.
    pub(crate) fn longest_from(
        &self,
        text: &[u8],
        start: usize,
        complete: bool,
        states: &mut States,
    ) -> Merge {
        let mut longest = Merge::None;
        let settled = self.run(text, start, complete, states, |end| longest = Merge::Ends(end));
        if settled { longest } else { Merge::Undecided }
    }

    /// Appends the ends of all matches that start at `start`. Returns whether these are all: if the text is not complete,
    /// more of it may bring more.
    pub(crate) fn all_ends(
        &self,
        text: &[u8],
        start: usize,
        complete: bool,
        states: &mut States,
        ends: &mut Vec<usize>,
    ) -> bool {
        self.run(text, start, complete, states, |end| ends.push(end))
    }

    /// Whether the expression matches all of `span`, seen by itself.
    pub(crate) fn matches_all(&self, span: &[u8], states: &mut States) -> bool {
        self.longest_from(span, 0, true, states) == Merge::Ends(span.len())
    }

    /// Calls with the ends of all matches from `start`, in order; returns whether these are all.
    fn run(
        &self,
        text: &[u8],
        start: usize,
        complete: bool,
        states: &mut States,
        mut found: impl FnMut(usize),
    ) -> bool {
        const ENDLESS: &str = "the states may be forgotten as often as it takes";
        let dfa = self.dfa();
        let cache = states.of(self.id, dfa);
        let before = start.checked_sub(1).map(|i| text[i]);
        let config = start::Config::new().anchored(Anchored::Yes).look_behind(before);
        let mut state = dfa.start_state(cache, &config).expect(ENDLESS);
        // The byte behind the longest match tells of that match.
        let last = start.saturating_add(self.most).saturating_add(1);
        for (at, &byte) in text[..last.min(text.len())].iter().enumerate().skip(start) {
            state = dfa.next_state(cache, state, byte).expect(ENDLESS);
            if state.is_tagged() {
                // Matches are told one byte late: the state behind this byte speaks of the bytes before it.
                if state.is_match() {
                    found(at);
                } else if state.is_dead() {
                    return true;
                }
            }
        }
        if last <= text.len() {
            return true;
        }
        if complete && dfa.next_eoi_state(cache, state).expect(ENDLESS).is_match() {
            found(text.len());
        }
        complete
    }
}

impl States {
    /// Those of the automaton with this id.
    fn of(&mut self, id: u64, dfa: &DFA) -> &mut Cache {
        if self.bytes > MAX_TOTAL_SIZE {
            self.known.clear();
            self.bytes = 0;
        }
        let known = self.known.entry(id).or_insert_with(|| Known { cache: dfa.create_cache(), bytes: 0 });
        // What the last run has added is noted with the next one.
        let bytes = known.cache.memory_usage();
        self.bytes += bytes.saturating_sub(known.bytes);
        known.bytes = bytes.max(known.bytes);
        &mut known.cache
    }
}

impl Hasher for Identity {
    fn write(&mut self, _: &[u8]) {
        unreachable!("ids are hashed as numbers");
    }

    fn write_u64(&mut self, id: u64) {
        // The upper bits of a hash tell entries of a bucket apart.
        self.0 = id ^ id << 57;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::Search;
    use crate::pattern::dialect;
    use crate::rule::On;

    const EXPRESSIONS: &[&str] =
        &["a{1,3}b{0,2}", r"\ba[ab_]{1,4}\b", "ignore all rules", "^x?ab", r"a.{0,6}b$", "(?:ab|a|aab){1,3}"];

    /// On every start and every prefix of the text: what is settled is what the slow search says, and a text that is whole
    /// settles everything.
    #[test]
    fn what_is_settled_is_the_longest_match() {
        let text = b"aab ab_b\nxab  aabb ignore all\n> rules ab";
        let mut states = States::default();
        for expression in EXPRESSIONS {
            let hir = dialect::parse(expression, On::Text).expect("valid");
            let automaton = Automaton::new(hir.clone());
            let mut slow = Search::new(&hir);
            for length in 0..=text.len() {
                for start in 0..length {
                    let expected = |slow: &mut Search, text| {
                        slow.longest_from(text, start).map_or(Merge::None, Merge::Ends)
                    };
                    let (part, shown) = (&text[..length], format!("{expression} at {start} of {length}"));
                    let whole = automaton.longest_from(part, start, true, &mut states);
                    assert_eq!(whole, expected(&mut slow, part), "{shown}");
                    let open = automaton.longest_from(part, start, false, &mut states);
                    if open != Merge::Undecided {
                        assert_eq!(open, expected(&mut slow, text), "{shown}, and more to come");
                    }
                }
            }
        }
    }

    /// An expression whose states never fit: they are forgotten on the way, and nothing else is.
    #[test]
    fn states_that_are_forgotten_are_built_anew() {
        let hir = dialect::parse("(?:a|b){0,40}a(?:a|b){11}c", On::Exact).expect("valid");
        let automaton = Automaton::new(hir.clone());
        let mut states = States::default();
        let mut slow = Search::new(&hir);
        let mut seed = 1u32;
        let mut forgotten = 0;
        for _ in 0..2000 {
            let text: Vec<u8> = (0..48)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    b"abababababababac"[(seed >> 28) as usize]
                })
                .collect();
            let expected = slow.longest_from(&text, 0).map_or(Merge::None, Merge::Ends);
            assert_eq!(automaton.longest_from(&text, 0, true, &mut states), expected);
            forgotten = states.of(automaton.id, automaton.dfa()).clear_count();
        }
        assert!(forgotten > 0, "the expression has too few states for this test");
        assert!(states.bytes <= 2 * MAX_STATES_SIZE, "{} bytes", states.bytes);
    }
}
