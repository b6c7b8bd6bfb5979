//! Class-run anchors: which bytes belong to a class, and where enough of them stand in a row.
//!
//! Everything works on 64-byte blocks as bit masks: bit i of a mask speaks of byte i of the block. The masks come from
//! the portable tables here or from a SIMD kernel; what follows from them is the same code.

use crate::anchor::list::AnchorList;
use crate::filter::Candidate;
use crate::rule::RunClass;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;

/// One bit a kind of byte; a byte may be of several kinds.
pub(crate) mod kind {
    pub(crate) const DIGIT: u8 = 1 << 0;
    pub(crate) const LETTER_AO: u8 = 1 << 1;
    pub(crate) const LETTER_PZ: u8 = 1 << 2;
    pub(crate) const UNDERSCORE: u8 = 1 << 3;
    pub(crate) const SEPARATOR: u8 = 1 << 4;
    pub(crate) const HYPHEN: u8 = 1 << 5;
    pub(crate) const LEAD_GREEK_CYRILLIC: u8 = 1 << 6;
    pub(crate) const LEAD_MARK: u8 = 1 << 7;
    pub(crate) const LETTER: u8 = LETTER_AO | LETTER_PZ;
    pub(crate) const ALPHANUMERIC: u8 = DIGIT | LETTER;
    pub(crate) const TOKEN: u8 = DIGIT | LETTER | UNDERSCORE | HYPHEN;
}

/// The kinds of each byte.
pub(crate) static KINDS: [u8; 256] = {
    let mut kinds = [0u8; 256];
    let mut b = 0usize;
    while b < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "b is below 256, and try_from is not const")]
        let byte = b as u8;
        kinds[b] = match byte {
            b'0'..=b'9' => kind::DIGIT,
            b'A'..=b'O' | b'a'..=b'o' => kind::LETTER_AO,
            b'P'..=b'Z' | b'p'..=b'z' => kind::LETTER_PZ,
            b'_' => kind::UNDERSCORE,
            b' ' | b'.' => kind::SEPARATOR,
            b'-' => kind::SEPARATOR | kind::HYPHEN,
            0xcc | 0xcd => kind::LEAD_MARK,
            // 0xc0, 0xc1, 0xde and 0xdf come along because a table by nibbles can't tell them apart; the confirm step can.
            0xc0 | 0xc1 | 0xce..=0xd1 | 0xde | 0xdf => kind::LEAD_GREEK_CYRILLIC,
            _ => 0,
        };
        b += 1;
    }
    kinds
};

/// The masks of one block that the runs are found in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunMasks {
    pub(crate) digit: u64,
    pub(crate) separator: u64,
    pub(crate) token: u64,
    pub(crate) letter: u64,
    pub(crate) lead_greek_cyrillic: u64,
    pub(crate) lead_mark: u64,
}

impl RunMasks {
    /// The masks of up to 64 bytes, one byte at a time.
    pub(crate) fn portable(block: &[u8]) -> RunMasks {
        let mut masks = RunMasks::default();
        for (i, &b) in block.iter().enumerate() {
            let kinds = KINDS[usize::from(b)];
            let bit = |of: u8| u64::from(kinds & of != 0) << i;
            masks.digit |= bit(kind::DIGIT);
            masks.separator |= bit(kind::SEPARATOR);
            masks.token |= bit(kind::TOKEN);
            masks.letter |= bit(kind::LETTER);
            masks.lead_greek_cyrillic |= bit(kind::LEAD_GREEK_CYRILLIC);
            masks.lead_mark |= bit(kind::LEAD_MARK);
        }
        masks
    }
}

/// The run anchors of a database: for each class in use, the shortest run that is asked for comes first.
#[derive(Debug, Default)]
pub(crate) struct RunAnchors {
    digits: Vec<(u32, usize)>,
    token: Vec<(u32, usize)>,
    marks: Vec<(u32, usize)>,
    mixed_script: Vec<(u32, usize)>,
}

/// Finds runs in a sequence of neighbouring blocks.
#[derive(Debug)]
pub(crate) struct RunSearch<'a> {
    anchors: &'a RunAnchors,
    previous: RunMasks,
    /// Where the digit run and the token run that reach the end of the last block began.
    digits_from: Option<usize>,
    token_from: Option<usize>,
}

impl RunAnchors {
    pub(crate) fn new(anchors: &AnchorList) -> RunAnchors {
        let mut runs = RunAnchors::default();
        for (index, class, length) in anchors.runs() {
            let list = match class {
                RunClass::Digits => &mut runs.digits,
                RunClass::Token => &mut runs.token,
                RunClass::Marks => &mut runs.marks,
                RunClass::MixedScript => &mut runs.mixed_script,
                RunClass::ZeroWidth => continue,
            };
            list.push((index, length));
        }
        for list in [&mut runs.digits, &mut runs.token, &mut runs.marks, &mut runs.mixed_script] {
            list.sort_unstable_by_key(|&(index, length)| (length, index));
        }
        runs
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.digits.is_empty()
            && self.token.is_empty()
            && self.marks.is_empty()
            && self.mixed_script.is_empty()
    }

    /// Finds all runs from `from` on, block by block with the portable tables.
    pub(crate) fn find(&self, text: &[u8], from: usize, found: &mut Vec<Candidate>) {
        if self.is_empty() {
            return;
        }
        let mut search = self.search();
        let mut at = from;
        while at < text.len() {
            let end = (at + BLOCK).min(text.len());
            search.block(text, at, end - at, RunMasks::portable(&text[at..end]), found);
            at = end;
        }
        search.finish(at, found);
    }

    pub(crate) fn search(&self) -> RunSearch<'_> {
        RunSearch { anchors: self, previous: RunMasks::default(), digits_from: None, token_from: None }
    }
}

impl RunSearch<'_> {
    /// Takes the masks of the `length` bytes at `at`, which follow the block before.
    #[inline]
    pub(crate) fn block(
        &mut self,
        text: &[u8],
        at: usize,
        length: usize,
        masks: RunMasks,
        found: &mut Vec<Candidate>,
    ) {
        if !self.anchors.digits.is_empty() {
            self.digits(text, at, length, masks, found);
        }
        if !self.anchors.token.is_empty() {
            let from = &mut self.token_from;
            runs_of(masks.token, at, length, from, &self.anchors.token, found);
        }
        if !self.anchors.marks.is_empty() && (masks.lead_mark | self.previous.lead_mark >> 60) != 0 {
            self.marks(text, at, masks, found);
        }
        if !self.anchors.mixed_script.is_empty()
            && (masks.lead_greek_cyrillic | self.previous.lead_greek_cyrillic >> 60) != 0
        {
            self.mixed_script(text, at, masks, found);
        }
        self.previous = masks;
    }

    /// Ends the search: `at` is where the last block ended.
    pub(crate) fn finish(&mut self, at: usize, found: &mut Vec<Candidate>) {
        if let Some(from) = self.digits_from.take() {
            report(from, at, &self.anchors.digits, found);
        }
        if let Some(from) = self.token_from.take() {
            report(from, at, &self.anchors.token, found);
        }
    }

    /// Digits, and separators between two digits.
    #[inline]
    fn digits(&mut self, text: &[u8], at: usize, length: usize, masks: RunMasks, found: &mut Vec<Candidate>) {
        let digit_before = u64::from(self.previous.digit >> 63 != 0 && at > 0);
        let digit_behind = text.get(at + length).is_some_and(u8::is_ascii_digit);
        let behind = masks.digit >> 1 | u64::from(digit_behind) << (length - 1);
        let inside = masks.digit | masks.separator & (masks.digit << 1 | digit_before) & behind;
        let from = &mut self.digits_from;
        runs_of(inside, at, length, from, &self.anchors.digits, found);
    }

    /// Three combining marks in a row: leads at three positions two bytes apart.
    fn marks(&self, text: &[u8], at: usize, masks: RunMasks, found: &mut Vec<Candidate>) {
        let lead = u128::from(masks.lead_mark) << 64 | u128::from(self.previous.lead_mark);
        let stacked = lead & lead << 2 & lead << 4;
        // Bit i of the upper half: the third lead stands at byte i, the first four bytes before it.
        for i in bits((stacked >> 64) as u64) {
            let Some(first) = (at + i).checked_sub(4) else { continue };
            report_at(first, &self.anchors.marks, text, found);
        }
    }

    /// An ASCII letter before the first byte, or behind the second byte, of a Greek or Cyrillic letter.
    fn mixed_script(&self, text: &[u8], at: usize, masks: RunMasks, found: &mut Vec<Candidate>) {
        let letter = u128::from(masks.letter) << 64 | u128::from(self.previous.letter);
        let lead =
            u128::from(masks.lead_greek_cyrillic) << 64 | u128::from(self.previous.lead_greek_cyrillic);
        let latin_first = letter << 1 & lead;
        let latin_last = lead << 2 & letter;
        for (mask, length_before) in [(latin_first, 1), (latin_last, 2)] {
            for i in bits((mask >> 64) as u64) {
                let Some(first) = (at + i).checked_sub(length_before) else { continue };
                report_at(first, &self.anchors.mixed_script, text, found);
            }
        }
    }
}

/// Reports the runs of set bits that end in this block; `from` is where the one that reaches its start began.
#[inline]
fn runs_of(
    mask: u64,
    at: usize,
    length: usize,
    from: &mut Option<usize>,
    anchors: &[(u32, usize)],
    found: &mut Vec<Candidate>,
) {
    let shortest = anchors[0].1;
    let full = if length == BLOCK { u64::MAX } else { (1 << length) - 1 };
    let mut rest = mask & full;
    if let Some(start) = *from {
        let ones = (!rest).trailing_zeros() as usize;
        if ones >= length {
            return;
        }
        report(start, at + ones, anchors, found);
        *from = None;
        rest = if ones == 0 { rest } else { rest >> ones << ones };
    }
    // The run that reaches the end of the block goes on.
    let tail = (!(rest << (BLOCK - length))).leading_zeros() as usize;
    if tail > 0 {
        let begin = length - tail.min(length);
        *from = Some(at + begin);
        rest &= (1u64 << begin) - 1;
    }
    // What is left must hold a whole run; most blocks hold none that is long enough.
    let mut long = rest;
    let mut have = 1;
    while have < shortest && long != 0 {
        let step = have.min(shortest - have).min(63);
        long &= long >> step;
        have += step;
    }
    while long != 0 {
        let begin = long.trailing_zeros() as usize;
        let ones = (!(rest >> begin)).trailing_zeros() as usize;
        report(at + begin, at + begin + ones, anchors, found);
        let end = begin + ones;
        long = if end >= 64 { 0 } else { long >> end << end };
    }
}

/// One candidate for each anchor that fits into the run, for all its places at once.
fn report(start: usize, end: usize, anchors: &[(u32, usize)], found: &mut Vec<Candidate>) {
    for &(anchor, length) in anchors.iter().take_while(|(_, length)| *length <= end - start) {
        found.push(Candidate { first_end: start + length, last_end: end, anchor });
    }
}

/// One candidate for each anchor at one place, if it lies within the text.
fn report_at(start: usize, anchors: &[(u32, usize)], text: &[u8], found: &mut Vec<Candidate>) {
    for &(anchor, length) in anchors.iter().filter(|(_, length)| start + length <= text.len()) {
        found.push(Candidate { first_end: start + length, last_end: start + length, anchor });
    }
}

/// The positions of the set bits.
pub(crate) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let i = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            i
        })
    })
}
