//! An expression over characters in the words of our dialect, which is over bytes.

use std::fmt::Write;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look};
use regex_syntax::utf8::Utf8Sequences;

/// What else a character is that our dialect can't say, behind its ASCII characters: whole characters beyond ASCII, and,
/// as in Go, bytes that are in none.
const BEYOND_ASCII: &str =
    r"[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3}|[\xC0\xC1\xF5-\xFF]";

/// How letter case is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// Both cases of a letter are the same: a letter is written once.
    Blind,
    /// They are not.
    Counts,
}

/// Whether capture groups are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Groups {
    Keep,
    Drop,
}

/// Writes an expression in our dialect.
pub(super) fn print(hir: &Hir, case: Case, groups: Groups) -> String {
    let mut printer = Printer { out: String::new(), case, groups };
    printer.hir(hir);
    printer.out
}

/// Whether letter case never counts in an expression, which has letters and none beyond ASCII.
pub(super) fn is_case_blind(hir: &Hir) -> bool {
    let mut letters = false;
    all_blind(hir, &mut letters) && letters
}

fn all_blind(hir: &Hir, letters: &mut bool) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|b| b.is_ascii() && !b.is_ascii_alphabetic()),
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Class(Class::Unicode(class)) => {
            *letters |= letter(class).is_some();
            let has = |c: char| class.ranges().iter().any(|r| (r.start()..=r.end()).contains(&c));
            let closed = ('a'..='z').all(|c| has(c) == has(c.to_ascii_uppercase()));
            closed && (is_wide(class) || is_plain(class))
        }
        HirKind::Repetition(repetition) => all_blind(&repetition.sub, letters),
        HirKind::Capture(capture) => all_blind(&capture.sub, letters),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(|p| all_blind(p, letters)),
    }
}

/// The letter that a class is both cases of, in lower case. The Kelvin sign is a `k` and the long `s` an `s`: the fold
/// reads them as that.
fn letter(class: &ClassUnicode) -> Option<char> {
    let mut letters = class.ranges().iter().flat_map(|r| r.start()..=r.end());
    let (upper, lower) = (letters.next()?, letters.next()?);
    let is_pair = upper.is_ascii_uppercase() && lower == upper.to_ascii_lowercase();
    let other = letters.next();
    let same = match other {
        None => true,
        Some('\u{17f}') => lower == 's',
        Some('\u{212a}') => lower == 'k',
        Some(_) => false,
    };
    (is_pair && same && letters.next().is_none()).then_some(lower)
}

/// Whether a class has no character beyond ASCII but those that ignoring letter case brings in with `k` and `s`.
fn is_plain(class: &ClassUnicode) -> bool {
    class
        .ranges()
        .iter()
        .filter(|r| !r.end().is_ascii())
        .all(|r| matches!((r.start(), r.end()), ('\u{17f}', '\u{17f}') | ('\u{212a}', '\u{212a}')))
}

/// Whether a class has all characters beyond ASCII.
fn is_wide(class: &ClassUnicode) -> bool {
    class.ranges().last().is_some_and(|r| r.start() <= '\u{80}' && r.end() == char::MAX)
}

struct Printer {
    out: String,
    case: Case,
    groups: Groups,
}

impl Printer {
    fn hir(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty => self.out.push_str("(?:)"),
            HirKind::Literal(literal) => self.bytes(&literal.0),
            HirKind::Class(Class::Unicode(class)) => self.class(class),
            HirKind::Class(Class::Bytes(class)) => {
                let ranges = class.ranges().iter().map(|r| (r.start(), r.end()));
                self.brackets(&ranges.collect::<Vec<_>>());
            }
            HirKind::Look(look) => self.out.push_str(match look {
                Look::StartLF => "^",
                Look::EndLF => "$",
                Look::WordAscii => r"\b",
                Look::WordAsciiNegate => r"\B",
                _ => unreachable!("the other assertions were refused"),
            }),
            HirKind::Repetition(repetition) => {
                match repetition.sub.kind() {
                    // Where any number of characters may stand, it does not matter where one ends.
                    HirKind::Class(Class::Unicode(class))
                        if is_wide(class) && repetition.min <= 1 && repetition.max.is_none() =>
                    {
                        let mut ranges = ascii(class);
                        ranges.push((0x80, 0xff));
                        self.brackets(&ranges);
                    }
                    _ => self.atom(&repetition.sub),
                }
                match (repetition.min, repetition.max) {
                    (0, Some(1)) => self.out.push('?'),
                    (0, None) => self.out.push('*'),
                    (1, None) => self.out.push('+'),
                    (min, None) => self.formatted(format_args!("{{{min},}}")),
                    (min, Some(max)) if min == max => self.formatted(format_args!("{{{min}}}")),
                    (min, Some(max)) => self.formatted(format_args!("{{{min},{max}}}")),
                }
                if !repetition.greedy {
                    self.out.push('?');
                }
            }
            HirKind::Capture(capture) => {
                self.out.push_str(if self.groups == Groups::Keep { "(" } else { "(?:" });
                self.hir(&capture.sub);
                self.out.push(')');
            }
            HirKind::Concat(parts) => {
                for part in parts {
                    match part.kind() {
                        HirKind::Alternation(_) => self.group(part),
                        _ => self.hir(part),
                    }
                }
            }
            HirKind::Alternation(branches) => {
                for (i, branch) in branches.iter().enumerate() {
                    if i > 0 {
                        self.out.push('|');
                    }
                    self.hir(branch);
                }
            }
        }
    }

    fn group(&mut self, hir: &Hir) {
        self.out.push_str("(?:");
        self.hir(hir);
        self.out.push(')');
    }

    /// What a repetition is of.
    fn atom(&mut self, hir: &Hir) {
        let is_atom = match hir.kind() {
            HirKind::Literal(literal) => literal.0.len() == 1,
            HirKind::Class(_) | HirKind::Capture(_) => true,
            _ => false,
        };
        if is_atom { self.hir(hir) } else { self.group(hir) }
    }

    fn formatted(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("a string can be written to");
    }

    /// Bytes that stand for themselves.
    fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    // A plain space would mean any white space.
                    ' ' => self.out.push_str("[ ]"),
                    '\n' => self.out.push_str(r"\n"),
                    '\r' => self.out.push_str(r"\r"),
                    '\t' => self.out.push_str(r"\t"),
                    c if c.is_control() => {
                        let mut utf8 = [0; 4];
                        c.encode_utf8(&mut utf8)
                            .bytes()
                            .for_each(|b| self.formatted(format_args!("\\x{b:02X}")));
                    }
                    c => {
                        regex_syntax::escape_into(c.encode_utf8(&mut [0; 4]), &mut self.out);
                    }
                }
            }
            chunk.invalid().iter().for_each(|b| self.formatted(format_args!("\\x{b:02X}")));
        }
    }

    fn class(&mut self, class: &ClassUnicode) {
        let letter = letter(class).filter(|_| self.case == Case::Blind);
        if let Some(letter) = letter {
            self.out.push(letter);
            return;
        }
        let ascii = ascii(class);
        if class.is_ascii() || self.case == Case::Blind && is_plain(class) {
            self.brackets(&ascii);
            return;
        }
        self.out.push_str("(?:");
        if !ascii.is_empty() {
            self.brackets(&ascii);
            self.out.push('|');
        }
        if is_wide(class) {
            self.out.push_str(BEYOND_ASCII);
        } else {
            let beyond = class.ranges().iter().filter(|r| !r.end().is_ascii());
            let sequences = beyond.flat_map(|r| Utf8Sequences::new(r.start().max('\u{80}'), r.end()));
            for (i, sequence) in sequences.enumerate() {
                if i > 0 {
                    self.out.push('|');
                }
                for range in sequence.as_slice() {
                    self.brackets(&[(range.start, range.end)]);
                }
            }
        }
        self.out.push(')');
    }

    /// A class of bytes.
    fn brackets(&mut self, ranges: &[(u8, u8)]) {
        if let [(byte, last)] = ranges
            && byte == last
            && !byte.is_ascii()
        {
            self.formatted(format_args!("\\x{byte:02X}"));
            return;
        }
        if ranges.is_empty() {
            // A class of nothing, such as `[^\x00-\x{10FFFF}]`.
            self.out.push_str(r"[^\x00-\xFF]");
            return;
        }
        let others: u32 = ranges.iter().map(|(start, end)| u32::from(end - start) + 1).sum();
        if others == 256 {
            self.out.push('.');
            return;
        }
        let missing;
        let ranges = if others > 128 {
            self.out.push_str("[^");
            missing = complement(ranges);
            &missing
        } else {
            self.out.push('[');
            ranges
        };
        for &(start, end) in ranges {
            self.in_brackets(start);
            if start != end {
                if end - start > 1 {
                    self.out.push('-');
                }
                self.in_brackets(end);
            }
        }
        self.out.push(']');
    }

    fn in_brackets(&mut self, byte: u8) {
        match byte {
            b'\n' => self.out.push_str(r"\n"),
            b'\r' => self.out.push_str(r"\r"),
            b'\t' => self.out.push_str(r"\t"),
            b'\\' | b'[' | b']' | b'^' | b'-' | b'&' | b'~' => {
                self.formatted(format_args!("\\{}", char::from(byte)))
            }
            b' '..=b'~' => self.out.push(char::from(byte)),
            _ => self.formatted(format_args!("\\x{byte:02X}")),
        }
    }
}

/// The ASCII characters of a class.
fn ascii(class: &ClassUnicode) -> Vec<(u8, u8)> {
    let byte = |c: char| u8::try_from(c.min('\x7f')).expect("it is at most 0x7f");
    class.ranges().iter().filter(|r| r.start().is_ascii()).map(|r| (byte(r.start()), byte(r.end()))).collect()
}

fn complement(ranges: &[(u8, u8)]) -> Vec<(u8, u8)> {
    let mut missing = Vec::new();
    let mut next = 0u16;
    for &(start, end) in ranges {
        if let (Ok(from), Some(to)) = (u8::try_from(next), start.checked_sub(1))
            && from <= to
        {
            missing.push((from, to));
        }
        next = u16::from(end) + 1;
    }
    if let Ok(from) = u8::try_from(next) {
        missing.push((from, 0xff));
    }
    missing
}
