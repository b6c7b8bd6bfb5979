//! A part of a text, from which nothing sensitive can be taken.

use std::ops::Range;

use hypersieve::{Finding, mask};

/// So much of a match is shown where programs read it.
const MATCH: u64 = 256;

/// A part of a text with what must not be shown of it. All offsets are those of the whole text.
#[derive(Debug)]
pub(crate) struct Window<'t> {
    base: u64,
    bytes: &'t [u8],
    /// Of this part.
    hidden: Vec<Range<usize>>,
}

impl<'t> Window<'t> {
    /// The part of a text that begins at `base`, with the sensitive spans of the whole text.
    ///
    /// What is shown of it must begin behind its first byte, unless the part begins where the text does: so a span
    /// that begins before the part is known to have begun before what is shown.
    pub(crate) fn new(base: u64, bytes: &'t [u8], hidden: &[Range<u64>]) -> Window<'t> {
        let end = base + bytes.len() as u64;
        let local = |offset: u64| {
            usize::try_from(offset.clamp(base, end) - base).expect("a place within a buffer is a usize")
        };
        let touching = hidden.iter().filter(|s| s.start < end && s.end > base);
        let hidden = touching.map(|s| local(s.start)..local(s.end)).collect();
        Window { base, bytes, hidden }
    }

    /// A whole text with its sensitive spans.
    pub(crate) fn whole(bytes: &'t [u8], hidden: Vec<Range<usize>>) -> Window<'t> {
        Window { base: 0, bytes, hidden }
    }

    /// The bytes as they are: for looking, not for showing.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Where the part begins.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// What may be shown of a range of the part's bytes.
    pub(crate) fn shown(&self, range: Range<usize>) -> String {
        debug_assert!(self.base == 0 || range.start > 0, "the first byte of a part is not for showing");
        mask::redact(self.bytes, range, &self.hidden)
    }

    /// Whether something sensitive goes on across the beginning of the byte at `at`.
    pub(crate) fn hides_across(&self, at: usize) -> bool {
        self.hidden.iter().any(|s| s.start < at && at < s.end)
    }

    /// What may be shown of a finding's match, at most 256 bytes of it: as the finding's view reads it, unless it
    /// touches something sensitive.
    pub(crate) fn shown_match(&self, finding: &Finding) -> String {
        let start = self.local(finding.start());
        let end = self.local(finding.end().min(finding.start() + MATCH));
        if !self.hidden.iter().any(|s| s.start < self.local(finding.end()) && s.end > start) {
            return finding.matched().to_string();
        }
        self.shown(start..if self.local(finding.end()) > end { self.floor(end) } else { end })
    }

    /// An offset of the whole text as one of this part.
    pub(crate) fn local(&self, offset: u64) -> usize {
        let local = offset.saturating_sub(self.base);
        usize::try_from(local).map_or(self.bytes.len(), |at| at.min(self.bytes.len()))
    }

    /// The beginning of the character in which `at` lies.
    pub(crate) fn floor(&self, at: usize) -> usize {
        let begins = |at: &usize| self.bytes.get(*at).is_none_or(|b| b & 0xc0 != 0x80);
        (at.saturating_sub(3)..=at).rev().find(begins).unwrap_or(at)
    }

    /// The end of the character in which `at` lies, or `at` if that is where one begins.
    pub(crate) fn ceil(&self, at: usize) -> usize {
        let begins = |at: &usize| self.bytes.get(*at).is_none_or(|b| b & 0xc0 != 0x80);
        (at..=at + 3).find(begins).unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_hides_what_the_whole_text_hides() {
        let text = b"key AKIAZ7Q4JX2MPL8RT6VB end";
        let part = |base: usize, end: usize| Window::new(base as u64, &text[base..end], &[4..24, 90..99]);
        assert_eq!(part(0, 28).shown(0..28), "key AKIA**** end");
        assert_eq!(part(2, 28).shown(1..26), " AKIA**** end");
        assert_eq!(part(10, 28).shown(1..18), "**** end");
        assert_eq!(part(10, 20).shown(1..10), "****");
        assert_eq!(part(24, 28).shown(1..4), "end");
    }

    #[test]
    fn characters_stay_whole() {
        let window = Window::new(0, "a漢b".as_bytes(), &[]);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|at| window.floor(at)), [0, 1, 1, 1, 4, 5]);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|at| window.ceil(at)), [0, 1, 4, 4, 4, 5]);
    }
}
