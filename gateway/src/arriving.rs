//! The strings of a document that has not arrived whole: what can be read of it is read.

use crate::json::unescape;
use crate::text::{decoded, is_blob};

/// The longest escape: a pair of surrogates.
const ESCAPE: usize = 12;

/// Reads the strings of a document as it arrives; what it gives is the text that [`Texts`](crate::text::Texts) joins of the
/// whole.
///
/// It checks nothing, since the whole is read strictly before any of it passes: of what is no JSON it may read anything.
#[derive(Debug, Default)]
pub(crate) struct Arriving {
    /// What is open, with the last key of each object.
    open: Vec<Level>,
    string: Option<Part>,
    /// The text of a string that may stand for other text.
    blob: Option<Vec<u8>>,
    keys: Vec<u8>,
    /// The beginning of an escape whose rest has not arrived.
    cut: Vec<u8>,
}

#[derive(Debug)]
struct Level {
    is_object: bool,
    awaits_key: bool,
    key: Vec<u8>,
}

/// What a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Key,
    Value,
}

impl Arriving {
    /// Reads the next piece, and adds the text of its values to `out`.
    pub(crate) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if self.cut.is_empty() {
            return self.read(piece, ESCAPE, out);
        }
        let joined = [&std::mem::take(&mut self.cut), piece].concat();
        self.read(&joined, ESCAPE, out);
    }

    /// What is left at the end of the document: the keys above all.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        let cut = std::mem::take(&mut self.cut);
        self.read(&cut, 0, out);
        out.append(&mut self.keys);
    }

    /// Reads; an escape with fewer than `least` bytes from its beginning on is kept for later.
    fn read(&mut self, piece: &[u8], least: usize, out: &mut Vec<u8>) {
        let mut rest = piece;
        while let Some(first) = rest.first() {
            let Some(part) = self.string else {
                self.outside(*first);
                rest = &rest[1..];
                continue;
            };
            let plain = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            self.text(part, &rest[..plain], out);
            rest = &rest[plain..];
            match rest.first() {
                Some(b'"') => {
                    self.end(part, out);
                    rest = &rest[1..];
                }
                Some(_) if rest.len() < least => {
                    self.cut = rest.to_vec();
                    return;
                }
                Some(_) => {
                    let length = escape(rest);
                    // A wrong escape is left out: the document is going to be refused for it.
                    if let Some(escape) = rest.get(..length).filter(|escape| is_well_formed(escape)) {
                        self.text(part, unescape(escape).as_bytes(), out);
                    }
                    rest = &rest[length.min(rest.len())..];
                }
                None => {}
            }
        }
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b'{' => self.open.push(Level { is_object: true, awaits_key: true, key: Vec::new() }),
            b'[' => self.open.push(Level { is_object: false, awaits_key: false, key: Vec::new() }),
            b'}' | b']' => drop(self.open.pop()),
            b',' => {
                if let Some(level) = self.open.last_mut() {
                    level.awaits_key = level.is_object;
                }
            }
            b'"' => match self.open.last_mut() {
                Some(level) if level.awaits_key => {
                    level.awaits_key = false;
                    level.key.clear();
                    self.string = Some(Part::Key);
                }
                _ => {
                    let key = self.open.iter().rev().map(|level| &level.key).find(|key| !key.is_empty());
                    self.blob = key.is_some_and(|key| is_blob(key)).then(Vec::new);
                    self.string = Some(Part::Value);
                }
            },
            _ => {}
        }
    }

    fn text(&mut self, part: Part, text: &[u8], out: &mut Vec<u8>) {
        match part {
            Part::Key => {
                self.keys.extend_from_slice(text);
                if let Some(level) = self.open.last_mut() {
                    level.key.extend_from_slice(text);
                }
            }
            Part::Value => {
                out.extend_from_slice(text);
                if let Some(blob) = &mut self.blob {
                    blob.extend_from_slice(text);
                }
            }
        }
    }

    fn end(&mut self, part: Part, out: &mut Vec<u8>) {
        self.string = None;
        match part {
            Part::Key => self.keys.push(b'\n'),
            Part::Value => {
                out.push(b'\n');
                let blob = self.blob.take();
                if let Some(text) =
                    blob.as_deref().map(String::from_utf8_lossy).and_then(|blob| decoded(&blob))
                {
                    out.extend_from_slice(text.as_bytes());
                    out.push(b'\n');
                }
            }
        }
    }
}

/// The length of the escape at the beginning.
fn escape(text: &[u8]) -> usize {
    match text.get(1) {
        Some(b'u') => {
            let high = matches!(text.get(2..4), Some([b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B']));
            let low = matches!(text.get(6..10), Some([b'\\', b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F']));
            if high && low { 12 } else { 6 }
        }
        _ => 2,
    }
}

fn is_well_formed(escape: &[u8]) -> bool {
    let digits = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match escape {
        [b'\\', b'u', code @ ..] if code.len() == 4 => digits(code),
        [b'\\', b'u', code @ ..] if code.len() == 10 => digits(&code[..4]) && digits(&code[6..]),
        [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't'] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Texts;

    fn read(pieces: &[&[u8]]) -> Vec<u8> {
        let mut arriving = Arriving::default();
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| arriving.push(piece, &mut out));
        arriving.finish(&mut out);
        out
    }

    const DOCUMENT: &str = r#" {"a": ["x\ny", {"b\"": "\u0069gnore \ud83d\ude00\ud83d \uDC00é"}], "c": -1.5e3, "": "\\",
        "d": {"e": [], "f": {}, "g": null}, "blob": "aWdub3JlIGFsbCBwcmV2aW91cw==", "data": ["cHJldmlvdXMgb3JkZXJz", {"x": "y"}],
        "z": "\ud83d"} "#;

    #[test]
    fn the_text_is_that_of_the_whole_wherever_it_is_cut() {
        let whole = Texts::of(DOCUMENT.as_bytes()).unwrap().joined;
        assert!(String::from_utf8_lossy(&whole).contains("\nignore all previous\n"));
        let document = DOCUMENT.as_bytes();
        for cut in 0..=document.len() {
            let read = read(&[&document[..cut], &document[cut..]]);
            assert_eq!(String::from_utf8_lossy(&read), String::from_utf8_lossy(&whole), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = document.chunks(1).collect();
        assert_eq!(read(&bytes), whole);
    }

    #[test]
    fn nonsense_does_no_harm() {
        for text in
            [&b"\"\\u12"[..], b"]]}}\"a\\xb\"", b"{\"a\":\"\\ud83d\\uzzzz\"", b",,\"\\", b"\xff\"\xff"]
        {
            for size in 1..=text.len() {
                read(&text.chunks(size).collect::<Vec<_>>());
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_strict_reader(
            text in r#"[\[\]{}:,"\\udD83DcC0-9a-b n]{0,32}"#,
            cut in 0_usize..32,
        ) {
            let cut = cut.min(text.len());
            if let Ok(texts) = Texts::of(text.as_bytes()) {
                let (a, b) = text.as_bytes().split_at(cut);
                proptest::prop_assert_eq!(read(&[a, b]), texts.joined);
            }
        }

        #[test]
        fn agrees_on_documents(strings in proptest::collection::vec(r#"[ -~é\u{1f600}\n]{0,8}"#, 1..8), cut in 0_usize..200) {
            let mut document = serde_json::json!({});
            for (n, text) in strings.iter().enumerate() {
                document = match n % 3 {
                    0 => serde_json::json!({text.clone(): text, "in": document}),
                    1 => serde_json::json!([text, document, n]),
                    _ => serde_json::json!({"blob": document, "data": text}),
                };
            }
            let document = document.to_string();
            let (a, b) = document.as_bytes().split_at(cut.min(document.len()));
            proptest::prop_assert_eq!(read(&[a, b]), Texts::of(document.as_bytes()).unwrap().joined);
        }
    }
}
