//! The word and sentence stocks in `corpus/stock/*.txt`.
//!
//! A stock file is a list of sections:
//!
//! ```text
//! == season
//! spring | summer | autumn
//! winter
//! == function.python blocks
//! def «name:snake»():
//!     return «#n 1 9»
//! --
//! def «name:snake»(value):
//!     return value
//! ```
//!
//! Entries stand one a line or with ` | ` between two; in a section of `blocks` they have several lines, and a line
//! `--` stands between two. What `«...»` means says [`crate::template`].

use std::collections::BTreeMap;
use std::sync::OnceLock;

const FILES: [(&str, &str); 9] = [
    ("words", include_str!("../stock/words.txt")),
    ("people", include_str!("../stock/people.txt")),
    ("sentences", include_str!("../stock/sentences.txt")),
    ("docs", include_str!("../stock/docs.txt")),
    ("code", include_str!("../stock/code.txt")),
    ("data", include_str!("../stock/data.txt")),
    ("machines", include_str!("../stock/machines.txt")),
    ("pages", include_str!("../stock/pages.txt")),
    ("mails", include_str!("../stock/mails.txt")),
];

/// All sections of all files by name.
#[derive(Debug)]
pub(crate) struct Stock {
    sections: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Stock {
    /// The one stock, read on first use.
    ///
    /// # Panics
    /// If a stock file is malformed, which a test rules out.
    pub(crate) fn get() -> &'static Stock {
        static STOCK: OnceLock<Stock> = OnceLock::new();
        STOCK.get_or_init(|| {
            let mut stock = Stock { sections: BTreeMap::new() };
            for (file, text) in FILES {
                stock.read(file, text);
            }
            stock
        })
    }

    /// The entries of a section.
    ///
    /// # Panics
    /// If there is none of that name: a template names what the stock does not hold.
    pub(crate) fn section(&self, name: &str) -> &[&'static str] {
        self.sections.get(name).unwrap_or_else(|| panic!("the stock has no section {name:?}"))
    }

    /// Names of all sections.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.sections.keys().copied()
    }

    fn read(&mut self, file: &str, text: &'static str) {
        let text = text.trim_start();
        assert!(text.starts_with("== "), "stock file {file} does not begin with a section");
        for section in text[3..].split("\n== ") {
            let (head, body) = section.split_once('\n').unwrap_or((section, ""));
            let entries: Vec<_> = match head.strip_suffix(" blocks") {
                Some(_) => body.split("\n--\n").map(|block| block.trim_end_matches('\n')).collect(),
                None => body.lines().flat_map(|line| line.split(" | ")).map(str::trim).collect(),
            };
            let entries: Vec<_> = entries.into_iter().filter(|entry| !entry.is_empty()).collect();
            let name = head.strip_suffix(" blocks").unwrap_or(head);
            assert!(!entries.is_empty(), "section {name:?} of stock file {file} is empty");
            let twice = self.sections.insert(name, entries);
            assert!(twice.is_none(), "section {name:?} of stock file {file} is there already");
        }
    }
}
