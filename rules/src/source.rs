//! A rule file's text, and places in it.

use std::ops::Range;

/// A rule file's name and text.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: String,
}

/// How TOML quotes what has quotes in it.
const TRIPLE: &str = "'''";

impl Source {
    /// A text under the name that messages show; a byte order mark at its beginning is dropped.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Source { name: name.into(), text }
    }

    /// The name that messages show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line, from 1, in which a byte offset lies.
    pub fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        before.iter().filter(|&&b| b == b'\n').count() + 1
    }

    /// Where a part of a scalar's value stands in the file: exactly if the scalar is written on one line without
    /// escapes, else the whole scalar.
    pub(crate) fn locate(&self, scalar: &Range<usize>, value: &str, part: Range<usize>) -> Range<usize> {
        let Some(written) = self.text.get(scalar.clone()) else { return scalar.clone() };
        if value.get(part.clone()).is_none() {
            return scalar.clone();
        }
        let shift = |start: usize| scalar.start + start + part.start..scalar.start + start + part.end;
        if written == value {
            return shift(0);
        }
        let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
        match written.as_bytes().first() {
            _ if written.strip_prefix(TRIPLE).and_then(|w| w.strip_suffix(TRIPLE)) == Some(value) => shift(3),
            Some(b'"') if inner == value => shift(1),
            // In single quotes, a quote is written twice and nothing else is escaped.
            Some(b'\'') if inner.replace("''", "'") == value => {
                let doubled = |end: usize| value[..end].matches('\'').count();
                let (before, upto) = (doubled(part.start), doubled(part.end));
                let place = shift(1);
                place.start + before..place.end + upto
            }
            _ => scalar.clone(),
        }
    }
}

/// Byte offsets of characters, for positions that count characters.
pub(crate) struct CharOffsets {
    /// Of every 64th character the byte offset.
    steps: Vec<usize>,
}

const STEP: usize = 64;

impl CharOffsets {
    pub(crate) fn new(text: &str) -> CharOffsets {
        CharOffsets { steps: text.char_indices().step_by(STEP).map(|(at, _)| at).collect() }
    }

    pub(crate) fn byte(&self, text: &str, index: usize) -> usize {
        let Some(&from) = self.steps.get(index / STEP) else { return text.len() };
        text[from..].char_indices().nth(index % STEP).map_or(text.len(), |(at, _)| from + at)
    }

    /// How many characters stand before a byte offset.
    pub(crate) fn index(&self, text: &str, byte: usize) -> usize {
        let step = self.steps.partition_point(|&at| at <= byte).saturating_sub(1);
        let from = self.steps.get(step).copied().unwrap_or(0);
        step * STEP + text[from..byte].chars().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_scalars_are_found_in_the_file() {
        for (text, scalar, value, part, found) in [
            ("a: bcd", 3..6, "bcd", 1..2, "c"),
            ("a: 'bcd'", 3..8, "bcd", 1..2, "c"),
            ("a: \"bcd\"", 3..8, "bcd", 1..2, "c"),
            ("a: 'b''cd'", 3..10, "b'cd", 2..3, "c"),
            ("a: 'b''cd'", 3..10, "b'cd", 0..2, "b''"),
            ("a: \"b\\tcd\"", 3..10, "b\tcd", 2..3, "\"b\\tcd\""),
            ("a: bcd", 3..6, "bcd", 2..9, "bcd"),
            ("a = '''b'cd'''", 4..14, "b'cd", 2..3, "c"),
        ] {
            let source = Source::new("x", text);
            assert_eq!(&text[source.locate(&scalar, value, part)], found, "{text}");
        }
    }

    #[test]
    fn characters_and_bytes_agree() {
        let text = "é-ü".repeat(100);
        let offsets = CharOffsets::new(&text);
        for (index, (at, _)) in text.char_indices().enumerate() {
            assert_eq!(offsets.byte(&text, index), at);
            assert_eq!(offsets.index(&text, at), index);
        }
        assert_eq!(offsets.byte(&text, 300), text.len());
        assert_eq!(offsets.byte(&text, 9999), text.len());
        assert_eq!(offsets.index(&text, text.len()), 300);
    }

    #[test]
    fn lines_count_from_one() {
        let source = Source::new("x", "a\nb\nc");
        assert_eq!([0, 1, 2, 4, 99].map(|at| source.line(at)), [1, 1, 2, 3, 3]);
    }
}
