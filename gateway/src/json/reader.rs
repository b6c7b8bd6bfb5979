//! A document as a row of tokens.

use std::collections::HashSet;
use std::ops::Range;

use super::error::JsonError;
use super::string::unescape;

/// What comes next in a document. A span of a string leaves out the quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// The key of a member.
    Key(Range<usize>),
    /// A string that is a value.
    String(Range<usize>),
    /// A number, `true`, `false` or `null`.
    Scalar(Range<usize>),
}

/// Reads a document token by token.
///
/// Time and memory are linear in the document; depth is limited by the caller.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    expect: Expect,
    /// What is open, and for an object the keys it has had.
    open: Vec<Open>,
    max_depth: usize,
}

enum Open {
    Object(Keys),
    Array,
}

#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    /// A value or the end of the array that has just begun.
    ValueOrEnd,
    /// A key or the end of the object that has just begun.
    KeyOrEnd,
    /// A comma or the end of what is open; the end of the document if nothing is.
    More,
}

impl<'a> Reader<'a> {
    /// A reader for a document that may nest `max_depth` deep.
    ///
    /// # Errors
    /// If the bytes are not UTF-8.
    pub(crate) fn new(bytes: &'a [u8], max_depth: usize) -> Result<Reader<'a>, JsonError> {
        if let Err(error) = std::str::from_utf8(bytes) {
            return Err(JsonError::new("bytes that are not UTF-8", error.valid_up_to()));
        }
        Ok(Reader { bytes, at: 0, expect: Expect::Value, open: Vec::new(), max_depth })
    }
    /// The byte behind the last token.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The next token, or `None` at the end of a complete document.
    ///
    /// # Errors
    /// If the document is not JSON, nests too deep, or an object has a key twice.
    pub(crate) fn next(&mut self) -> Result<Option<Token>, JsonError> {
        self.space();
        match self.expect {
            Expect::Value => self.value().map(Some),
            Expect::ValueOrEnd if self.peek() == Some(b']') => self.close(),
            Expect::ValueOrEnd => self.value().map(Some),
            Expect::KeyOrEnd if self.peek() == Some(b'}') => self.close(),
            Expect::KeyOrEnd => self.key().map(Some),
            Expect::More => match (self.open.last(), self.peek()) {
                (None, None) => Ok(None),
                (None, Some(_)) => Err(self.error("something behind the end of the document")),
                (Some(Open::Object(_)), Some(b',')) => {
                    self.at += 1;
                    self.space();
                    self.key().map(Some)
                }
                (Some(Open::Array), Some(b',')) => {
                    self.at += 1;
                    self.space();
                    self.value().map(Some)
                }
                (Some(Open::Object(_)), Some(b'}')) | (Some(Open::Array), Some(b']')) => self.close(),
                _ => Err(self.error("neither a comma nor the end of what is open")),
            },
        }
    }

    /// Reads to the end of the value that `first` began.
    pub(crate) fn skip(&mut self, first: &Token) -> Result<(), JsonError> {
        if !matches!(first, Token::ObjectStart | Token::ArrayStart) {
            return Ok(());
        }
        let outside = self.open.len() - 1;
        while self.open.len() > outside {
            self.next()?;
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Token, JsonError> {
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.open(Open::Object(Keys::default()), Expect::KeyOrEnd, Token::ObjectStart),
            Some(b'[') => self.open(Open::Array, Expect::ValueOrEnd, Token::ArrayStart),
            Some(b'"') => {
                self.expect = Expect::More;
                self.string().map(Token::String)
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                self.expect = Expect::More;
                Ok(Token::Scalar(start..self.at))
            }
            _ => {
                let word = [&b"true"[..], b"false", b"null"]
                    .into_iter()
                    .find(|w| self.bytes[start..].starts_with(w));
                let Some(word) = word else { return Err(self.error("no value")) };
                self.at += word.len();
                self.expect = Expect::More;
                Ok(Token::Scalar(start..self.at))
            }
        }
    }

    fn open(&mut self, open: Open, expect: Expect, token: Token) -> Result<Token, JsonError> {
        if self.open.len() == self.max_depth {
            return Err(self.error(format!("nested more than {} deep", self.max_depth)));
        }
        self.open.push(open);
        self.at += 1;
        self.expect = expect;
        Ok(token)
    }

    fn close(&mut self) -> Result<Option<Token>, JsonError> {
        self.at += 1;
        self.expect = Expect::More;
        let token = match self.open.pop() {
            Some(Open::Object(_)) => Token::ObjectEnd,
            _ => Token::ArrayEnd,
        };
        Ok(Some(token))
    }

    fn key(&mut self) -> Result<Token, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("no key in quotes"));
        }
        let span = self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.error("no colon behind a key"));
        }
        self.at += 1;
        self.expect = Expect::Value;
        if let Some(Open::Object(keys)) = self.open.last_mut()
            && !keys.add(self.bytes, &span)
        {
            let name = unescape(&self.bytes[span.clone()]);
            return Err(JsonError::new(format!("the key {name:?} for the second time"), span.start));
        }
        Ok(Token::Key(span))
    }

    /// The span between the quotes of the string that begins here.
    fn string(&mut self) -> Result<Range<usize>, JsonError> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            let Some(found) = memchr::memchr2(b'"', b'\\', &self.bytes[at..]) else {
                return Err(JsonError::new("a string without an end", self.at));
            };
            if let Some(control) = self.bytes[at..at + found].iter().position(|b| *b < 0x20) {
                return Err(JsonError::new("a control character in a string", at + control));
            }
            at += found;
            if self.bytes[at] == b'"' {
                self.at = at + 1;
                return Ok(start..at);
            }
            match self.bytes.get(at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                Some(b'u')
                    if self
                        .bytes
                        .get(at + 2..at + 6)
                        .is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)) =>
                {
                    at += 6;
                }
                _ => return Err(JsonError::new("an unknown escape in a string", at)),
            }
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.error("a number without digits")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let digits = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return Err(self.error("a number without digits"));
        }
        self.at += digits;
        Ok(())
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn error(&self, what: impl Into<String>) -> JsonError {
        JsonError::new(what, self.at)
    }
}

/// The keys of an object: compared one by one while there are few, by hash when there are many.
#[derive(Default)]
struct Keys {
    few: Vec<Range<usize>>,
    many: HashSet<String>,
    escaped: bool,
}

const FEW: usize = 16;

impl Keys {
    /// Whether the key is new.
    fn add(&mut self, document: &[u8], key: &Range<usize>) -> bool {
        let raw = &document[key.clone()];
        if self.few.len() < FEW {
            self.escaped |= raw.contains(&b'\\');
            let known = |other: &Range<usize>| {
                let other = &document[other.clone()];
                if self.escaped { unescape(other) == unescape(raw) } else { other == raw }
            };
            if self.few.iter().any(known) {
                return false;
            }
            self.few.push(key.clone());
            return true;
        }
        if self.many.is_empty() {
            self.many = self.few.iter().map(|k| unescape(&document[k.clone()]).into_owned()).collect();
        }
        self.many.insert(unescape(raw).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<Token>, JsonError> {
        let mut reader = Reader::new(text, 64)?;
        let mut tokens = Vec::new();
        while let Some(token) = reader.next()? {
            tokens.push(token);
        }
        Ok(tokens)
    }

    #[test]
    fn tokens_have_their_places() {
        let tokens = read(br#" {"a": [1.5e3, "x\"y", null]} "#).unwrap();
        use Token::*;
        assert_eq!(
            tokens,
            [
                ObjectStart,
                Key(3..4),
                ArrayStart,
                Scalar(8..13),
                String(16..20),
                Scalar(23..27),
                ArrayEnd,
                ObjectEnd
            ]
        );
    }

    #[test]
    fn nothing_is_forgiven() {
        for (text, what) in [
            (&b""[..], "no value at byte 0"),
            (b"{}x", "something behind the end"),
            (b"{\"a\":1,}", "no key in quotes"),
            (b"[1,]", "no value"),
            (b"[1 2]", "neither a comma"),
            (b"{\"a\" 1}", "no colon"),
            (b"NaN", "no value"),
            (b"01", "something behind"),
            (b"1.", "without digits"),
            (b"\"\\x\"", "unknown escape"),
            (b"\"\\u12g4\"", "unknown escape"),
            (b"\"a\nb\"", "control character"),
            (b"\"a", "without an end"),
            (b"\xef\xbb\xbf{}", "no value"),
            (b"\"\xff\"", "not UTF-8 at byte 1"),
            (b"{\"a\":1,\"a\":2}", "the key \"a\" for the second time at byte 8"),
            (b"{\"a\":1,\"\\u0061\":2}", "for the second time"),
            (b"// x\n{}", "no value"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(what), "{:?}: {error}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn many_keys_are_told_apart_in_linear_time() {
        let mut text: String = (0..200_000).map(|i| format!("\"k{i}\":0,")).collect();
        text = format!("{{{}\"end\":0}}", text);
        assert!(read(text.as_bytes()).is_ok());
        let twice = text.replace("\"end\"", "\"\\u006b77\"");
        assert!(read(twice.as_bytes()).unwrap_err().to_string().contains("\"k77\""));
    }

    #[test]
    fn depth_is_limited() {
        let deep = "[".repeat(65) + &"]".repeat(65);
        assert!(read(deep.as_bytes()).unwrap_err().to_string().contains("nested more than 64 deep"));
        assert!(read(&deep.as_bytes()[1..130 - 1]).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_another_parser(text in r#"[\[\]{}:,"\\u0-9a-f.eE+\- \ntrulsn]{0,24}"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let mut reader = Reader::new(text.as_bytes(), 64).unwrap();
            let ours = loop {
                match reader.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break true,
                    Err(error) if error.to_string().contains("second time") => return Ok(()),
                    Err(_) => break false,
                }
            };
            // Halves of surrogate pairs are legal JSON, and numbers have no greatest value in it.
            proptest::prop_assert!(ours == theirs || ours && (text.contains("\\u") || text.contains(['e', 'E'])), "{text:?}");
        }
    }
}
