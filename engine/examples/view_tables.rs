//! Makes `engine/src/view/fold.bin` and `engine/src/view/entities.tsv` from Unicode's and HTML's data.
//!
//! ```text
//! cargo run --release -p hypersieve --example view_tables -- engine/src/view
//! ```
//!
//! The data comes from crates that only this program uses, so that a build of the engine needs none of it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;

#[allow(dead_code, reason = "the engine uses the rest")]
#[path = "../src/view/fold_format.rs"]
mod format;

use format::{CHARACTERS, DELETED, ITSELF, LETTER, MARK, PAGE};

/// No scalar value becomes longer than this: a view that grows would need a budget of its own.
const LONGEST: usize = 12;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder] = arguments.as_slice() else { return Err("usage: view_tables FOLDER".into()) };
    std::fs::write(folder.join("fold.bin"), fold_table()?)?;
    std::fs::write(folder.join("entities.tsv"), entities())?;
    Ok(())
}

/// The names of HTML's character references, with the semicolon where it belongs to the name.
fn entities() -> String {
    let names: BTreeMap<&str, &str> =
        entities::ENTITIES.iter().map(|e| (e.entity.trim_start_matches('&'), e.characters)).collect();
    names.iter().map(|(name, characters)| format!("{name}\t{}\n", characters.escape_unicode())).collect()
}

fn fold_table() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut strings: Vec<String> = Vec::new();
    let mut index: HashMap<String, u16> = HashMap::new();
    let mut entries = vec![ITSELF; CHARACTERS];
    for c in (0x80..0x11_0000).filter_map(char::from_u32) {
        let folded = fold(c);
        let mut entry = match folded.as_deref() {
            None => ITSELF,
            Some("") => DELETED,
            Some(text) => match index.get(text) {
                Some(&entry) => entry,
                None => {
                    let entry = u16::try_from(strings.len())? + DELETED + 1;
                    strings.push(text.to_string());
                    index.insert(text.to_string(), entry);
                    entry
                }
            },
        };
        if entry >= LETTER {
            return Err("more strings than an entry can number".into());
        }
        if is_letter(c) {
            entry |= LETTER;
        } else if is_dropped_mark(c) {
            entry |= MARK;
        }
        entries[c as usize] = entry;
    }
    let mut pages: Vec<&[u16]> = Vec::new();
    let mut page_of = Vec::new();
    for page in entries.chunks(PAGE) {
        let place = pages.iter().position(|p| *p == page).unwrap_or_else(|| {
            pages.push(page);
            pages.len() - 1
        });
        page_of.extend(u16::try_from(place)?.to_le_bytes());
    }
    let mut table = Vec::new();
    for count in [pages.len(), strings.len()] {
        table.extend(u16::try_from(count)?.to_le_bytes());
    }
    table.extend(page_of);
    table.extend(pages.iter().flat_map(|p| p.iter()).flat_map(|e| e.to_le_bytes()));
    let mut end = 0;
    for text in &strings {
        end += text.len();
        table.extend(u16::try_from(end)?.to_le_bytes());
    }
    table.extend(strings.concat().into_bytes());
    println!("{} pages, {} strings, {} bytes", pages.len(), strings.len(), table.len());
    Ok(table)
}

/// What a scalar value becomes; `None` for itself.
fn fold(c: char) -> Option<String> {
    if is_removed(c) {
        return Some(String::new());
    }
    if let 0xe_0020..=0xe_007e = u32::from(c) {
        return char::from_u32(u32::from(c) - 0xe_0000).map(String::from);
    }
    if c == '\u{2800}' || c == '\u{85}' || is_space(c) {
        return Some(" ".to_string());
    }
    if is_dropped_mark(c) || is_hangul(c) {
        return None;
    }
    let decomposed: Vec<char> = c.nfkd().collect();
    let text: String = if decomposed.first().is_some_and(|&d| d.is_ascii() || is_letter(d)) {
        decomposed.into_iter().filter(|&d| !is_dropped_mark(d)).map(plain).collect()
    } else {
        c.nfkc().map(plain).collect()
    };
    let text: String = text.chars().map(|c| if is_space(c) { ' ' } else { c }).collect();
    (text.len() <= LONGEST && text != c.to_string()).then_some(text)
}

/// One scalar value of a decomposition in lower case, as an ASCII look-alike where it has one.
fn plain(c: char) -> String {
    if c.is_ascii() {
        return c.to_ascii_lowercase().to_string();
    }
    if c == '\u{2044}' {
        return "/".to_string();
    }
    // The two cases of a letter must fold alike, though only one of them may look like a letter of ASCII.
    let c = if c == 'ς' { 'σ' } else { c };
    let lower = single(c.to_lowercase()).unwrap_or(c);
    let upper = single(lower.to_uppercase()).unwrap_or(lower);
    // Unless each looks like another one, as those of the Greek `ν` do.
    let other = if c == upper { lower } else { upper };
    look_alike(c).or_else(|| look_alike(other)).unwrap_or_else(|| lower.to_string())
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// The ASCII that Unicode's confusables make of a character.
fn look_alike(c: char) -> Option<String> {
    if matches!(c.general_category(), GeneralCategory::DecimalNumber) {
        return None;
    }
    let text: String = skeleton(&c.to_string()).filter(|d| !is_dropped_mark(*d)).collect();
    let text = text.replace('\u{2018}', "'").replace('\u{2010}', "-");
    if text.is_empty() || !text.is_ascii() || c.is_ascii() {
        return None;
    }
    if c.is_alphabetic() && !text.starts_with(|d: char| d.is_ascii_alphanumeric()) {
        return None;
    }
    // The prototypes of the confusables are no plain letters here and there.
    Some(match text.as_str() {
        "rn" => "m".to_string(),
        "l" if matches!(c, 'Ι' | 'І' | 'Ɩ' | 'Ӏ' | 'ⵏ' | 'Ⲓ') => "i".to_string(),
        _ => text.to_ascii_lowercase(),
    })
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic()
        && !is_combining_mark(c)
        && matches!(c.script(), Script::Latin | Script::Greek | Script::Cyrillic)
}

/// Marks that are dropped behind such a letter.
fn is_dropped_mark(c: char) -> bool {
    is_combining_mark(c)
        && matches!(
            u32::from(c),
            0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff
                | 0x2de0..=0x2dff | 0xa66f..=0xa67d | 0xfe20..=0xfe2f
        )
        && c != '\u{34f}'
}

fn is_hangul(c: char) -> bool {
    matches!(u32::from(c), 0xac00..=0xd7a3)
}

fn is_space(c: char) -> bool {
    !c.is_ascii()
        && (c.general_category() == GeneralCategory::SpaceSeparator || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// What no reader sees: zero-width characters, joiners, bidi controls, fillers, variation selectors.
fn is_removed(c: char) -> bool {
    matches!(
        u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
            | 0xfff0..=0xfffb | 0x1_bca0..=0x1_bca3 | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_001f
            | 0xe_007f..=0xe_0fff
    )
}
