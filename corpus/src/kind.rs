//! What kinds of ordinary text there are.

use std::fmt;
use std::str::FromStr;

use crate::template::Filler;
use crate::{html, json, logs, mail, prose, shell, source, tables};

/// A kind of ordinary text, as tools answer with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Documentation, articles, notes, in Markdown and plain text.
    Prose,
    /// Answers of web services, JSON-RPC among them.
    Json,
    /// Source files in a dozen languages, settings and patches.
    Source,
    /// Logs of servers, applications and builds, with stack traces.
    Logs,
    /// Web pages with their styles and scripts, feeds.
    Html,
    /// Mails and threads of them.
    Mail,
    /// CSV, Markdown tables, database output, settings.
    Tables,
    /// Terminal sessions of harmless work.
    Shell,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 8] = [
        Kind::Prose,
        Kind::Json,
        Kind::Source,
        Kind::Logs,
        Kind::Html,
        Kind::Mail,
        Kind::Tables,
        Kind::Shell,
    ];

    /// The name, which is also that of its folder under `corpus/benign`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Prose => "prose",
            Kind::Json => "json",
            Kind::Source => "source",
            Kind::Logs => "logs",
            Kind::Html => "html",
            Kind::Mail => "mail",
            Kind::Tables => "tables",
            Kind::Shell => "shell",
        }
    }

    /// Makes one document: a page, a mail thread, a source file.
    fn document(self, filler: &mut Filler) -> String {
        match self {
            Kind::Prose => prose::document(filler),
            Kind::Json => json::document(filler),
            Kind::Source => source::document(filler),
            Kind::Logs => logs::document(filler),
            Kind::Html => html::document(filler),
            Kind::Mail => mail::document(filler),
            Kind::Tables => tables::document(filler),
            Kind::Shell => shell::document(filler),
        }
    }
}

/// Makes at least `bytes` bytes of ordinary text: whole documents, one after the other, a blank line between two.
///
/// The text follows from the arguments alone. A shorter text is the beginning of a longer one of the same seed.
pub fn generate(kind: Kind, seed: u64, bytes: usize) -> String {
    let mut filler = Filler::new(seed);
    let mut out = String::with_capacity(bytes + 8_192);
    while out.len() < bytes {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(with_articles(&kind.document(&mut filler)).trim_end());
        out.push('\n');
    }
    out
}

/// The text with "an" for "a" before a vowel; templates can't know what will stand in the slot after it.
fn with_articles(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for (index, word) in text.split_inclusive(' ').enumerate() {
        let last = out.rsplit([' ', '\n']).nth(1);
        if index > 0
            && matches!(last, Some("a" | "A"))
            && word.starts_with(['a', 'e', 'i', 'o'])
            && word.len() > 3
        {
            out.insert(out.len() - 1, 'n');
        }
        out.push_str(word);
    }
    out
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name is no kind's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseKindError(String);

impl fmt::Display for ParseKindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Kind::ALL.map(Kind::name).join(", ");
        write!(f, "{:?} is no kind of text; the kinds are {names}", self.0)
    }
}

impl std::error::Error for ParseKindError {}

impl FromStr for Kind {
    type Err = ParseKindError;

    fn from_str(name: &str) -> Result<Self, ParseKindError> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| ParseKindError(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, generate};

    #[test]
    fn a_shorter_text_is_the_beginning_of_a_longer_one() {
        for kind in Kind::ALL {
            let long = generate(kind, 3, 20_000);
            assert!(long.len() >= 20_000 && long.starts_with(&generate(kind, 3, 2_000)), "{kind}");
            assert_ne!(long, generate(kind, 4, 20_000), "{kind}");
        }
    }

    #[test]
    fn articles_suit_the_next_word() {
        assert_eq!(
            super::with_articles("A issue, a old\na odd one, a tool is a b"),
            "An issue, an old\nan odd one, a tool is a b"
        );
    }

    #[test]
    fn names_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "poem".parse::<Kind>().unwrap_err().to_string();
        assert!(error.starts_with("\"poem\" is no kind of text; the kinds are prose, json"), "{error}");
    }
}
