//! Go's regular expressions (RE2 syntax) in the words of `regex-syntax`.
//!
//! The two agree on most, and where they do not, the second would silently mean something else: `\w`, `\d`, `\s` and `\b`
//! are ASCII in Go; `{,5}` and `[[a]` are plain characters there; `\Q..\E` quotes and `\101` is a letter. So each part is
//! read as Go reads it and written so that it cannot be mistaken; what Go refuses is left for the other parser to refuse.

use std::fmt::Write;
use std::ops::Range;

use super::Mistake;

/// An expression and where its parts come from.
#[derive(Clone, Debug)]
pub(super) struct Translated {
    pub(super) text: String,
    /// For each part its offset here and in what it was translated from, in order.
    places: Vec<(usize, usize)>,
}

impl Translated {
    /// Where the bytes of a range were written.
    pub(super) fn written(&self, range: &Range<usize>) -> Range<usize> {
        let of = |offset: usize| {
            let part = self.places.partition_point(|&(here, _)| here <= offset);
            part.checked_sub(1).map_or(0, |i| self.places[i].1)
        };
        let next = self.places.partition_point(|&(here, _)| here < range.end);
        let end = self.places.get(next).map_or(usize::MAX, |&(_, there)| there);
        of(range.start)..end.max(of(range.start))
    }
}

/// Translates an expression.
pub(super) fn translate(go: &str) -> Result<Translated, Mistake> {
    let mut reader = Reader { go, at: 0, out: Translated { text: String::new(), places: Vec::new() } };
    while reader.at < go.len() {
        reader.part()?;
    }
    reader.out.places.push((reader.out.text.len(), go.len()));
    Ok(reader.out)
}

struct Reader<'g> {
    go: &'g str,
    at: usize,
    out: Translated,
}

/// What an escape stands for.
enum Escape {
    /// One character.
    Char(char),
    /// The inside of a class, and whether all other characters are meant.
    Class(&'static str, bool),
    /// Written alike in both.
    Same,
}

/// The ASCII characters that `\w`, `\d` and `\s` stand for in Go.
const WORD: &str = "0-9A-Za-z_";
const DIGIT: &str = "0-9";
const SPACE: &str = r"\t\n\x0C\r\x20";

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.go[self.at..]
    }

    fn mistake(&self, length: usize, message: impl Into<String>, help: &'static str) -> Mistake {
        Mistake { message: message.into(), help, span: self.at..(self.at + length).min(self.go.len()) }
    }

    /// Writes what the next `length` bytes stand for.
    fn write(&mut self, length: usize, text: &str) {
        self.out.places.push((self.out.text.len(), self.at));
        self.out.text.push_str(text);
        self.at += length;
    }

    fn part(&mut self) -> Result<(), Mistake> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(()) };
        match first {
            '\\' if rest.starts_with(r"\Q") => {
                let quoted = &rest[2..];
                let length = quoted.find(r"\E").unwrap_or(quoted.len());
                let text: String = quoted[..length].chars().map(literal).collect();
                let whole = (2 + length + 2).min(rest.len());
                self.write(whole, &text);
            }
            '\\' if rest.starts_with(r"\b") => self.write(2, r"(?-u:\b)"),
            '\\' if rest.starts_with(r"\B") => self.write(2, r"(?-u:\B)"),
            '\\' => {
                let (escape, length) = self.escape()?;
                let text = match escape {
                    Escape::Char(c) => literal(c),
                    Escape::Class(inside, negated) => format!("[{}{inside}]", if negated { "^" } else { "" }),
                    Escape::Same => self.rest()[..length].to_string(),
                };
                self.write(length, &text);
            }
            '[' => self.class()?,
            '{' if !is_repetition(rest) => self.write(1, r"\{"),
            _ => {
                let text = rest[..first.len_utf8()].to_string();
                self.write(text.len(), &text);
            }
        }
        Ok(())
    }

    /// The escape that begins here, and its length.
    fn escape(&self) -> Result<(Escape, usize), Mistake> {
        let rest = self.rest();
        let Some(c) = rest[1..].chars().next() else {
            return Err(self.mistake(
                1,
                "the expression ends in a backslash",
                "write `\\\\` for a backslash",
            ));
        };
        let same = |length: usize| Ok((Escape::Same, length));
        match c {
            'w' | 'W' => Ok((Escape::Class(WORD, c == 'W'), 2)),
            'd' | 'D' => Ok((Escape::Class(DIGIT, c == 'D'), 2)),
            's' | 'S' => Ok((Escape::Class(SPACE, c == 'S'), 2)),
            'A' | 'z' | 'Z' => Err(self.mistake(
                2,
                format!("`\\{c}` ties a pattern to the edge of the input, which a stream does not have"),
                "use `^` or `$`, which are read as the edges of a line, or `\\b`",
            )),
            'C' | 'G' | 'K' | 'R' | 'X' | 'h' | 'H' | 'N' | 'V' | 'g' | 'k' | 'u' | 'U' | 'E' => Err(self
                .mistake(
                    2,
                    format!("`\\{c}` is no escape of Go's regular expressions"),
                    "write what it is to stand for in their syntax",
                )),
            '0'..='9' => {
                let octal = rest[1..].bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let value = u32::from_str_radix(&rest[1..1 + octal], 8).ok().and_then(char::from_u32);
                match value {
                    Some(value) if c == '0' || octal > 1 => Ok((Escape::Char(value), 1 + octal)),
                    _ => Err(self.mistake(
                        2,
                        "a back-reference can't be matched in linear time",
                        "write out what is to be repeated",
                    )),
                }
            }
            'a' => Ok((Escape::Char('\u{7}'), 2)),
            'f' => Ok((Escape::Char('\u{c}'), 2)),
            't' => Ok((Escape::Char('\t'), 2)),
            'n' => Ok((Escape::Char('\n'), 2)),
            'r' => Ok((Escape::Char('\r'), 2)),
            'v' => Ok((Escape::Char('\u{b}'), 2)),
            'x' => {
                let braced = rest[2..].strip_prefix('{').and_then(|r| r.split_once('}')).map(|(hex, _)| hex);
                let (hex, length) = match braced {
                    Some(hex) => (hex, hex.len() + 4),
                    None => (rest.get(2..4).unwrap_or_default(), 4),
                };
                let value = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
                value.map(|value| (Escape::Char(value), length)).ok_or_else(|| {
                    self.mistake(
                        2,
                        "`\\x` is not followed by the number of a character",
                        "write `\\x7F` or `\\x{10FFFF}`",
                    )
                })
            }
            'p' | 'P' => match rest[2..].strip_prefix('{') {
                Some(name) => same(name.find('}').map_or(2, |end| end + 4)),
                None => same(2 + rest[2..].chars().next().map_or(0, char::len_utf8)),
            },
            _ if c.is_ascii_alphabetic() => same(2),
            _ => Ok((Escape::Char(c), 1 + c.len_utf8())),
        }
    }

    /// A class in brackets: in Go, `[`, `&`, `~` and `-` between others are characters in it.
    fn class(&mut self) -> Result<(), Mistake> {
        let open = self.at;
        let negated = self.rest().starts_with("[^");
        self.write(if negated { 2 } else { 1 }, if negated { "[^" } else { "[" });
        let mut first = true;
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else {
                self.at = open;
                return Err(self.mistake(
                    1,
                    "this `[` is not closed",
                    "add the `]`, or write `\\[` for a bracket",
                ));
            };
            if c == ']' && !first {
                self.write(1, "]");
                return Ok(());
            }
            first = false;
            if let Some(name) = rest.strip_prefix("[:").and_then(|r| r.split_once(":]")).map(|(name, _)| name)
                && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'^')
            {
                let text = format!("[:{name}:]");
                self.write(text.len(), &text);
                continue;
            }
            let (low, length) = match self.member()? {
                Ok(member) => member,
                Err((text, length)) => {
                    self.write(length, &text);
                    continue;
                }
            };
            let behind = &rest[length..];
            if behind.starts_with('-') && !behind.starts_with("-]") && behind.len() > 1 {
                let at = self.at;
                self.at += length + 1;
                let high = self.member()?;
                self.at = at;
                let Ok((high, more)) = high else {
                    return Err(self.mistake(
                        length + 1,
                        "a range ends in a class",
                        "write the `-` last in the brackets",
                    ));
                };
                self.write(length + 1 + more, &format!("{}-{}", literal(low), literal(high)));
            } else {
                self.write(length, &literal(low));
            }
        }
    }

    /// The next character of a class and the length of what stands for it; or what is no single character.
    #[expect(clippy::type_complexity, reason = "either kind is a value with a length")]
    fn member(&self) -> Result<Result<(char, usize), (String, usize)>, Mistake> {
        let rest = self.rest();
        match rest.chars().next() {
            Some('\\') => {
                let (escape, length) = self.escape()?;
                Ok(match escape {
                    Escape::Char(c) => Ok((c, length)),
                    Escape::Class(inside, false) => Err((inside.to_string(), length)),
                    Escape::Class(inside, true) => Err((format!("[^{inside}]"), length)),
                    Escape::Same => Err((rest[..length].to_string(), length)),
                })
            }
            Some(c) => Ok(Ok((c, c.len_utf8()))),
            None => Err(self.mistake(0, "a `[` is not closed", "add the `]`, or write `\\[` for a bracket")),
        }
    }
}

/// Whether `{2}`, `{2,}` or `{2,5}` stands here; everything else in braces is plain text.
fn is_repetition(rest: &str) -> bool {
    let Some((bounds, _)) = rest[1..].split_once('}') else { return false };
    let (least, most) = bounds.split_once(',').unwrap_or((bounds, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// A character that stands for itself, in and outside of brackets.
fn literal(c: char) -> String {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        return c.to_string();
    }
    let mut text = String::new();
    write!(text, "\\x{:02X}", u32::from(c)).expect("a string can be written to");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_written_so_that_it_does_not() {
        for (go, ours) in [
            ("abc.*", "abc.*"),
            (r"\w\D", "[0-9A-Za-z_][^0-9]"),
            (r"[\w-.]", r"[0-9A-Za-z_\x2D\x2E]"),
            (r"[\W]", "[[^0-9A-Za-z_]]"),
            (r"[a-z-_]", r"[a-z\x2D\x5F]"),
            (r"[--/]", r"[\x2D-\x2F]"),
            (r"[[a&&b]", r"[\x5Ba\x26\x26b]"),
            (r"[]a]", r"[\x5Da]"),
            (r"[^]a]", r"[^\x5Da]"),
            (r"[[:alpha:]_]", r"[[:alpha:]\x5F]"),
            (r"[а-я]", "[а-я]"),
            (r"\bx\B", r"(?-u:\b)x(?-u:\B)"),
            (r"\Qa.b\E+", r"a\x2Eb+"),
            (r"\Qa.b", r"a\x2Eb"),
            (r"\101\x41\x{1F600}", "AA😀"),
            (r"a{2,3}{x}a{,5}", r"a{2,3}\{x}a\{,5}"),
            (r"\<\>\-\/", r"\x3C\x3E\x2D\x2F"),
            (r"\p{Greek}\pL", r"\p{Greek}\pL"),
            ("(?P<n>a)(?i:b)", "(?P<n>a)(?i:b)"),
            (r"[\x60'\x22\s;]", r"[\x60\x27\x22\t\n\x0C\r\x20\x3B]"),
        ] {
            assert_eq!(translate(go).map(|t| t.text).map_err(|m| m.message), Ok(ours.to_string()), "{go}");
        }
    }

    #[test]
    fn what_cannot_be_is_said_where_it_stands() {
        for (go, span) in [
            (r"ab\1", 2..4),
            (r"a\Ab", 1..3),
            (r"a\z", 1..3),
            (r"x[ab", 1..2),
            (r"x[a-\d]", 2..4),
            (r"a\", 1..2),
        ] {
            assert_eq!(translate(go).map(|t| t.text).map_err(|m| m.span), Err(span), "{go}");
        }
    }

    #[test]
    fn places_are_those_of_what_was_written() {
        let go = r"\wab\Q..\Ec";
        let translated = translate(go).unwrap_or_else(|m| panic!("{}", m.message));
        for part in [r"\w", "a", "b", r"\Q..\E", "c"] {
            let at = go.find(part).unwrap_or_default();
            let here = translated.places.iter().find(|(_, there)| *there == at).map(|(here, _)| *here);
            let here = here.unwrap_or_default();
            assert_eq!(translated.written(&(here..here + 1)), at..at + part.len(), "{part}");
        }
    }
}
