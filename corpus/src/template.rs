//! Filling templates from the stock.
//!
//! A template is text with slots in guillemets:
//!
//! | slot | stands for |
//! |---|---|
//! | `«noun»` | an entry of section `noun`, itself filled; `«Noun»` with a capital first letter |
//! | `«x:noun»` | the same, kept as `x`; from then on `«x»` and `«X»` repeat it |
//! | `«*2-4 noun»` | two to four of them, with a space between; `«*2-4,noun»` with a comma and a space, `«*2-4/noun»` with a line break |
//! | `«?3 noun»` | nothing, but once in three times an entry |
//! | `«#n 3 9»` | a number from 3 to 9; `«#f 1 5»` with two decimals |
//! | `«#hex 8»`, `«#id 11»`, `«#digits 6»`, `«#base64 40»`, `«#uuid»` | random characters |
//! | `«#now iso»` | the time, in a format of [`crate::clock`]; it moves on a little at each use |
//! | `«#day»` | some date in 2025 or 2026 |
//! | `«!json noun»`, `«!html noun»`, `«!csv noun»`, `«!url noun»` | `«noun»`, escaped for that place |

use std::collections::BTreeMap;

use crate::clock::{Clock, Format};
use crate::rng::Rng;
use crate::stock::Stock;

/// Fills templates one after the other; the random numbers and the time run on.
#[derive(Debug)]
pub(crate) struct Filler {
    rng: Rng,
    clock: Clock,
    stock: &'static Stock,
    kept: BTreeMap<String, String>,
    /// Entries used last, by section: with few entries, chance alone repeats one at once far too often.
    recent: BTreeMap<String, Vec<usize>>,
}

const HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"0123456789";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Filler {
    /// A filler whose whole output follows from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let clock = Clock::at(rng.between(1_735_700_000, 1_790_000_000));
        Filler { rng, clock, stock: Stock::get(), kept: BTreeMap::new(), recent: BTreeMap::new() }
    }

    /// The random numbers, for decisions that a template can't make.
    pub(crate) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// Fills one entry of a section; what is kept is forgotten first.
    pub(crate) fn entry(&mut self, section: &str) -> String {
        self.kept.clear();
        self.slot(section)
    }

    /// Fills a template.
    ///
    /// # Panics
    /// If the template has a slot that does not exist or is malformed.
    pub(crate) fn fill(&mut self, template: &str) -> String {
        let mut out = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('«') {
            let (slot, after) =
                after.split_once('»').unwrap_or_else(|| panic!("a slot is open in {template:?}"));
            out.push_str(before);
            out.push_str(&self.slot(slot));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn slot(&mut self, slot: &str) -> String {
        match slot.split_at_checked(1) {
            Some(("#", random)) => self.random(random),
            Some(("!", escaped)) => {
                let (how, inner) =
                    escaped.split_once(' ').unwrap_or_else(|| panic!("malformed slot {slot:?}"));
                let text = self.slot(inner);
                escape(how, &text)
            }
            Some(("?", maybe)) => {
                let (odds, inner) =
                    maybe.split_once(' ').unwrap_or_else(|| panic!("malformed slot {slot:?}"));
                let odds = number(odds, slot);
                if self.rng.one_in(odds) { self.slot(inner) } else { String::new() }
            }
            Some(("*", several)) => self.several(several),
            _ => match slot.split_once(':') {
                Some((name, inner)) => {
                    let text = self.slot(inner);
                    self.kept.insert(name.to_ascii_lowercase(), text.clone());
                    if name.starts_with(|c: char| c.is_ascii_uppercase()) { capitalised(&text) } else { text }
                }
                None => self.named(slot),
            },
        }
    }

    fn named(&mut self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let text = match self.kept.get(&lower) {
            Some(kept) => kept.clone(),
            None => {
                let entry = self.choose(&lower);
                self.fill(entry)
            }
        };
        if name.starts_with(|c: char| c.is_ascii_uppercase()) { capitalised(&text) } else { text }
    }

    fn choose(&mut self, section: &str) -> &'static str {
        let entries = self.stock.section(section);
        let recent = self.recent.entry(section.to_owned()).or_default();
        let mut index = self.rng.below(entries.len());
        while recent.contains(&index) {
            index = self.rng.below(entries.len());
        }
        recent.push(index);
        if recent.len() > entries.len() / 2 {
            recent.remove(0);
        }
        entries[index]
    }

    fn several(&mut self, slot: &str) -> String {
        let end = slot.find([' ', ',', '/']).unwrap_or_else(|| panic!("malformed slot {slot:?}"));
        let (count, inner) = slot.split_at(end);
        let (low, high) = count.split_once('-').unwrap_or((count, count));
        let count = self.rng.between(number(low, slot) as u64, number(high, slot) as u64);
        let between = match &inner[..1] {
            "," => ", ",
            "/" => "\n",
            _ => " ",
        };
        (0..count).map(|_| self.slot(&inner[1..])).collect::<Vec<_>>().join(between)
    }

    fn random(&mut self, slot: &str) -> String {
        let words: Vec<_> = slot.split(' ').collect();
        match words[..] {
            ["n", low, high] => {
                self.rng.between(number(low, slot) as u64, number(high, slot) as u64).to_string()
            }
            ["f", low, high] => {
                let cents = self.rng.between(number(low, slot) as u64 * 100, number(high, slot) as u64 * 100);
                format!("{}.{:02}", cents / 100, cents % 100)
            }
            ["hex", length] => self.rng.characters(HEX, number(length, slot)),
            ["digits", length] => self.rng.characters(DIGITS, number(length, slot)),
            ["id", length] => self.rng.characters(LETTERS, number(length, slot)),
            ["base64", length] => self.rng.characters(BASE64, number(length, slot)),
            ["uuid"] => {
                let hex = self.rng.characters(HEX, 30);
                let variant = *self.rng.pick(&['8', '9', 'a', 'b']);
                format!(
                    "{}-{}-4{}-{variant}{}-{}",
                    &hex[..8],
                    &hex[8..12],
                    &hex[12..15],
                    &hex[15..18],
                    &hex[18..]
                )
            }
            ["now", format] => {
                let step = self.rng.between(3, 2_500);
                self.clock.advance(step);
                let format: Format =
                    format.parse().unwrap_or_else(|()| panic!("unknown time format {format:?}"));
                self.clock.write(format)
            }
            ["day"] => Clock::at(self.rng.between(1_735_700_000, 1_790_000_000)).write(Format::Date),
            _ => panic!("unknown random slot {slot:?}"),
        }
    }
}

/// The text with a capital first letter, where that is an ASCII letter.
pub(crate) fn capitalised(text: &str) -> String {
    let mut out = text.to_owned();
    if let Some(first) = out.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    out
}

fn number(text: &str, slot: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text:?} in slot {slot:?} is no number"))
}

/// The text as it stands in a JSON string, in HTML, in a CSV field or in a query.
fn escape(how: &str, text: &str) -> String {
    match how {
        "json" => text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t"),
        "html" => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
        "csv" if text.contains([',', '"', '\n']) => format!("\"{}\"", text.replace('"', "\"\"")),
        "csv" => text.to_owned(),
        "url" => text.bytes().fold(String::new(), |mut out, byte| {
            match byte {
                b' ' => out.push('+'),
                b'-' | b'.' | b'_' => out.push(char::from(byte)),
                _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
            out
        }),
        _ => panic!("unknown escape {how:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Filler, escape};
    use crate::stock::Stock;

    #[test]
    fn every_entry_of_the_stock_can_be_filled() {
        let mut filler = Filler::new(5);
        for name in Stock::get().names() {
            for entry in Stock::get().section(name) {
                // Some blocks rely on what another one kept; those are filled by the kinds' own tests.
                let text = filler.fill(entry);
                assert!(!text.contains(['«', '»']), "section {name}: {text}");
            }
        }
    }

    #[test]
    fn what_is_kept_is_repeated() {
        let mut filler = Filler::new(1);
        let text = filler.fill("«x:city» and «x», «#n 4 4»|«#hex 3»|«*2-2/digit»");
        let (first, rest) = text.split_once(" and ").unwrap();
        assert!(rest.starts_with(&format!("{first}, 4|")), "{text}");
    }

    #[test]
    fn escapes() {
        assert_eq!(escape("json", "a \"b\"\n"), "a \\\"b\\\"\\n");
        assert_eq!(escape("html", "a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
        assert_eq!(escape("csv", "a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(escape("url", "50 % ä"), "50+%25+%C3%A4");
    }
}
