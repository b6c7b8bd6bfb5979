//! An anchored automaton that finds the longest match from one start and can pause at the end of the text.

use std::sync::OnceLock;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

/// Expressions of at most this many bytes are determinised with the database: each costs well under 0.1 ms.
const EAGER_WIDTH: usize = 12;

/// Largest deterministic automaton in bytes; what would be larger is simulated state set by state set.
const MAX_DFA_SIZE: usize = 1 << 20;

/// An expression and, once it is needed, its automaton.
#[derive(Debug)]
pub(crate) struct Automaton {
    hir: Hir,
    built: OnceLock<Built>,
}

#[derive(Debug)]
enum Built {
    Dfa(Box<dense::DFA<Vec<u32>>>),
    /// The determinised automaton would be too large.
    Simulated(Box<NFA>),
}

/// How far an automaton has come from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    state: StateID,
    /// Bytes consumed.
    read: u32,
    /// Length of the longest match so far; 0 for none, since no pattern matches nothing.
    longest: u32,
}

impl Progress {
    /// Length of the longest match found so far.
    pub(crate) fn longest(&self) -> Option<usize> {
        (self.longest > 0).then_some(self.longest as usize)
    }
}

impl Automaton {
    pub(crate) fn new(hir: Hir) -> Automaton {
        let automaton = Automaton { hir, built: OnceLock::new() };
        if automaton.hir.properties().maximum_len().is_some_and(|width| width <= EAGER_WIDTH) {
            automaton.warm();
        }
        automaton
    }

    /// Builds the automaton now.
    pub(crate) fn warm(&self) {
        self.built();
    }

    fn built(&self) -> &Built {
        self.built.get_or_init(|| {
            let nfa = nfa(&self.hir);
            let dfa = dense::Builder::new()
                .configure(
                    dense::Config::new()
                        .match_kind(MatchKind::All)
                        .start_kind(StartKind::Anchored)
                        .accelerate(false)
                        .dfa_size_limit(Some(MAX_DFA_SIZE))
                        .determinize_size_limit(Some(4 * MAX_DFA_SIZE)),
                )
                .build_from_nfa(&nfa);
            match dfa {
                Ok(dfa) => Built::Dfa(Box::new(dfa)),
                Err(_) => Built::Simulated(Box::new(nfa)),
            }
        })
    }

    /// The state before the first byte of a match that starts at `start`.
    pub(crate) fn begin(&self, text: &[u8], start: usize) -> Progress {
        let state = match self.built() {
            Built::Dfa(dfa) => {
                let before = start.checked_sub(1).map(|i| text[i]);
                let config = start::Config::new().anchored(Anchored::Yes).look_behind(before);
                dfa.start_state(&config)
                    .expect("an anchored start needs no byte that makes the automaton quit")
            }
            Built::Simulated(_) => StateID::ZERO,
        };
        Progress { state, read: 0, longest: 0 }
    }

    /// Reads on from where `progress` stands. Returns whether the longest match is settled.
    pub(crate) fn run(&self, text: &[u8], start: usize, progress: &mut Progress, complete: bool) -> bool {
        match self.built() {
            Built::Dfa(dfa) => run_dfa(dfa, text, start, progress, complete, &mut |_| {}),
            Built::Simulated(nfa) => simulate::run(nfa, text, start, progress, complete, &mut |_| {}),
        }
    }

    /// Appends the ends of all matches that start at `start`. Returns whether these are all: if the text is not complete,
    /// more of it may bring more.
    pub(crate) fn all_ends(&self, text: &[u8], start: usize, complete: bool, ends: &mut Vec<usize>) -> bool {
        let mut progress = self.begin(text, start);
        match self.built() {
            Built::Dfa(dfa) => run_dfa(dfa, text, start, &mut progress, complete, &mut |end| ends.push(end)),
            Built::Simulated(nfa) => {
                simulate::run(nfa, text, start, &mut progress, complete, &mut |end| ends.push(end))
            }
        }
    }

    /// Whether the expression matches all of `span`, seen by itself.
    pub(crate) fn matches_all(&self, span: &[u8]) -> bool {
        let mut progress = self.begin(span, 0);
        self.run(span, 0, &mut progress, true);
        progress.longest() == Some(span.len())
    }
}

fn run_dfa(
    dfa: &dense::DFA<Vec<u32>>,
    text: &[u8],
    start: usize,
    progress: &mut Progress,
    complete: bool,
    found: &mut impl FnMut(usize),
) -> bool {
    let mut state = progress.state;
    let mut read = progress.read;
    for &byte in &text[start + read as usize..] {
        state = dfa.next_state(state, byte);
        // Matches are reported one byte late: the state behind this byte speaks of the bytes before it.
        if dfa.is_special_state(state) {
            if dfa.is_match_state(state) {
                progress.longest = read;
                found(start + read as usize);
            } else if dfa.is_dead_state(state) {
                return true;
            }
        }
        read += 1;
    }
    progress.state = state;
    progress.read = read;
    if complete && dfa.is_match_state(dfa.next_eoi_state(state)) {
        progress.longest = read;
        found(start + read as usize);
    }
    complete
}

fn nfa(hir: &Hir) -> NFA {
    thompson::Compiler::new()
        .configure(thompson::Config::new().utf8(false).which_captures(thompson::WhichCaptures::None))
        .build_from_hir(hir)
        .expect("an expression of bounded width has an automaton, and no limit was set")
}

/// A walk over sets of NFA states, for the few expressions whose automaton would be too large.
///
/// It is slow and always right; nothing is kept between calls, so it starts anew when more text is there.
mod simulate {
    use regex_automata::nfa::thompson::{NFA, State};
    use regex_automata::util::primitives::StateID;

    use super::Progress;

    pub(super) fn run(
        nfa: &NFA,
        text: &[u8],
        start: usize,
        progress: &mut Progress,
        complete: bool,
        found: &mut impl FnMut(usize),
    ) -> bool {
        let mut current = Set::new(nfa.states().len());
        let mut next = Set::new(nfa.states().len());
        let mut longest = 0;
        close(nfa, nfa.start_anchored(), text, start, &mut current, complete);
        for at in start..=text.len() {
            if current.waits {
                // An assertion needs the byte behind the text.
                return false;
            }
            if current.matches {
                longest = at - start;
                found(at);
            }
            if current.states.is_empty() {
                break;
            }
            let Some(&byte) = text.get(at) else {
                if complete {
                    break;
                }
                return false;
            };
            next.clear();
            for &id in &current.states {
                let to = match nfa.state(id) {
                    State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
                    State::Sparse(sparse) => sparse.matches_byte(byte),
                    State::Dense(dense) => dense.matches_byte(byte),
                    _ => None,
                };
                if let Some(to) = to {
                    close(nfa, to, text, at + 1, &mut next, complete);
                }
            }
            std::mem::swap(&mut current, &mut next);
        }
        progress.longest = u32::try_from(longest).expect("matches are at most 512 bytes long");
        true
    }

    struct Set {
        states: Vec<StateID>,
        seen: Vec<bool>,
        matches: bool,
        waits: bool,
    }

    impl Set {
        fn new(states: usize) -> Set {
            Set { states: Vec::new(), seen: vec![false; states], matches: false, waits: false }
        }

        fn clear(&mut self) {
            self.states.clear();
            self.seen.fill(false);
            self.matches = false;
            self.waits = false;
        }
    }

    /// Adds a state and all that follows from it without a byte.
    fn close(nfa: &NFA, from: StateID, text: &[u8], at: usize, set: &mut Set, complete: bool) {
        let mut stack = vec![from];
        while let Some(id) = stack.pop() {
            if std::mem::replace(&mut set.seen[id.as_usize()], true) {
                continue;
            }
            match nfa.state(id) {
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => set.states.push(id),
                State::Union { alternates } => stack.extend(alternates.iter().rev()),
                State::BinaryUnion { alt1, alt2 } => stack.extend([*alt2, *alt1]),
                State::Capture { next, .. } => stack.push(*next),
                State::Look { look, next } => {
                    if at == text.len() && !complete {
                        set.waits = true;
                    } else if nfa.look_matcher().matches(*look, text, at) {
                        stack.push(*next);
                    }
                }
                State::Match { .. } => set.matches = true,
                State::Fail => {}
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use crate::confirm::automaton::{Automaton, Built, nfa};
        use crate::pattern::dialect;
        use crate::rule::On;

        /// Both ways of running an expression agree on every start and every prefix of the text.
        #[test]
        fn agrees_with_the_dfa() {
            let text = b"aab ab_b\nxab  aabb ignore all\n> rules ab";
            for expression in [
                "a{1,3}b{0,2}",
                r"\ba[ab_]{1,4}\b",
                "ignore all rules",
                "^x?ab",
                r"a.{0,6}b$",
                "(?:ab|a|aab){1,3}",
            ] {
                let hir = dialect::parse(expression, On::Text).expect("valid");
                let dfa = Automaton::new(hir.clone());
                dfa.warm();
                let simulated = Built::Simulated(Box::new(nfa(&hir)));
                let simulated = Automaton { hir, built: simulated.into() };
                for length in 0..=text.len() {
                    for start in 0..length {
                        for complete in [false, true] {
                            let run = |automaton: &Automaton| {
                                let mut progress = automaton.begin(&text[..length], start);
                                let settled = automaton.run(&text[..length], start, &mut progress, complete);
                                (settled, settled.then(|| progress.longest()))
                            };
                            let (a, b) = (run(&dfa), run(&simulated));
                            // The DFA may need one byte more to know that it is dead.
                            if a.0 && b.0 {
                                assert_eq!(a, b, "{expression} at {start} of {length}, complete {complete}");
                            }
                            assert!(!complete || (a.0 && b.0));
                        }
                    }
                }
            }
        }
    }
}
