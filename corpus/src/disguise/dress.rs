//! The disguises.

use super::AttackKind::{self, Address, Command, Token, Words};
use super::encode::{STANDARD, URL_SAFE, base32, base64, deflate, gzip, hex, utf16, wrapped, zlib};
use super::{Disguise, Place};
use crate::Rng;

const ALL: &[AttackKind] = &[Words, Command, Address, Token];
const TEXT: &[AttackKind] = &[Words];

const fn disguise(
    name: &'static str,
    keeps: &'static [AttackKind],
    plain: bool,
    write: fn(&str, &mut Rng) -> Vec<u8>,
) -> Disguise {
    Disguise { name, keeps, place: Place::Message, plain, write }
}

const fn alone(name: &'static str, write: fn(&str, &mut Rng) -> Vec<u8>) -> Disguise {
    Disguise { name, keeps: ALL, place: Place::Alone, plain: true, write }
}

const fn arguments(
    name: &'static str,
    keeps: &'static [AttackKind],
    write: fn(&str, &mut Rng) -> Vec<u8>,
) -> Disguise {
    Disguise { name, keeps, place: Place::Arguments, plain: true, write }
}

/// All disguises, in the order in which the engine's views undo them.
pub const DISGUISES: &[Disguise] = &[
    // Escapes.
    disguise("json-string", ALL, true, |t, _| json(t).into()),
    disguise("json-in-json", ALL, true, |t, _| json(&json(t)).into()),
    disguise("json-unicode", ALL, true, |t, _| units(t, "\\u").into()),
    disguise("json-unicode-in-json", ALL, true, |t, _| json(&units(t, "\\u")).into()),
    disguise("hex-escapes", ALL, true, |t, _| each(t, |b| format!("\\x{b:02x}")).into()),
    disguise("braced-escapes", ALL, true, |t, _| chars(t, |c| format!("\\u{{{:x}}}", u32::from(c))).into()),
    disguise("octal-escapes", ALL, true, |t, _| each(t, |b| format!("\\{b:03o}")).into()),
    disguise("some-escapes", ALL, true, |t, rng| some(t, rng, |c| format!("\\u{:04x}", u32::from(c))).into()),
    disguise("percent", ALL, true, |t, _| each(t, |b| format!("%{b:02X}")).into()),
    disguise("percent-twice", ALL, true, |t, _| each(t, |b| format!("%25{b:02X}")).into()),
    disguise("form", ALL, true, |t, _| form(t).into()),
    disguise("decimal-references", ALL, true, |t, _| chars(t, |c| format!("&#{};", u32::from(c))).into()),
    disguise("hex-references", ALL, true, |t, _| chars(t, |c| format!("&#x{:X};", u32::from(c))).into()),
    disguise("padded-references", ALL, true, |t, _| chars(t, |c| format!("&#{:07};", u32::from(c))).into()),
    disguise("named-references", ALL, true, |t, _| chars(t, named).into()),
    // What is not shown.
    disguise("terminal-colours", ALL, true, |t, rng| {
        within(t, rng, &["\x1b[31m", "\x1b[0m", "\x1b[1;4m"]).into()
    }),
    disguise("comment-as-text", ALL, false, |t, _| format!("<!-- {t} -->").into()),
    disguise("comments-in-words", TEXT, false, |t, rng| within(t, rng, &["<!-- -->", "<!---->"]).into()),
    disguise("tags-in-words", ALL, true, |t, rng| within(t, rng, &["<b>", "</b>", "<span class=x>"]).into()),
    disguise("emphasis-stars", TEXT, true, |t, _| words(t, |w| format!("**{w}**")).into()),
    disguise("emphasis-in-words", TEXT, true, |t, rng| within(t, rng, &["**"]).into()),
    disguise("emphasis-underscore", TEXT, true, |t, _| words(t, |w| format!("_{w}_")).into()),
    disguise("emphasis-underscores", TEXT, true, |t, _| words(t, |w| format!("__{w}__")).into()),
    // Letters.
    disguise("upper-case", TEXT, true, |t, _| t.to_uppercase().into()),
    disguise("mixed-case", TEXT, true, |t, rng| some(t, rng, |c| c.to_uppercase().to_string()).into()),
    disguise("full-width", TEXT, false, |t, _| shifted(t, '!'..='~', '！').into()),
    disguise("mathematical", TEXT, false, |t, _| letters(t, '𝐚', '𝐀').into()),
    disguise("monospace", TEXT, false, |t, _| letters(t, '𝚊', '𝙰').into()),
    disguise("circled", TEXT, false, |t, _| letters(t, 'ⓐ', 'Ⓐ').into()),
    disguise("cyrillic", TEXT, false, |t, _| like(t, "aceopxyijs", "асеорхуіјѕ").into()),
    disguise("greek", TEXT, false, |t, _| like(t, "oviIAEO", "ονιΙΑΕΟ").into()),
    disguise("zero-width", TEXT, false, |t, _| between(t, "\u{200b}").into()),
    disguise("zero-width-in-json", TEXT, false, |t, _| between(t, "\\u200b").into()),
    disguise("joiners", TEXT, false, |t, _| between(t, "\u{2060}").into()),
    disguise("soft-hyphens", TEXT, false, |t, _| between(t, "\u{ad}").into()),
    disguise("variation-selectors", TEXT, false, |t, _| between(t, "\u{fe0f}").into()),
    disguise("overlay-marks", TEXT, false, |t, _| between(t, "\u{336}").into()),
    disguise("accents", TEXT, false, |t, _| like(t, "aeiou", "áéíóú").into()),
    disguise("unusual-spaces", TEXT, false, |t, _| t.replace(' ', "\u{2003}").into()),
    disguise("no-break-spaces", TEXT, true, |t, _| t.replace(' ', "\u{a0}").into()),
    disguise("tag-characters", TEXT, false, |t, _| shifted(t, ' '..='~', '\u{e0020}').into()),
    disguise("bidi-controls", TEXT, false, |t, _| words(t, |w| format!("\u{202d}{w}\u{202c}")).into()),
    // Lines.
    disguise("line-breaks", TEXT, true, |t, _| t.replace(' ', "\n").into()),
    disguise("quote-prefixes", TEXT, true, |t, _| lines(t, "\n> ").into()),
    disguise("list-markers", TEXT, true, |t, _| lines(t, "\n- ").into()),
    disguise("comment-leaders", TEXT, true, |t, _| lines(t, "\n// ").into()),
    disguise("hash-leaders", TEXT, true, |t, _| lines(t, "\n# ").into()),
    // Runs.
    disguise("base64", ALL, true, |t, _| base64(t.as_bytes(), STANDARD).into()),
    disguise("base64-url", ALL, true, |t, _| base64(t.as_bytes(), URL_SAFE).trim_end_matches('=').into()),
    disguise("base64-wrapped", ALL, true, |t, _| {
        wrapped(&base64(long(t).as_bytes(), STANDARD), 76, "\r\n").into()
    }),
    disguise("base64-narrow", ALL, true, |t, _| wrapped(&base64(t.as_bytes(), STANDARD), 20, "\n").into()),
    disguise("base64-in-json", ALL, true, |t, _| {
        json(&wrapped(&base64(long(t).as_bytes(), STANDARD), 64, "\n")).replace('/', "\\/").into()
    }),
    disguise("base64-data-url", ALL, true, |t, _| {
        format!("data:text/plain;base64,{}", base64(t.as_bytes(), STANDARD)).into()
    }),
    disguise("base64-behind-a-path", ALL, true, |t, _| {
        format!("https://files.example.org/view/{}", base64(t.as_bytes(), URL_SAFE).trim_end_matches('='))
            .into()
    }),
    disguise("base64-part", TEXT, false, |t, _| part(t).into()),
    disguise("base64-behind-noise", ALL, true, |t, _| {
        base64(&[b"\x01\x9f\x80\xfe\x03\xd0\x07", t.as_bytes()].concat(), STANDARD).into()
    }),
    disguise("base32", ALL, true, |t, _| base32(t.as_bytes()).into()),
    disguise("hex", ALL, true, |t, _| hex(t.as_bytes(), "").into()),
    disguise("hex-0x", ALL, true, |t, _| format!("0x{}", hex(t.as_bytes(), "")).into()),
    disguise("hex-colons", ALL, true, |t, _| hex(t.as_bytes(), ":").into()),
    disguise("hex-spaces", ALL, true, |t, _| hex(t.as_bytes(), " ").into()),
    disguise("hex-list", ALL, true, |t, _| format!("0x{}", hex(t.as_bytes(), ", 0x")).into()),
    disguise("gzip-base64", ALL, true, |t, _| base64(&gzip(long(t).as_bytes()), STANDARD).into()),
    disguise("gzip-hex", ALL, true, |t, _| hex(&gzip(long(t).as_bytes()), "").into()),
    disguise("zlib-base64", ALL, true, |t, _| base64(&zlib(t.as_bytes()), URL_SAFE).into()),
    disguise("deflate-base64", ALL, true, |t, _| base64(&deflate(long(t).as_bytes()), STANDARD).into()),
    disguise("powershell", ALL, true, |t, _| base64(&utf16(t, true), STANDARD).into()),
    disguise("utf-16-inside", ALL, true, |t, _| utf16(t, true)),
    alone("utf-16-little", |t, _| [b"\xff\xfe".as_slice(), &utf16(&long(t), true)].concat()),
    alone("utf-16-big", |t, _| [b"\xfe\xff".as_slice(), &utf16(&long(t), false)].concat()),
    disguise("base64-twice", ALL, true, |t, _| {
        base64(base64(t.as_bytes(), STANDARD).as_bytes(), STANDARD).into()
    }),
    disguise("three-deep", ALL, true, |t, _| {
        base64(hex(base64(t.as_bytes(), STANDARD).as_bytes(), "").as_bytes(), STANDARD).into()
    }),
    disguise("percent-in-base64", ALL, true, |t, _| {
        base64(each(t, |b| format!("%{b:02x}")).as_bytes(), STANDARD).into()
    }),
    disguise("cyrillic-in-base64", TEXT, false, |t, _| {
        base64(like(t, "aceopxyijs", "асеорхуіјѕ").as_bytes(), STANDARD).into()
    }),
    disguise("many-runs-before", ALL, true, |t, rng| {
        let harmless =
            |rng: &mut Rng| base64(format!("a note about part {}", rng.below(1000)).as_bytes(), STANDARD);
        let before: Vec<String> = (0..12).map(|_| harmless(rng)).collect();
        format!("{} {}", before.join(" "), base64(t.as_bytes(), STANDARD)).into()
    }),
    // Two arguments.
    arguments("two-arguments", &[Words, Command], |t, _| {
        let (first, second) = split_at_space(t);
        format!("{{\"text\": \"{}\", \"count\": 2, \"more\": \"{}\"}}", json(first), json(second)).into()
    }),
    arguments("two-halves", ALL, |t, _| {
        let (first, second) = t.split_at(middle(t));
        format!("[\"{}\",\n \"{}\"]", json(first), json(second)).into()
    }),
];

/// As it stands in a JSON string.
fn json(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r")
}

fn each(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

fn chars(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

fn units(text: &str, mark: &str) -> String {
    text.encode_utf16().map(|unit| format!("{mark}{unit:04x}")).collect()
}

/// About every third letter written otherwise.
fn some(text: &str, rng: &mut Rng, write: impl Fn(char) -> String) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphabetic() && rng.one_in(3) { write(c) } else { c.to_string() })
        .collect()
}

/// As a form is sent.
fn form(text: &str) -> String {
    each(text, |b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
}

fn named(c: char) -> String {
    let name = match c {
        '.' => "period",
        ',' => "comma",
        '/' => "sol",
        ':' => "colon",
        '|' => "vert",
        '&' => "amp",
        '>' => "gt",
        '<' => "lt",
        '"' => "quot",
        '\'' => "apos",
        '=' => "equals",
        '_' => "lowbar",
        '(' => "lpar",
        ')' => "rpar",
        _ => return c.to_string(),
    };
    format!("&{name};")
}

/// Something inside about every word.
fn within(text: &str, rng: &mut Rng, what: &[&str]) -> String {
    let bytes = text.as_bytes();
    let mut out = String::new();
    for (i, c) in text.char_indices() {
        let inside = i > 0 && bytes[i - 1].is_ascii_alphabetic() && c.is_ascii_alphabetic();
        if inside && rng.one_in(3) {
            out.push_str(what[rng.below(what.len())]);
        }
        out.push(c);
    }
    out
}

/// Something between each two letters.
fn between(text: &str, what: &str) -> String {
    let mut out = String::new();
    let mut behind_letter = false;
    for c in text.chars() {
        if behind_letter && c.is_ascii_alphabetic() {
            out.push_str(what);
        }
        behind_letter = c.is_ascii_alphabetic();
        out.push(c);
    }
    out
}

fn words(text: &str, write: impl Fn(&str) -> String) -> String {
    let dressed: Vec<String> = text
        .split(' ')
        .map(|word| {
            let end = word.trim_end_matches(['.', ',']);
            format!("{}{}", write(end), &word[end.len()..])
        })
        .collect();
    dressed.join(" ")
}

/// A new line behind every other word.
fn lines(text: &str, line_break: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    words.chunks(2).map(|pair| pair.join(" ")).collect::<Vec<String>>().join(line_break)
}

/// The characters of a range as those of another one.
fn shifted(text: &str, from: std::ops::RangeInclusive<char>, to: char) -> String {
    let start = u32::from(*from.start());
    let shift =
        |c: char| char::from_u32(u32::from(to) + u32::from(c) - start).expect("the ranges are as long");
    text.chars().map(|c| if from.contains(&c) { shift(c) } else { c }).collect()
}

fn letters(text: &str, lower: char, upper: char) -> String {
    shifted(&shifted(text, 'a'..='z', lower), 'A'..='Z', upper)
}

fn like(text: &str, from: &str, to: &str) -> String {
    let other = |c: char| from.chars().zip(to.chars()).find(|(from, _)| *from == c).map_or(c, |(_, to)| to);
    text.chars().map(other).collect()
}

/// With harmless words around it, so that it is wrapped and packed as longer text is.
fn long(text: &str) -> String {
    format!(
        "The minutes of the meeting are below, with the list of open points.\n{text}\nThe next meeting is on Thursday, in the small room.\n"
    )
}

/// The second half of the words in base64, and the first as it is.
fn part(text: &str) -> String {
    let (first, second) = split_at_word(text);
    format!("{first} {}", base64(second.as_bytes(), STANDARD))
}

/// Behind the first word.
fn split_at_word(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// At the second space.
fn split_at_space(text: &str) -> (&str, &str) {
    let second = text.match_indices(' ').nth(1).or_else(|| text.match_indices(' ').next());
    second.map_or((text, ""), |(i, _)| (&text[..i], &text[i + 1..]))
}

fn middle(text: &str) -> usize {
    (text.len() / 3..).find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}
