//! Texts made of samples of the rules: whole and broken, escaped in many ways, with noise and gaps between them.
//!
//! A text is written as codes, so that proptest can shrink it and a fuzzer can mutate it: a byte below 0x80 stands for
//! itself, the next ones for samples and noise, and the highest ones change what comes after them. Of the control
//! characters some stand for the tokens of views, and some for a dress of what comes after them.

use super::encode;

/// The first code of the samples, of the noise, of the gaps, and of the changes.
pub(crate) const SAMPLES: u8 = 0x80;
pub(crate) const NOISE: u8 = 0xc0;
pub(crate) const GAPS: u8 = 0xe8;
pub(crate) const CHANGES: u8 = 0xec;

/// What stands between: white space, escapes whole and broken, bytes that are no text, pieces of tokens.
const NOISES: [&[u8]; (GAPS - NOISE) as usize] = [
    b" ",
    b"\n",
    b"\r\n> ",
    b"\n   // ",
    b"        ",
    b"x",
    b"_",
    b"0",
    b"-",
    b".",
    b"\"",
    b"\xff",
    b"\0",
    b"\xe2\x80",
    b"\xd0",
    "а".as_bytes(),
    br"\n",
    br"\t",
    br"\u0020",
    br"\u0061",
    br"\ud83d\ude00",
    br"\ud83d",
    br"\ude00",
    br"\ud83d\u0041",
    br"\\",
    br"\",
    br"\u",
    br"\u00",
    br"\u00g",
    br"\ud83d\u00",
    br"\q",
    br"\/",
    br#"\""#,
    br"\u0000",
    br"\u043f",
    br"\u200b",
    b"end",
    b"now",
    b"ignore",
    b"AbCdEfGhIj",
];

/// Tokens of the views, whole and broken.
const TOKENS: [&[u8]; 8] =
    [b"%69", b"&#105;", b"&nbsp;", b"</b>", b"**", b"\x1b[0m", "\u{200b}".as_bytes(), "\u{301}".as_bytes()];

/// The first codes of the tokens and of the dresses.
pub(crate) const FIRST_TOKEN: u8 = 0x01;
pub(crate) const FIRST_DRESS: u8 = 0x10;
const LAST_DRESS: u8 = 0x1a;

/// Codes of what makes a run of the piece behind it.
pub(crate) const RUNS: [u8; 8] = [0x0b, 0x0c, 0x0e, 0x0f, 0x1c, 0x1d, 0x1e, 0x1f];

/// Most changes of one piece.
const DEPTH: usize = 3;

/// The text that `codes` stand for, with these samples.
pub(crate) fn compose(codes: &[u8], samples: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut codes = codes.iter().copied();
    while let Some(code) = codes.next() {
        text.extend(piece(code, &mut codes, samples, DEPTH));
    }
    text
}

fn piece(code: u8, codes: &mut impl Iterator<Item = u8>, samples: &[&[u8]], depth: usize) -> Vec<u8> {
    match code {
        FIRST_TOKEN..=0x08 => TOKENS[usize::from(code - FIRST_TOKEN)].to_vec(),
        FIRST_DRESS..=LAST_DRESS => match codes.next() {
            Some(next) if depth > 0 => dressed(code - FIRST_DRESS, &piece(next, codes, samples, depth - 1)),
            _ => Vec::new(),
        },
        code if RUNS.contains(&code) => match codes.next() {
            Some(next) if depth > 0 => run(code, &piece(next, codes, samples, depth - 1)),
            _ => Vec::new(),
        },
        0..SAMPLES => vec![code],
        SAMPLES..NOISE if samples.is_empty() => Vec::new(),
        SAMPLES..NOISE => samples[usize::from(code - SAMPLES) % samples.len()].to_vec(),
        NOISE..GAPS => NOISES[usize::from(code - NOISE)].to_vec(),
        // A gap; its length decides whether two changes of a view share a stretch.
        GAPS..CHANGES => {
            let length = usize::from(codes.next().unwrap_or(0)) << (code - GAPS);
            b".x .".iter().copied().cycle().take(length).collect()
        }
        CHANGES.. => match codes.next() {
            Some(next) if depth > 0 => changed(code, &piece(next, codes, samples, depth - 1)),
            _ => Vec::new(),
        },
    }
}

/// A piece after the change that a code means.
fn changed(code: u8, piece: &[u8]) -> Vec<u8> {
    let half = piece.len() / 2;
    let (left, right) = piece.split_at(half);
    match code {
        0xec => left.to_vec(),
        0xed => right.to_vec(),
        0xee => piece[..piece.len().saturating_sub(1)].to_vec(),
        0xef => piece.to_ascii_uppercase(),
        0xf0 => [piece, piece].concat(),
        0xf1 => piece.repeat(9),
        0xf2 => [left, b"\n", right].concat(),
        0xf3 => [left, br"\", right].concat(),
        0xf4 => [left, br"\n", right].concat(),
        0xf5 => [left, b" ", right].concat(),
        0xf6 => escaped(piece, |_| true),
        0xf7 => escaped(piece, |i| i == 0),
        0xf8 => escaped(piece, |i| i + 1 == piece.len()),
        0xf9 => escaped(piece, |i| i == half),
        0xfa => escaped(piece, |i| i % 3 == 1),
        0xfb => [br"\n", piece, br"\t"].concat(),
        0xfc => [b"_", piece].concat(),
        0xfd => [piece, b"_"].concat(),
        // As a JSON string says it, and as a JSON string in a JSON string does.
        0xfe => quoted(piece),
        _ => quoted(&quoted(piece)),
    }
}

/// A piece in the dress of a view: its bytes as tokens, tokens between them, or other letters.
fn dressed(kind: u8, piece: &[u8]) -> Vec<u8> {
    let each =
        |write: &dyn Fn(u8) -> String| piece.iter().map(|&b| write(b)).collect::<String>().into_bytes();
    let between = |token: &str| {
        let separated: Vec<&[u8]> = piece.chunks(2).collect();
        separated.join(token.as_bytes())
    };
    match kind {
        0 => each(&|b| format!("%{b:02X}")),
        1 => each(&|b| if b % 2 == 0 { format!("%25{b:02x}") } else { format!("\\x{b:02x}") }),
        2 => each(&|b| format!("&#{};", u32::from(b))),
        3 => each(&|b| if b.is_ascii_alphabetic() { format!("&#x{b:X};") } else { char::from(b).into() }),
        4 => each(&|b| format!("\\{b:03o}")),
        5 => between("<b>"),
        6 => between("\x1b[1m"),
        7 => between("\u{200b}"),
        // Full-width letters, and letters of another alphabet.
        8 => each(&|b| match b {
            b'!'..=b'~' => char::from_u32(u32::from(b) - 0x20 + 0xff00).unwrap_or(' ').into(),
            _ => char::from(b).into(),
        }),
        9 => each(&|b| match b {
            b'a' => "а".to_string(),
            b'e' => "е\u{301}".to_string(),
            b'o' => "\\u043e".to_string(),
            b' ' => "\u{a0}".to_string(),
            _ => char::from(b).into(),
        }),
        _ => between("**"),
    }
}

/// A piece spelled in an alphabet, packed or in UTF-16, with enough around it to be long.
fn run(code: u8, piece: &[u8]) -> Vec<u8> {
    let short = &piece[..piece.len().min(4000)];
    let long = [b"so many words, ", short, b" and so on"].concat();
    match code {
        0x0b => encode::base64(short, *b"+/", true),
        0x0c => encode::hex(&long, ""),
        0x0e => encode::base32(&long),
        0x0f => encode::wide(&long, piece.len().is_multiple_of(2)),
        0x1c => encode::wrapped(&encode::base64(&long, *b"-_", false), 19, b"\r\n  "),
        0x1d => encode::base64(&encode::gzip(&long), *b"+/", false),
        0x1e => encode::hex(short, if piece.len().is_multiple_of(2) { ":" } else { ", 0x" }),
        _ => encode::base64(&[b"\x01\x80\xff\x02\x81", long.as_slice()].concat(), *b"+/", true),
    }
}

/// Some characters as `\uXXXX`, chosen by the offset of their first byte; bytes that are no UTF-8 stay.
fn escaped(piece: &[u8], which: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut text = Vec::new();
    let mut at = 0;
    for chunk in piece.utf8_chunks() {
        for c in chunk.valid().chars() {
            if which(at) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    text.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            } else {
                text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            at += c.len_utf8();
        }
        text.extend_from_slice(chunk.invalid());
        at += chunk.invalid().len();
    }
    text
}

fn quoted(piece: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for &byte in piece {
        match byte {
            b'"' | b'\\' | b'/' => text.extend_from_slice(&[b'\\', byte]),
            b'\n' => text.extend_from_slice(br"\n"),
            b'\t' => text.extend_from_slice(br"\t"),
            b' ' => text.extend_from_slice(br"\u0020"),
            _ => text.push(byte),
        }
    }
    text
}
