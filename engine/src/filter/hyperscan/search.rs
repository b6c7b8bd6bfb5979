//! Looking for the anchors with the library.

use std::collections::{BTreeMap, HashMap};

use crate::anchor::hash::{WORD_KEY, word_key};
use crate::anchor::list::AnchorList;
use crate::anchor::{MAX_ANCHOR, MAX_APART};
use crate::filter::hyperscan::expression;
use crate::filter::hyperscan::library::{Library, Scratch};
use crate::filter::runs::RunAnchors;
use crate::filter::table::AnchorTable;
use crate::filter::{Candidate, FilterError};

/// Most strings of a database that is loaded: the library compiles all of them together. The built-in rules have some
/// thousand.
const MAX_STRINGS: usize = 1 << 15;

/// Bytes that a string and what stands beside it take.
const OVERLAP: usize = MAX_ANCHOR + 2;

/// A filter over all strings at once.
#[derive(Debug)]
pub(crate) struct HyperscanFilter {
    /// `None` when there are run anchors only.
    library: Option<Library>,
    expressions: Vec<Expression>,
    table: AnchorTable,
    /// For each entry of the table the words of which one comes next, as an index of `nexts`.
    next_of: Vec<u32>,
    /// The keys of next words, in order; the first is empty.
    nexts: Vec<Vec<u64>>,
    runs: RunAnchors,
}

/// What an expression stands for.
#[derive(Debug)]
struct Expression {
    length: usize,
    ends_word: bool,
    /// The entries of the table with these bytes and edges; they differ in what comes next.
    entries: Vec<u32>,
}

impl HyperscanFilter {
    /// Whether these are few enough.
    pub(crate) fn can_take(anchors: &AnchorList) -> bool {
        anchors.strings().count() <= MAX_STRINGS
    }

    pub(crate) fn new(anchors: &AnchorList) -> Result<HyperscanFilter, FilterError> {
        let mut by_expression: BTreeMap<String, Expression> = BTreeMap::new();
        let mut nexts = vec![Vec::new()];
        let mut next_of = Vec::new();
        let mut places: HashMap<&[u64], u32> = HashMap::from([(&[][..], 0)]);
        for (entry, string) in (0u32..).zip(anchors.strings()) {
            let of = by_expression.entry(expression::of(anchors, string)).or_insert_with(|| Expression {
                length: string.positions.len(),
                ends_word: string.ends_word,
                entries: Vec::new(),
            });
            of.entries.push(entry);
            next_of.push(*places.entry(string.next).or_insert_with(|| {
                let mut keys = string.next.to_vec();
                keys.sort_unstable();
                nexts.push(keys);
                u32::try_from(nexts.len() - 1).expect("fewer than 2^32 anchors")
            }));
        }
        let (texts, expressions): (Vec<String>, Vec<Expression>) = by_expression.into_iter().unzip();
        let library = if texts.is_empty() { None } else { Some(Library::new(texts)?) };
        Ok(HyperscanFilter {
            library,
            expressions,
            table: AnchorTable::new(anchors),
            next_of,
            nexts,
            runs: RunAnchors::new(anchors),
        })
    }

    /// See [`Filter::find`](crate::filter::Filter::find).
    ///
    /// # Errors
    /// The library could not scan.
    pub(crate) fn find(
        &self,
        text: &[u8],
        from: usize,
        until: usize,
        scratch: &mut Scratch,
        found: &mut Vec<Candidate>,
    ) -> Result<u64, FilterError> {
        let mut looked = 0;
        if let Some(library) = &self.library {
            let until = until.min(text.len());
            for hit in library.find(text, from.min(until)..until, scratch, OVERLAP)? {
                let expression = &self.expressions[hit.expression as usize];
                // At the end of a word the hit ends behind the byte that follows, or where the library saw the text end.
                let behind = usize::from(expression.ends_word);
                looked += 1;
                self.check(expression, text, from, hit.end.checked_sub(behind), found);
                if expression.ends_word {
                    self.check(expression, text, from, Some(hit.end), found);
                }
            }
        }
        self.runs.find(text, from, found);
        Ok(looked)
    }

    /// Compares the anchors of an expression that may end at `end`.
    fn check(
        &self,
        expression: &Expression,
        text: &[u8],
        from: usize,
        end: Option<usize>,
        found: &mut Vec<Candidate>,
    ) {
        let start = end.and_then(|end| end.checked_sub(expression.length)).filter(|start| *start >= from);
        let Some(start) = start else { return };
        let mut next = None;
        for &entry in &expression.entries {
            let Some((anchor, length)) = self.table.verify(entry, text, start) else { return };
            let end = start + length;
            let nexts = &self.nexts[self.next_of[entry as usize] as usize];
            if nexts.is_empty() || next.get_or_insert_with(|| Next::behind(text, end)).may_be_of(nexts) {
                found.push(Candidate { first_end: end, last_end: end, anchor });
            }
        }
    }

    pub(crate) fn memory(&self) -> usize {
        let nexts: usize = self.nexts.iter().map(|keys| size_of_val(keys.as_slice())).sum();
        self.library.as_ref().map_or(0, Library::memory)
            + self.table.memory()
            + size_of_val(self.next_of.as_slice())
            + nexts
    }
}

/// The word that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Its key.
    Key(u64),
    /// The text ends before it is told, or it is so far away that no anchor speaks of it.
    Unknown,
}

impl Next {
    /// The word behind the one that ends at `end`.
    fn behind(text: &[u8], end: usize) -> Next {
        let behind = &text[end..];
        let Some(apart) = behind.iter().take(MAX_APART + 1).position(u8::is_ascii_alphanumeric) else {
            return Next::Unknown;
        };
        let word = &behind[apart..];
        let most = &word[..word.len().min(WORD_KEY)];
        let length = most.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        if length == word.len() && length < WORD_KEY {
            return Next::Unknown;
        }
        let mut bytes = [0; 8];
        bytes[..length].copy_from_slice(&most[..length]);
        Next::Key(word_key(u64::from_le_bytes(bytes), length))
    }

    fn may_be_of(self, keys: &[u64]) -> bool {
        match self {
            Next::Key(key) => keys.binary_search(&key).is_ok(),
            Next::Unknown => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(word: &str) -> Next {
        let mut bytes = [0; 8];
        bytes[..word.len()].copy_from_slice(word.as_bytes());
        Next::Key(u64::from_le_bytes(bytes))
    }

    #[test]
    fn the_next_word_is_told_by_its_first_bytes() {
        for (behind, next) in [
            (" all ", key("all")),
            ("-\n\"ALL.", key("all")),
            (" previous", key("previo")),
            (" previo", key("previo")),
            (" previ", Next::Unknown),
            (" ", Next::Unknown),
            ("", Next::Unknown),
        ] {
            let text = format!("ignore{behind}");
            assert_eq!(Next::behind(text.as_bytes(), 6), next, "{text}");
        }
    }

    #[test]
    fn a_word_far_away_is_not_looked_at() {
        let text = |apart: usize| format!("ignore{}all ", " ".repeat(apart));
        assert_eq!(Next::behind(text(MAX_APART).as_bytes(), 6), key("all"));
        assert_eq!(Next::behind(text(MAX_APART + 1).as_bytes(), 6), Next::Unknown);
    }
}
