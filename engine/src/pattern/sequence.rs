//! Word sets in order with bounded gaps, and the merge over positions that confirms them without an automaton.

use crate::byteset::ByteSet;
use crate::error::{BuildErrorKind, PatternError};
use crate::filter::SimdLevel;
use crate::filter::gate::Comparison;
use crate::pattern::dialect;
use crate::rule::{On, Sequence};
use crate::view::fold;

/// A sequence ready to be matched.
#[derive(Clone, Debug)]
pub(crate) struct WordSets {
    sets: Vec<WordSet>,
    gap: usize,
    stop: ByteSet,
    fold: bool,
}

#[derive(Clone, Debug)]
struct WordSet {
    words: Vec<Word>,
    /// The words that begin with each byte: `by_first[b]` are indices into `words`.
    by_first: Vec<Vec<u16>>,
}

#[derive(Clone, Debug)]
struct Word {
    source: String,
    /// The parts between spaces, lower case where case is ignored.
    parts: Vec<Vec<u8>>,
    /// The first bytes of the first part with bit 5 set, to refuse a position at once.
    head: u32,
    head_mask: u32,
    boundary_before: bool,
    boundary_after: bool,
}

/// What a search from one start came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// No match starts here.
    None,
    /// The longest match that starts here ends there.
    Ends(usize),
    /// More text is needed to tell.
    Undecided,
}

/// Most bytes of a run of white space, as `dialect` defines a space.
const MAX_SPACE: usize = 17;

impl WordSets {
    pub(crate) fn new(sequence: &Sequence, on: On) -> Result<WordSets, PatternError> {
        let invalid =
            |message: String, help: &str| Err(PatternError::new(BuildErrorKind::InvalidRule, message, help));
        if sequence.words.len() < 2 {
            return invalid(
                "a sequence needs at least two word sets".to_string(),
                "add a set, or use `regex` or `literal` for a single one",
            );
        }
        let mut sets = Vec::new();
        for words in &sequence.words {
            if words.is_empty() {
                return invalid(
                    "a word set of the sequence is empty".to_string(),
                    "add the words to be found",
                );
            }
            let words: Vec<Word> = words.iter().map(|w| Word::new(w, on)).collect::<Result<_, _>>()?;
            let mut by_first = vec![Vec::new(); 256];
            for (i, word) in words.iter().enumerate() {
                let i = u16::try_from(i).expect("a rule file holds fewer than 65,536 words");
                let first = word.parts[0][0];
                by_first[usize::from(first)].push(i);
                if on == On::Text && first.is_ascii_lowercase() {
                    by_first[usize::from(first.to_ascii_uppercase())].push(i);
                }
            }
            sets.push(WordSet { words, by_first });
        }
        Ok(WordSets { sets, gap: sequence.gap, stop: ByteSet::of(&sequence.stop), fold: on == On::Text })
    }

    /// The expression that the sequence means.
    pub(crate) fn to_regex(&self) -> String {
        let mut regex = String::new();
        for (i, set) in self.sets.iter().enumerate() {
            if i > 0 {
                let stop: String = self.stop.iter().map(|b| format!("\\x{b:02x}")).collect();
                let gap = if stop.is_empty() { ".".to_string() } else { format!("[^{stop}]") };
                regex.push_str(&format!("{gap}{{0,{}}}", self.gap));
            }
            let words: Vec<String> = set.words.iter().map(Word::to_regex).collect();
            regex.push_str(&format!("(?:{})", words.join("|")));
        }
        regex
    }

    /// The most words that one position is compared with in one set.
    pub(crate) fn worst_words_per_byte(&self) -> usize {
        self.sets.iter().map(|s| s.by_first.iter().map(Vec::len).max().unwrap_or(0)).sum::<usize>().max(1)
    }

    /// For each set behind the first one what its words begin with, to tell where one may stand.
    pub(crate) fn heads(&self, level: SimdLevel) -> Vec<Comparison> {
        let either =
            |b: u8| if self.fold { ByteSet::of(&[b, b.to_ascii_uppercase()]) } else { ByteSet::of(&[b]) };
        let head = |word: &Word| word.parts[0].iter().take(HEAD).map(|&b| either(b)).collect();
        let of_set =
            |set: &WordSet| Comparison::with_prefixes(&set.words.iter().map(head).collect::<Vec<_>>(), level);
        self.sets[1..].iter().map(of_set).collect()
    }

    /// Searches for a match that starts at `start` in `text`; `complete` says that nothing follows `text`. `heads` is
    /// what [`heads`](WordSets::heads) gave.
    ///
    /// The ends of one set's words open windows in which the next set's words may begin; windows that overlap are
    /// read once, so the work is at most the width of the pattern for each set.
    pub(crate) fn longest_from(
        &self,
        heads: &[Comparison],
        text: &[u8],
        start: usize,
        complete: bool,
        ends: &mut Ends,
    ) -> Merge {
        let mut undecided = false;
        ends.current.clear();
        self.sets[0].ends_at(text, start, complete, self.fold, &mut ends.current, &mut undecided);
        for (set, heads) in self.sets[1..].iter().zip(heads) {
            let Ends { current, next } = ends;
            current.sort_unstable();
            let (Some(&first), Some(&last)) = (current.first(), current.last()) else { break };
            next.clear();
            for at in heads.positions(text, first, last + self.gap) {
                // Of the ends before it the nearest has the best chances: of being near enough, and of no stop between.
                let end = current[current.partition_point(|&e| e <= at) - 1];
                if at - end <= self.gap && !self.stops(&text[end..at]) {
                    set.ends_at(text, at, complete, self.fold, next, &mut undecided);
                }
            }
            if last + self.gap >= text.len() && !self.stops(text.get(last..).unwrap_or_default()) {
                undecided |= !complete;
            }
            std::mem::swap(current, next);
        }
        if undecided {
            return Merge::Undecided;
        }
        ends.current.iter().max().map_or(Merge::None, |&end| Merge::Ends(end))
    }

    fn stops(&self, gap: &[u8]) -> bool {
        self.stop != ByteSet::EMPTY && gap.iter().any(|&b| self.stop.contains(b))
    }
}

/// Bytes of a word that are looked for before the word is.
const HEAD: usize = 4;

/// Bit 5 of every byte.
const FOLD: u32 = 0x2020_2020;

/// Scratch of a merge: the ends of the words found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends {
    pub(crate) current: Vec<usize>,
    pub(crate) next: Vec<usize>,
}

impl WordSet {
    /// Collects the ends of all words of the set that begin at `at`.
    fn ends_at(
        &self,
        text: &[u8],
        at: usize,
        complete: bool,
        fold: bool,
        ends: &mut Vec<usize>,
        undecided: &mut bool,
    ) {
        let Some(&first) = text.get(at) else {
            *undecided |= !complete;
            return;
        };
        let here =
            text.get(at..at + HEAD).map(|b| u32::from_le_bytes(b.try_into().expect("four bytes")) | FOLD);
        for &i in &self.by_first[usize::from(first)] {
            let word = &self.words[usize::from(i)];
            if here.is_some_and(|here| here & word.head_mask != word.head) {
                continue;
            }
            word.ends_at(text, at, complete, fold, ends, undecided);
        }
    }
}

impl Word {
    fn new(source: &str, on: On) -> Result<Word, PatternError> {
        let (text, open) = match source.strip_suffix('*') {
            Some(text) => (text, true),
            None => (source, false),
        };
        let text = if on == On::Text { fold::text(text) } else { text.to_string() };
        let text = text.as_str();
        let parts: Vec<Vec<u8>> = if on == On::Raw {
            vec![text.as_bytes().to_vec()]
        } else {
            text.split(' ').map(|p| p.as_bytes().to_vec()).collect()
        };
        if parts.iter().any(Vec::is_empty) {
            return Err(PatternError::new(
                BuildErrorKind::InvalidRule,
                format!("the word `{source}` of the sequence is empty or has a space too many"),
                "write words without leading, trailing or doubled spaces",
            ));
        }
        let parts: Vec<Vec<u8>> =
            if on == On::Text { parts.iter().map(|p| p.to_ascii_lowercase()).collect() } else { parts };
        let is_word = |b: Option<&u8>| b.is_some_and(|&b| is_word_byte(b));
        let mut head = [0; HEAD];
        let mut head_mask = [0; HEAD];
        for (i, &b) in parts[0].iter().take(HEAD).enumerate() {
            (head[i], head_mask[i]) = (b | 0x20, 0xff);
        }
        Ok(Word {
            head: u32::from_le_bytes(head),
            head_mask: u32::from_le_bytes(head_mask),
            source: text.to_string(),
            boundary_before: is_word(text.as_bytes().first()),
            boundary_after: !open && is_word(text.as_bytes().last()),
            parts,
        })
    }

    fn to_regex(&self) -> String {
        let before = if self.boundary_before { r"\b" } else { "" };
        let after = if self.boundary_after { r"\b" } else { "" };
        format!("{before}{}{after}", dialect::escape_literal(&self.source))
    }

    fn ends_at(
        &self,
        text: &[u8],
        at: usize,
        complete: bool,
        fold: bool,
        ends: &mut Vec<usize>,
        undecided: &mut bool,
    ) {
        if self.boundary_before && at > 0 && is_word_byte(text[at - 1]) {
            return;
        }
        self.part_ends(0, text, at, complete, fold, ends, undecided);
    }

    #[expect(clippy::too_many_arguments, reason = "the recursion over the parts hands all of them down")]
    fn part_ends(
        &self,
        part: usize,
        text: &[u8],
        at: usize,
        complete: bool,
        fold: bool,
        ends: &mut Vec<usize>,
        undecided: &mut bool,
    ) {
        let bytes = &self.parts[part];
        let available = &text[at..];
        let length = bytes.len().min(available.len());
        let same = if fold {
            available[..length].eq_ignore_ascii_case(&bytes[..length])
        } else {
            available[..length] == bytes[..length]
        };
        if !same {
            return;
        }
        if length < bytes.len() {
            *undecided |= !complete;
            return;
        }
        let end = at + length;
        if part + 1 < self.parts.len() {
            each_space_end(text, end, complete, undecided, &mut |next, undecided| {
                self.part_ends(part + 1, text, next, complete, fold, ends, undecided);
            });
            return;
        }
        if self.boundary_after {
            match text.get(end) {
                Some(&b) if is_word_byte(b) => return,
                Some(_) => {}
                None if complete => {}
                None => {
                    *undecided = true;
                    return;
                }
            }
        }
        ends.push(end);
    }
}

/// Calls `found` with every position at which a space that begins at `at` may end, each once.
///
/// Follows the expression for a space in `dialect`: white space, or a line break with prefixes.
fn each_space_end(
    text: &[u8],
    at: usize,
    complete: bool,
    undecided: &mut bool,
    found: &mut dyn FnMut(usize, &mut bool),
) {
    // Bit i: a space can end at `at + i`.
    let mut possible = 0u32;
    let limit = text.len().min(at + MAX_SPACE);
    let window = &text[at.min(text.len())..limit];
    if let [b' ' | b'\t', next, ..] = window
        && !is_space(*next)
    {
        // PERF: almost every space is one byte, and then there is no line break to look for.
        found(at + 1, undecided);
        return;
    }
    if window.len() < MAX_SPACE && !complete {
        // A longer run may follow; whether it matters is only known once it is there.
        let only_space_bytes = window.iter().all(|&b| is_space(b) || is_prefix(b));
        *undecided |= only_space_bytes;
    }
    for (i, _) in window.iter().enumerate().take(8).take_while(|(_, b)| is_space(**b)) {
        possible |= 1 << (i + 1);
    }
    // `[ \t\r]{0,2}\n[ \t\r\n]{0,4}(?:[prefix]{1,3}[ \t]{0,2}){1,2}` as a walk over sets of positions.
    let step = |from: u32, least: usize, most: usize, accepts: &dyn Fn(u8) -> bool| -> u32 {
        let mut reached = if least == 0 { from } else { 0 };
        let mut now = from;
        for count in 1..=most {
            let mut next = 0u32;
            for (i, &b) in window.iter().enumerate() {
                if now >> i & 1 != 0 && accepts(b) {
                    next |= 1 << (i + 1);
                }
            }
            if next == 0 {
                break;
            }
            if count >= least {
                reached |= next;
            }
            now = next;
        }
        reached
    };
    let blank = |b: u8| matches!(b, b' ' | b'\t' | b'\r');
    let lines = |b: u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let tabs = |b: u8| matches!(b, b' ' | b'\t');
    let after_break = step(step(1, 0, 2, &blank), 1, 1, &|b| b == b'\n');
    let indented = step(after_break, 0, 4, &lines);
    let once = step(step(indented, 1, 3, &is_prefix), 0, 2, &tabs);
    let twice = step(step(once, 1, 3, &is_prefix), 0, 2, &tabs);
    possible |= once | twice;
    for i in 1..=MAX_SPACE {
        if possible >> i & 1 != 0 {
            found(at + i, undecided);
        }
    }
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

fn is_prefix(b: u8) -> bool {
    matches!(b, b'>' | b'#' | b'*' | b'/' | b';' | b'|' | b'%' | b'+' | b'-')
}

/// A byte of a word, as `\b` sees it.
fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}
