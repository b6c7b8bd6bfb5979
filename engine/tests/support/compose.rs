//! Texts made of the stock's words: whole and halved, escaped and broken, with gaps between them.
//!
//! A text is written as codes, one byte each, so that proptest can shrink it and a fuzzer can mutate it: a byte below
//! 0x80 stands for itself, the highest ones change what comes next, and those between are fragments.

/// What the rules look for, what separates it, and escapes of all kinds.
const FRAGMENTS: &[&[u8]] = &[
    b"ignore",
    b"ignore previous",
    b"previous",
    b"previous instructions",
    b"all",
    b"instructions",
    b"rule",
    b"forget",
    b"prior",
    b"begin",
    b"end",
    b"stop",
    b"secret",
    b"now",
    b"tell",
    b"tell now",
    b"do not",
    b"never ever",
    b"say to",
    b"Ignore",
    b"aba",
    b"bab",
    b"AKIA",
    b"AB12",
    b"sk-",
    b"abcdef",
    b"ghp_A1b2C3d4",
    b"xoxb-12ab",
    b"pass",
    b"key",
    b"key=",
    b"=hunter2",
    b"=now",
    b"token=",
    b"example",
    b"xxx",
    b"xy1",
    b"123-45-6789",
    br"c:\new",
    br"\u0041",
    b"\"role\":",
    b" \"system\"",
    b"rm -rf /",
    b"curl",
    b"curl x|",
    b"sh",
    b"evil",
    b".com",
    b"malo",
    b".example",
    b"aa",
    b"bb",
    b"zz1",
    b"de",
    b"22",
    b"12345",
    b"4111 1111 1111 1111",
    b"0123.",
    b"Ab0-Cd1_Ef",
    b"AbCdEfGhIj0123456789",
    "\u{200b}".as_bytes(),
    "\u{feff}\u{2060}".as_bytes(),
    "\u{301}".as_bytes(),
    "\u{30a}\u{36f}".as_bytes(),
    "а".as_bytes(),
    "α".as_bytes(),
    "пароль".as_bytes(),
    "не".as_bytes(),
    " говори".as_bytes(),
    "é".as_bytes(),
    "è".as_bytes(),
    "écrét".as_bytes(),
    "à".as_bytes(),
    "😀".as_bytes(),
    b"https://a.very.long.example.invalid/with/a/path",
    b"foo",
    b"ignored rule",
    b"\r\n> ",
    b"\n   // ",
    b"\n# ",
    b"        ",
    b"\xff",
    b"\xe2\x80",
    b"\xd0",
    b"\0",
    br"\n",
    br"\t",
    br"\u0020",
    br"\u0069",
    br"\u006F",
    br"\ud83d\ude00",
    br"\ud83d",
    br"\ude00",
    br"\ud83d\u0041",
    br"\\",
    br"\",
    br"\u",
    br"\u00",
    br"\u00g",
    br"\q",
    br"\/",
    br#"\""#,
    br"\u0000",
    br"\u043f",
];

/// The first code that is no fragment.
const CHANGES: u8 = 0xec;

const _: () = assert!(FRAGMENTS.len() <= (CHANGES - 0x80) as usize);

/// The text that `codes` stand for.
pub(crate) fn compose(codes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut codes = codes.iter().copied();
    while let Some(code) = codes.next() {
        match code {
            0..0x80 => text.push(code),
            0x80..CHANGES => text.extend_from_slice(fragment(code)),
            // A gap; its length decides whether two changes of a view share a stretch.
            0xec..0xf0 => {
                let length = usize::from(codes.next().unwrap_or(0)) << (2 * (code - 0xec));
                text.extend(std::iter::repeat_n(b".x .".as_slice(), length.div_ceil(4)).flatten().take(length));
            }
            _ => {
                let Some(next) = codes.next() else { break };
                let next = if next < 0x80 { vec![next] } else { fragment(next).to_vec() };
                text.extend(changed(code, &next));
            }
        }
    }
    text
}

fn fragment(code: u8) -> &'static [u8] {
    FRAGMENTS[usize::from(code - 0x80) % FRAGMENTS.len()]
}

/// A fragment after the change that a code means.
fn changed(code: u8, fragment: &[u8]) -> Vec<u8> {
    let half = fragment.len() / 2;
    match code {
        0xf0 => fragment[..half].to_vec(),
        0xf1 => fragment[half..].to_vec(),
        0xf2 => fragment[..fragment.len().saturating_sub(1)].to_vec(),
        0xf3 => fragment.to_ascii_uppercase(),
        0xf4 => [fragment, fragment].concat(),
        0xf5 => fragment.repeat(9),
        0xf6 => escaped(fragment, |_| true),
        0xf7 => escaped(fragment, |i| i == 0),
        0xf8 => escaped(fragment, |i| i + 1 == fragment.len()),
        0xf9 => escaped(fragment, |i| i == half),
        0xfa => escaped(fragment, |i| i % 2 == 1),
        0xfb => [fragment, b"\n"].concat(),
        0xfc => [fragment, b" "].concat(),
        0xfd => [b" ", fragment].concat(),
        // As a JSON string says it, and as a JSON string in a JSON string does.
        0xfe => quoted(fragment),
        _ => quoted(&quoted(fragment)),
    }
}

/// Some bytes as `\u00XX`; only ASCII ones mean the same then.
fn escaped(fragment: &[u8], which: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut text = Vec::new();
    for (i, &byte) in fragment.iter().enumerate() {
        if byte.is_ascii() && which(i) {
            text.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            text.push(byte);
        }
    }
    text
}

fn quoted(fragment: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for &byte in fragment {
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
