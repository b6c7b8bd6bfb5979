//! What a reader of a message reads: its strings, each by itself.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::json::{JsonError, Reader, Token, splice, unescape};
use crate::message::MAX_DEPTH;

/// The strings of a document as the engine is given them.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// The values, each on lines of its own, then the keys. A line break is the end of a line to every rule, so that strings
    /// stay apart, and white space to every phrase, so that one that was cut into several strings is still one.
    pub(crate) joined: Vec<u8>,
    /// The values with their keys: the place in `joined`.
    pub(crate) values: Vec<Value>,
    /// The middles of long strings: their places in the document.
    middles: Vec<Range<usize>>,
}

/// So much of either end of a long string belongs to the shape of a document. It is twice what a pattern about shapes spans, since
/// text with escapes is longer.
const SHAPE: usize = 1 << 10;

/// A string that is a value.
#[derive(Debug)]
pub(crate) struct Value {
    /// The nearest key above it.
    pub(crate) key: Vec<u8>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Texts {
    /// The strings of a document.
    ///
    /// # Errors
    /// If it is no JSON.
    pub(crate) fn of(document: &[u8]) -> Result<Texts, JsonError> {
        let mut texts = Texts::default();
        let mut keys = Vec::new();
        let mut above: Vec<Vec<u8>> = Vec::new();
        let mut reader = Reader::new(document, MAX_DEPTH)?;
        while let Some(token) = reader.next()? {
            match token {
                Token::ObjectStart | Token::ArrayStart => above.push(Vec::new()),
                Token::ObjectEnd | Token::ArrayEnd => drop(above.pop()),
                Token::Key(span) => {
                    let name = unescape(&document[span]);
                    if let Some(key) = above.last_mut() {
                        *key = name.as_bytes().to_vec();
                    }
                    keys.extend_from_slice(name.as_bytes());
                    keys.push(b'\n');
                }
                Token::String(span) => {
                    if span.len() > 2 * SHAPE {
                        texts.middles.push(span.start + SHAPE..span.end - SHAPE);
                    }
                    let key = above.iter().rev().find(|key| !key.is_empty()).cloned().unwrap_or_default();
                    let text = unescape(&document[span]);
                    let blob = if is_blob(&key) { decoded(&text) } else { None };
                    texts.add(key.clone(), text.as_bytes());
                    if let Some(decoded) = blob {
                        texts.add(key, decoded.as_bytes());
                    }
                }
                Token::Scalar(_) => {}
            }
        }
        texts.joined.extend_from_slice(&keys);
        Ok(texts)
    }

    /// The document as it is written, for rules that look for its shape: without the middles of long strings, in which nothing is
    /// that reaches out of the string.
    pub(crate) fn shape<'d>(&self, document: &'d [u8]) -> Cow<'d, [u8]> {
        if self.middles.is_empty() {
            return Cow::Borrowed(document);
        }
        let edits: Vec<(Range<usize>, &[u8])> =
            self.middles.iter().map(|middle| (middle.clone(), &b" ... "[..])).collect();
        Cow::Owned(splice(document, &edits).into())
    }

    /// Text that is no JSON.
    pub(crate) fn plain(text: &[u8]) -> Texts {
        let mut texts = Texts::default();
        texts.add(Vec::new(), text);
        texts
    }

    /// Adds a string.
    pub(crate) fn add(&mut self, key: Vec<u8>, text: &[u8]) {
        let start = self.joined.len();
        self.joined.extend_from_slice(text);
        self.values.push(Value { key, start, end: self.joined.len() });
        self.joined.push(b'\n');
    }

    /// Takes out the values of which `is_none` says, given the key and the text, that they are no text.
    pub(crate) fn blank(&mut self, is_none: impl Fn(&[u8], &[u8]) -> bool) {
        for value in &self.values {
            let text = &mut self.joined[value.start..value.end];
            if is_none(&value.key, text) {
                text.fill(b' ');
            }
        }
    }

    pub(crate) fn text(&self, value: &Value) -> &[u8] {
        &self.joined[value.start..value.end]
    }
}

/// Whether strings of a key may be base64.
pub(crate) fn is_blob(key: &[u8]) -> bool {
    matches!(key, b"blob" | b"data")
}

/// The text that a string in base64 stands for, if it stands for text.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let compact: String = text.split_ascii_whitespace().collect();
    let bytes = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|e| e.decode(&compact).ok())?;
    if bytes.len() < 8 {
        return None;
    }
    if let [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] = bytes.as_slice() {
        let from = if bytes[0] == 0xff { u16::from_le_bytes } else { u16::from_be_bytes };
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        return Some(String::from_utf16_lossy(&units));
    }
    // What is text but for some bytes is text to whoever reads it leniently.
    let valid = String::from_utf8_lossy(&bytes);
    let odd = valid
        .chars()
        .filter(|c| *c == char::REPLACEMENT_CHARACTER || c.is_control() && !c.is_whitespace())
        .count();
    (odd * 10 <= valid.chars().count()).then(|| valid.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_stand_on_lines_of_their_own() {
        let texts = Texts::of(br#"{"a":["x\ny",{"b":"\u0069gnore"}],"c":1,"d":"z"}"#).unwrap();
        assert_eq!(String::from_utf8_lossy(&texts.joined), "x\ny\nignore\nz\na\nb\nc\nd\n");
        let keys: Vec<_> = texts.values.iter().map(|v| (&v.key[..], texts.text(v))).collect();
        assert_eq!(keys, [(&b"a"[..], &b"x\ny"[..]), (b"b", b"ignore"), (b"d", b"z")]);
    }

    #[test]
    fn keys_end_with_their_objects() {
        let texts = Texts::of(br#"{"a":[{"b":"1"},["2"],"3"],"\u0062lob":"4"}"#).unwrap();
        let keys: Vec<_> = texts.values.iter().map(|v| String::from_utf8_lossy(&v.key)).collect();
        assert_eq!(keys, ["b", "a", "a", "blob"]);
    }

    #[test]
    fn the_shape_is_all_but_the_middles_of_long_strings() {
        let shape = |document: &str| {
            let texts = Texts::of(document.as_bytes()).unwrap();
            String::from_utf8(texts.shape(document.as_bytes()).into_owned()).unwrap()
        };
        let short = format!(r#"{{"a":["{}",{{"b":1}}]}}"#, "x".repeat(2 * SHAPE));
        assert_eq!(shape(&short), short);
        let [x, y] = ["x", "y"].map(|letter| letter.repeat(SHAPE));
        let long = format!(r#"{{"a":["{x}middle{y}",{{"b":"{y}{x}"}}]}}"#);
        assert_eq!(shape(&long), long.replace("middle", " ... "));
    }

    #[test]
    fn blobs_that_are_text_are_read() {
        let read = |blob: &str| Texts::of(format!(r#"{{"blob":"{blob}"}}"#).as_bytes()).unwrap().values.len();
        assert_eq!(read("aWdub3JlIGFsbCBwcmV2aW91cw=="), 2);
        assert_eq!(read("aWdub3JlIGFsbCBwcmV2aW91cw"), 2);
        assert_eq!(read("//5pAGcAbgBvAHIAZQA="), 2);
        assert_eq!(read("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"), 1, "an image");
        assert_eq!(read("not base64!"), 1);
    }
}
