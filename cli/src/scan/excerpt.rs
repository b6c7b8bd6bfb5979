//! The line of a finding, as a person is to see it.

use crate::scan::window::Window;

/// So much is shown before the match, of the match, and behind it, in bytes.
const BEFORE: usize = 40;
const MATCH: usize = 160;
const BEHIND: usize = 40;

/// A line in three parts, nothing sensitive in them, otherwise as it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) before: String,
    pub(crate) matched: String,
    pub(crate) behind: String,
    /// The line begins earlier.
    pub(crate) cut_before: bool,
    /// The match goes on in this line.
    pub(crate) cut_match: bool,
    /// The line goes on behind the match.
    pub(crate) cut_behind: bool,
}

impl Excerpt {
    /// How far an excerpt reaches from the beginning of the match to either side. A window for it must reach one byte
    /// farther to the left, and as far to the right as this and the match's length allow.
    pub(crate) const REACH_BEFORE: u64 = BEFORE as u64 + 4;
    /// To the right of the match's beginning.
    pub(crate) const REACH_BEHIND: u64 = (MATCH + BEHIND) as u64 + 4;

    /// The first line of a match that begins at `start` and ends at `end` of the whole text.
    pub(crate) fn new(window: &Window<'_>, start: u64, end: u64) -> Excerpt {
        let bytes = window.bytes();
        let (start, end) = (window.local(start), window.local(end));
        // The window's first byte is there to be looked at only, unless the text begins with it.
        let first = usize::from(window.base() > 0);
        let line_start =
            bytes[..start].iter().rposition(|&b| b == b'\n').map_or(first, |at| at + 1).max(first);
        let line_begins = line_start == 0 || bytes[line_start - 1] == b'\n';
        let from = window.ceil(line_start.max(start.saturating_sub(BEFORE))).min(start);
        let line_end = bytes[start..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| start + at);
        let shown_end = |end: usize| if bytes[..end].ends_with(b"\r") && end > start { end - 1 } else { end };
        let line_end = if line_end < bytes.len() { shown_end(line_end) } else { line_end };
        let in_line = end.min(line_end);
        let to = if in_line > start + MATCH { window.floor(start + MATCH) } else { in_line };
        let cut_match = to < in_line;
        let until = if cut_match { to } else { line_end.min(to + BEHIND) };
        let until = if until < line_end { window.floor(until).max(to) } else { until };
        // A mask that goes on from part to part is shown once: where the match is.
        let mut before = window.shown(from..start);
        if to > start && window.hides_across(start) {
            before.truncate(before.trim_end_matches('*').len());
        }
        let mut behind = window.shown(to..until);
        if to > start && window.hides_across(to) {
            behind = behind.trim_start_matches('*').to_string();
        }
        Excerpt {
            before,
            matched: window.shown(start..to),
            behind,
            cut_before: from > line_start || !line_begins,
            cut_match,
            cut_behind: !cut_match && until < line_end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, part: &str) -> String {
        let start = text.find(part).unwrap();
        let e =
            Excerpt::new(&Window::new(0, text.as_bytes(), &[]), start as u64, (start + part.len()) as u64);
        let dots = |cut: bool| if cut { "…" } else { "" };
        let cuts = [e.cut_before, e.cut_match, e.cut_behind].map(dots);
        format!("{}{}[{}{}]{}{}", cuts[0], e.before, e.matched, cuts[1], e.behind, cuts[2])
    }

    #[test]
    fn a_line_is_cut_around_its_match() {
        let long = "äbcdefghij".repeat(40);
        assert_eq!(excerpt("one\ntwo three\nfour", "two"), "[two] three");
        assert_eq!(excerpt("one\r\ntwo three\r\nfour", "three"), "two [three]");
        assert_eq!(excerpt("one\r\ntwo three\r\nfour", "three\r\nf"), "two [three]");
        assert_eq!(excerpt("one\ntwo", "\nt"), "one[]");
        assert_eq!(excerpt(&format!("{long}X{long}"), "X").chars().count(), 3 + 2 + 37 + 36);
        let within = excerpt(&format!("a{long}{long}b"), &long);
        assert!(within.starts_with("a[äbc") && within.ends_with("…]"), "{within}");
    }
}
