//! What the checks of a pattern see of a match, where that is a capture group.

use std::ops::Range;

use regex_automata::nfa::thompson;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;

use crate::rule::Judged;

/// Finds capture groups. Asked only where there is a match, which is seldom, so it keeps no memory from one to the next.
#[derive(Debug)]
pub(crate) struct Groups {
    vm: PikeVM,
    judged: Judged,
}

impl Groups {
    /// `None` if the whole match is judged.
    pub(crate) fn new(hir: &Hir, judged: Judged) -> Option<Groups> {
        if judged == Judged::Match {
            return None;
        }
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false))
            .build_from_hir(hir)
            .expect("no size limit is set");
        let vm =
            PikeVM::new_from_nfa(nfa).expect("an expression without look-ahead of its own can be simulated");
        Some(Groups { vm, judged })
    }

    /// What is judged of the match that starts at `start` and of which no spelling is longer than up to `end`.
    ///
    /// All that the preferred match depends on is there: the longest one could not have been told otherwise.
    pub(crate) fn judged(&self, text: &[u8], start: usize, end: usize) -> Range<usize> {
        let mut slots: Vec<Option<NonMaxUsize>> = vec![None; self.vm.get_nfa().group_info().slot_len()];
        let input = Input::new(text).range(start..end).anchored(Anchored::Yes);
        self.vm.search_slots(&mut self.vm.create_cache(), &input, &mut slots);
        let group = |index: usize| match (slots.get(2 * index), slots.get(2 * index + 1)) {
            (Some(Some(from)), Some(Some(to))) if from.get() < to.get() => Some(from.get()..to.get()),
            _ => None,
        };
        let found = match self.judged {
            Judged::Match => None,
            Judged::Group(index) => group(index.into()),
            Judged::FirstGroup => (1..slots.len() / 2).find_map(group),
        };
        found.unwrap_or(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::dialect;
    use crate::rule::On;

    #[test]
    fn groups_are_those_of_the_preferred_match() {
        for (expression, text, judged, found) in [
            ("key=([a-z]{1,9})(!)?", "key=abc", Judged::Group(1), "abc"),
            ("key=([a-z]{1,9})(!)?", "key=abc", Judged::Group(2), "key=abc"),
            ("key=([a-z]{0,9})(!)?", "key=!", Judged::FirstGroup, "!"),
            ("key=([a-z]{1,9}?)[a-z!]", "key=abc", Judged::Group(1), "a"),
            ("(a|ab)(c|bcd)", "abcd", Judged::Group(1), "a"),
            ("key=([a-z]{1,9})", "key=abc", Judged::Match, "key=abc"),
        ] {
            let hir = dialect::parse(expression, On::Exact).expect("valid");
            let text = text.as_bytes();
            let span = Groups::new(&hir, judged).map_or(0..text.len(), |g| g.judged(text, 0, text.len()));
            assert_eq!(text[span].escape_ascii().to_string(), found, "{expression} {judged:?}");
        }
    }
}
