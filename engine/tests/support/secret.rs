//! A case of the fuzz target `redaction`: a text with secrets in it, and how it is cut and printed.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::OnceLock;

use hypersieve::mask::{SensitiveSpans, redact, sensitive_spans};
use hypersieve::{Channel, Database, Policy, Scanner};

use super::compose::compose;
use super::stock;

/// What a case puts into its text as well: secrets whole, cut, and in armour.
const SECRETS: [&[u8]; 8] = [
    b"ghp_QvXbJpWzTn",
    b"ghp_QvXbJpWzTnLongerThanThePattern/andMore==",
    b"key=\"ghp_ZzYyXxWw\"",
    b"-----BEGIN RSA PRIVATE KEY-----\nghp_MnBvCxZa\nQwErTyUiOpLkJhGf\n-----END RSA PRIVATE KEY-----\n",
    b"-----BEGIN RSA PRIVATE KEY-----\nghp_MnBvCxZaQwErTyUi",
    b"ghp_",
    b"https://host.example/ghp_PlOkMiJnUh?x=1",
    "ä ghp_AbCdEfGh\u{200b}IjKl".as_bytes(),
];

/// The first bytes of a secret that may be shown: four characters.
const HEAD: usize = 16;

/// So many bytes in a row of what is hidden are too many.
const TOO_MANY: usize = 6;

/// A text with secrets.
pub(crate) struct Secret {
    text: Vec<u8>,
    /// In pieces of so many bytes.
    piece: usize,
}

impl Secret {
    /// Reads a case: how the text is cut, and its codes; some of the control characters stand for secrets.
    pub(crate) fn decode(data: &[u8]) -> Option<Secret> {
        let (&piece, codes) = data.split_first()?;
        let samples: Vec<&[u8]> = SECRETS.into_iter().chain(stock::samples(&stock::rules())).collect();
        Some(Secret { text: compose(codes, &samples), piece: usize::from(piece) + 1 })
    }

    /// No printed line holds the middle of a secret, whichever part of the text is printed; and the places of secrets do not
    /// depend on how the text comes.
    pub(crate) fn check(&self) {
        static SCANNER: OnceLock<Scanner> = OnceLock::new();
        let scanner = SCANNER.get_or_init(|| {
            let database = Database::builder().rules(stock::rules()).build();
            let database = database.unwrap_or_else(|e| panic!("a rule of the stock does not compile: {e}"));
            Scanner::new(&database, Policy::new()).expect("the empty policy names nothing")
        });
        let text = &self.text;
        let verdict = scanner.scan(text, Channel::Any).expect("a scan does not fail");
        let spans = sensitive_spans(text, verdict.findings());

        let mut in_pieces = SensitiveSpans::new(verdict.findings());
        text.chunks(self.piece).for_each(|piece| in_pieces.push(piece));
        let in_pieces: Vec<Range<usize>> =
            in_pieces.finish().iter().map(|s| place(s.start)..place(s.end)).collect();
        assert_eq!(in_pieces, spans, "in pieces of {}", self.piece);

        assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].start), "{spans:?}");
        for finding in verdict.findings().iter().filter(|f| f.rule().sensitive) {
            let (start, end) = (place(finding.start()), place(finding.end()));
            assert!(
                spans.iter().any(|s| s.start <= start && end <= s.end),
                "{finding:?} is not in {spans:?}"
            );
        }

        let hidden = self.hidden(&spans);
        let whole = std::iter::once(0..text.len());
        let lines = text.split_inclusive(|&b| b == b'\n').scan(0, |at, line| {
            *at += line.len();
            Some(*at - line.len()..*at)
        });
        let cuts = (0..text.len()).step_by(self.piece).map(|at| at..at + self.piece);
        for range in whole.chain(lines).chain(cuts) {
            let shown = redact(text, range.clone(), &spans);
            assert_none(&hidden, &shown, &format!("{range:?}"));
        }
        // What others found behind a secret is told as it is: only who prints it with the text around it knows how far the secret goes.
        for finding in verdict.findings().iter().filter(|f| f.rule().sensitive) {
            assert_none(&hidden, finding.matched(), &format!("{finding:?}"));
        }
    }

    /// What stands in the middle of a secret and nowhere else.
    fn hidden(&self, spans: &[Range<usize>]) -> HashSet<&[u8]> {
        let mut visible: HashSet<&[u8]> = HashSet::new();
        let mut at = 0;
        for span in spans {
            let head = (span.start + HEAD).min(span.end);
            visible.extend(self.text[at..head].windows(TOO_MANY));
            at = span.end;
        }
        visible.extend(self.text[at..].windows(TOO_MANY));
        let middles = spans.iter().filter_map(|span| self.text.get(span.start + HEAD..span.end));
        let words = middles.flat_map(|middle| middle.windows(TOO_MANY));
        words.filter(|word| word.iter().all(u8::is_ascii_alphanumeric) && !visible.contains(word)).collect()
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("the text is in memory")
}

fn assert_none(hidden: &HashSet<&[u8]>, shown: &str, what: &str) {
    let found = shown.as_bytes().windows(TOO_MANY).find(|part| hidden.contains(part));
    assert!(
        found.is_none(),
        "{what} shows {:?}: {shown}",
        found.map(<[u8]>::escape_ascii).map(|s| s.to_string())
    );
}
