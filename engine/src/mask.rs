//! Keeping secrets out of everything that is printed: what counts as one, and what is shown instead.
//!
//! A finding of a `sensitive` rule need not span the whole secret: the pattern saw enough of it to be sure. So its
//! span is grown to the token it lies in, and that of a key in PEM armour to the armour's end. Whoever prints a part
//! of a scanned text prints it through [`redact`] with the spans of *all* findings, whichever finding the line is
//! shown for.

use std::ops::Range;

use crate::Finding;

/// Findings that a verdict lists a rule; the verdict only counts what comes behind them.
const LISTED: usize = 100;
/// So far before a finding the armour's first line may begin.
const TAIL: usize = 64;
/// What stands for a secret.
const STARS: &str = "****";
/// A secret shorter than this, in characters, is not shown at all.
const TOO_SHORT: usize = 12;
/// So many of the first characters of a longer secret are shown, so that people can tell which one it is.
const SHOWN: usize = 4;

/// The parts of `text` that must not be shown, sorted and without overlaps.
///
/// `findings` are those of a verdict on `text`; findings of rules that are not sensitive do not matter. Behind the
/// last finding of a sensitive rule with as many findings as a verdict lists, all is sensitive.
pub fn sensitive_spans(text: &[u8], findings: &[Finding]) -> Vec<Range<usize>> {
    let mut spans = SensitiveSpans::new(findings);
    spans.push(text);
    let local = |offset: u64| usize::try_from(offset).expect("a span ends inside the text in memory");
    spans.finish().into_iter().map(|s| local(s.start)..local(s.end)).collect()
}

/// What is shown instead of a secret: its first four characters if it has at least twelve, and `****`.
pub fn masked(secret: &str) -> String {
    let mut shown = String::new();
    if secret.chars().take(TOO_SHORT).count() == TOO_SHORT {
        shown.extend(secret.chars().take(SHOWN));
    }
    shown + STARS
}

/// The part `line` of `text` as it may be shown: with [`masked`] in place of each of the `spans`.
///
/// A span that begins before the line shows none of its characters. Bytes that are not UTF-8 become U+FFFD.
/// Control characters stay: making them harmless is up to whoever writes to a terminal.
pub fn redact(text: &[u8], line: Range<usize>, spans: &[Range<usize>]) -> String {
    // Enough bytes for as many characters as decide what `masked` shows.
    const HEAD: usize = TOO_SHORT * 4;
    let end = line.end.min(text.len());
    if line.start >= end {
        return String::new();
    }
    let mut at = line.start;
    let mut shown = String::new();
    for span in spans.iter().filter(|s| s.start < end && s.end > line.start && s.start < s.end) {
        if span.start >= at {
            shown += &String::from_utf8_lossy(&text[at..span.start]);
            let head = &text[span.start..span.end.min(span.start + HEAD).min(text.len())];
            shown += &masked(&String::from_utf8_lossy(head));
        } else if span.end > at {
            shown += STARS;
        }
        at = at.max(span.end.min(end));
    }
    shown + &String::from_utf8_lossy(&text[at..end])
}

/// [`sensitive_spans`] for a text that comes in pieces, in memory that does not depend on its length.
#[derive(Clone, Debug)]
pub struct SensitiveSpans {
    targets: Vec<Target>,
    /// The first target that the text has not reached.
    next: usize,
    /// How much of the text was pushed.
    at: u64,
    /// Where the token begins that the next byte continues.
    token: u64,
    /// The last bytes read, in which armour may begin.
    tail: Vec<u8>,
    open: Option<Open>,
    spans: Vec<Range<u64>>,
}

/// What is to be grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    start: u64,
    end: u64,
}

/// A span whose end has not come yet.
#[derive(Clone, Debug)]
struct Open {
    start: u64,
    /// It reaches at least to here.
    until: u64,
    armour: Armour,
}

/// How far a block in PEM armour has been read.
#[derive(Clone, Debug)]
enum Armour {
    /// Looking for `-BEGIN`.
    Outside(Marker),
    /// Looking for `-END`.
    Inside(Marker),
    /// Looking for the end of the line with `-END`.
    LastLine,
}

impl SensitiveSpans {
    /// Nothing pushed yet; `findings` as in [`sensitive_spans`].
    pub fn new(findings: &[Finding]) -> SensitiveSpans {
        let mut targets: Vec<Target> = Vec::new();
        let mut counts: Vec<(&str, usize, u64)> = Vec::new();
        for finding in findings.iter().filter(|f| f.rule().sensitive) {
            targets.push(Target { start: finding.start(), end: finding.end() });
            let id = finding.rule().id.as_str();
            match counts.iter_mut().find(|(rule, ..)| *rule == id) {
                Some((_, count, last)) => {
                    *count += 1;
                    *last = finding.start().max(*last);
                }
                None => counts.push((id, 1, finding.start())),
            }
        }
        let unlisted = counts.iter().filter(|(_, count, _)| *count >= LISTED);
        targets.extend(unlisted.map(|&(_, _, last)| Target { start: last, end: u64::MAX }));
        SensitiveSpans::of(targets)
    }

    fn of(mut targets: Vec<Target>) -> SensitiveSpans {
        targets.sort_unstable();
        SensitiveSpans { targets, next: 0, at: 0, token: 0, tail: Vec::new(), open: None, spans: Vec::new() }
    }

    /// Reads the next piece of the text.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.open.is_none() {
                let skipped = self.skip(rest);
                rest = &rest[skipped..];
            }
            if let Some((&byte, behind)) = rest.split_first() {
                self.step(byte);
                rest = behind;
            }
        }
    }

    /// The spans, sorted and without overlaps; the text ends here.
    pub fn finish(mut self) -> Vec<Range<u64>> {
        self.close();
        self.spans
    }

    /// Passes over the bytes before the next target; only where the last token begins is of interest.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        let ahead = self.targets.get(self.next).map_or(u64::MAX, |t| t.start.saturating_sub(self.at));
        let count = usize::try_from(ahead).unwrap_or(usize::MAX).min(bytes.len());
        if let Some(last) = bytes[..count].iter().rposition(|&b| precedes_token(b)) {
            self.token = self.at + last as u64 + 1;
        }
        self.tail.extend_from_slice(&bytes[count.saturating_sub(TAIL)..count]);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
        self.at += count as u64;
        count
    }

    fn step(&mut self, byte: u8) {
        let here = self.at;
        while let Some(target) = self.targets.get(self.next).filter(|t| t.start <= here) {
            let start = if precedes_token(byte) { here } else { self.token };
            let tail = &self.tail;
            let open =
                self.open.get_or_insert_with(|| Open { start, until: 0, armour: Armour::behind(tail) });
            open.until = open.until.max(target.end);
            self.next += 1;
        }
        if self.open.as_mut().is_some_and(|open| open.ends_before(byte, here)) {
            self.close();
        }
        self.at += 1;
        if precedes_token(byte) {
            self.token = self.at;
        }
        if self.tail.len() == 2 * TAIL {
            self.tail.drain(..TAIL);
        }
        self.tail.push(byte);
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        match self.spans.last_mut().filter(|last| open.start <= last.end) {
            Some(last) => last.end = self.at,
            None => self.spans.push(open.start..self.at),
        }
    }
}

impl Open {
    /// Whether the span ends before `byte`, which stands at `here`.
    fn ends_before(&mut self, byte: u8, here: u64) -> bool {
        let ends_line = self.armour.read(byte);
        let ends = match self.armour {
            Armour::Outside(_) => ends_line || is_delimiter(byte),
            Armour::Inside(_) | Armour::LastLine => false,
        };
        ends && here >= self.until
    }
}

impl Armour {
    /// The state behind a piece of text.
    fn behind(text: &[u8]) -> Armour {
        let mut armour = Armour::Outside(Marker::new(b"BEGIN"));
        for &byte in text {
            armour.read(byte);
        }
        armour
    }

    /// Goes on by a byte; whether the armour's last line ends before it.
    fn read(&mut self, byte: u8) -> bool {
        match self {
            Armour::Outside(marker) => {
                if marker.is_complete_with(byte) {
                    *self = Armour::Inside(Marker::new(b"END"));
                }
            }
            Armour::Inside(marker) => {
                if marker.is_complete_with(byte) {
                    *self = Armour::LastLine;
                }
            }
            // A backslash: armour in a string of a programming language or of JSON, where a `\n` begins.
            Armour::LastLine => {
                if byte == b'\\' || is_delimiter(byte) && byte != b' ' {
                    *self = Armour::Outside(Marker::new(b"BEGIN"));
                    return true;
                }
            }
        }
        false
    }
}

/// Recognizes a word behind hyphens, such as `-----BEGIN` or `---- END`, in any letter case, byte by byte.
#[derive(Clone, Debug)]
struct Marker {
    word: &'static [u8],
    hyphens: usize,
    letters: usize,
}

impl Marker {
    /// Fewer hyphens are a list in Markdown or an option.
    const HYPHENS: usize = 3;

    fn new(word: &'static [u8]) -> Marker {
        Marker { word, hyphens: 0, letters: 0 }
    }

    fn is_complete_with(&mut self, byte: u8) -> bool {
        if byte == b'-' {
            self.hyphens = if self.letters == 0 { self.hyphens + 1 } else { 1 };
            self.letters = 0;
        } else if self.hyphens >= Marker::HYPHENS && byte.eq_ignore_ascii_case(&self.word[self.letters]) {
            self.letters += 1;
        } else if !(byte == b' ' && self.letters == 0) {
            (self.hyphens, self.letters) = (0, 0);
        }
        let complete = self.letters == self.word.len();
        if complete {
            (self.hyphens, self.letters) = (0, 0);
        }
        complete
    }
}

/// Whether a token can begin behind this byte: as [`is_delimiter`], and also what stands between a name and its value.
/// At the other end these are part of the token: padding of base64, `id:secret`.
fn precedes_token(byte: u8) -> bool {
    is_delimiter(byte) || matches!(byte, b'=' | b':')
}

/// Whether a secret ends at this byte: white space, control characters, quotes, separators, brackets.
fn is_delimiter(byte: u8) -> bool {
    byte <= b' '
        || matches!(
            byte,
            0x7f | b'"'
                | b'\''
                | b'`'
                | b','
                | b';'
                | b'|'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b'<'
                | b'>'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans(text: &str, parts: &[&str]) -> Vec<Range<u64>> {
        let mut spans = SensitiveSpans::of(targets(text, parts));
        spans.push(text.as_bytes());
        spans.finish()
    }

    fn targets(text: &str, parts: &[&str]) -> Vec<Target> {
        let target = |part: &&str| {
            let start = text.find(*part).expect("the part stands in the text") as u64;
            Target { start, end: start + part.len() as u64 }
        };
        parts.iter().map(target).collect()
    }

    fn hidden(text: &str, parts: &[&str]) -> Vec<String> {
        let at = |offset: u64| usize::try_from(offset).expect("an offset in the text");
        let cut = |s: Range<u64>| text[at(s.start)..at(s.end)].to_string();
        spans(text, parts).into_iter().map(cut).collect()
    }

    #[test]
    fn findings_grow_to_the_token() {
        for (text, part, grown) in [
            ("a key=AKIA123456 b", "AKIA", "AKIA123456"),
            ("a key:AKIA:123456= b", "AKIA", "AKIA:123456="),
            ("a key==AKIA123456 b", "=AKIA", "=AKIA123456"),
            ("AKIA123456", "KIA1", "AKIA123456"),
            ("{\"k\":\"sk-1234/x+y==\"}", "sk-1234", "sk-1234/x+y=="),
            ("a,b,cde,f", "cd", "cde"),
            ("<a>secret</a>", "secret", "secret"),
            ("pass word here", "ss wo", "pass word"),
            ("say \"secret\" twice", "\"secret\"", "\"secret\""),
            ("https://user:pw@host/x y", "user:pw", "//user:pw@host/x"),
            ("ключ абвгд, ", "бв", "абвгд"),
        ] {
            assert_eq!(hidden(text, &[part]), [grown], "{text}");
        }
    }

    #[test]
    fn armour_is_hidden_to_its_last_line() {
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE abc\n\n-----END RSA PRIVATE KEY-----";
        assert_eq!(hidden(&format!("x {pem}\nnext"), &["-----BEGIN RSA"]), [pem]);
        let quoted = pem.replace('\n', "\\n");
        let text = format!("{{\"key\":\"{quoted}\\n\",\"other\":1}}");
        assert_eq!(hidden(&text, &["-----BEGIN RSA"]), [quoted.as_str()]);
        let open = "-----begin openssh private key-----\nMIIE abc\n\nrest of it";
        assert_eq!(hidden(open, &["begin openssh"]), [open]);
        assert_eq!(hidden(open, &["private key"]), [&open[19..]]);
        assert_eq!(hidden("- begin with token AKIA1 and\ngo on", &["AKIA1"]), ["AKIA1"]);
        assert_eq!(
            hidden("---- BEGIN KEY ----\nx\n---- END KEY ----\nsecret2 x", &["KEY", "secret2"]),
            ["KEY ----\nx\n---- END KEY ----", "secret2"]
        );
        let within = format!("{pem} tail\nnext");
        assert_eq!(hidden(&within, &["-----BEGIN RSA PRIVATE KEY-----\nMIIE"]), [format!("{pem} tail")]);
    }

    #[test]
    fn spans_are_merged_and_sorted() {
        assert_eq!(hidden("one two three", &["three", "tw", "wo", "one"]), ["one", "two", "three"]);
        assert_eq!(hidden("one two three", &["e two t", "two"]), ["one two three"]);
        assert_eq!(hidden("abcdef", &["ab", "ef"]), ["abcdef"]);
        assert_eq!(spans("", &[]), []);
    }

    #[test]
    fn all_behind_the_last_listed_finding_is_hidden() {
        let mut spans =
            SensitiveSpans::of(vec![Target { start: 4, end: 6 }, Target { start: 4, end: u64::MAX }]);
        spans.push(b"one two three");
        assert_eq!(spans.finish(), std::slice::from_ref(&(4..13)));
    }

    #[test]
    fn little_of_a_secret_is_shown() {
        assert_eq!(masked("AKIAZ7Q4JX2MPL8RT6VB"), "AKIA****");
        assert_eq!(masked("12345678901"), "****");
        assert_eq!(masked("123456789012"), "1234****");
        assert_eq!(masked("äöüäöüäöüäöü"), "äöüä****");
        assert_eq!(masked("äöüäöü"), "****");
        assert_eq!(masked(""), "****");
    }

    #[test]
    fn lines_are_redacted() {
        let text = b"key AKIAZ7Q4JX2MPL8RT6VB end \xff";
        let shown = |line: Range<usize>| redact(text, line, &[4..24, 25..28]);
        assert_eq!(shown(0..30), "key AKIA**** **** \u{fffd}");
        assert_eq!(shown(0..10), "key AKIA****");
        assert_eq!(shown(10..30), "**** **** \u{fffd}");
        assert_eq!(shown(4..24), "AKIA****");
        assert_eq!(shown(12..13), "****");
        assert_eq!(shown(12..12), "");
        assert_eq!(shown(0..4), "key ");
        assert_eq!(shown(29..99), "\u{fffd}");
        assert_eq!(shown(99..99), "");
        assert_eq!(redact(text, 0..30, &[4..24, 6..30]), "key AKIA********");
    }

    proptest! {
        #[test]
        fn pieces_never_matter(text in "[-BEGINDab \n\",]{0,60}", cuts in prop::collection::vec(0usize..60, 0..6),
                               marks in prop::collection::vec((0u64..60, 1u64..20), 0..5)) {
            let targets: Vec<Target> = marks.iter().map(|&(start, len)| Target { start, end: start + len }).collect();
            let whole = { let mut s = SensitiveSpans::of(targets.clone()); s.push(text.as_bytes()); s.finish() };
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let mut pieces = SensitiveSpans::of(targets.clone());
            for pair in cuts.windows(2) {
                pieces.push(&text.as_bytes()[pair[0]..pair[1]]);
            }
            prop_assert_eq!(&pieces.finish(), &whole);
            for pair in whole.windows(2) {
                prop_assert!(pair[0].end <= pair[1].start);
            }
            for target in targets.iter().filter(|t| t.start < text.len() as u64) {
                let end = target.end.min(text.len() as u64);
                prop_assert!(whole.iter().any(|s| s.start <= target.start && s.end >= end));
            }
        }

        #[test]
        fn no_window_shows_the_middle_of_a_secret(secret in "[a-z0-9]{6,40}", before in "[A-Z ]{0,30}",
                                                  after in "[A-Z ]{0,30}", from in 0usize..60, len in 0usize..100) {
            let text = format!("{before} {secret} {after}");
            let span = before.len() + 1..before.len() + 1 + secret.len();
            let shown = redact(text.as_bytes(), from..from + len, std::slice::from_ref(&span));
            let letters: String = shown.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit()).collect();
            let shows_head = secret.len() >= TOO_SHORT && from <= span.start && from + len > span.start;
            prop_assert_eq!(letters, if shows_head { &secret[..SHOWN] } else { "" });
        }
    }
}
