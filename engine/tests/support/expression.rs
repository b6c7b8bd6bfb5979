//! Random expressions of the dialect, and texts that they match.

use proptest::prelude::*;

/// An expression that can be written down and sampled.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Literal(&'static str),
    /// A class as it is written, and bytes in it.
    Class(&'static str, &'static [u8]),
    Look(&'static str),
    Concat(Vec<Expression>),
    Alternation(Vec<Expression>),
    Capture(Box<Expression>),
    Repetition(Box<Expression>, u8, u8),
    /// At least so often, which only the slow lane takes.
    Endless(Box<Expression>, u8),
}

/// Literals of which expressions are made: with and without a meaning of their own beside their neighbours.
const LITERALS: &[&str] = &[
    "a",
    "b",
    "ab",
    "abc",
    "cab",
    "k=",
    "1",
    " ",
    "  ",
    "é",
    "è",
    "не",
    "ignore",
    "now ",
    "-key-",
    "AbAb",
    "_x9_",
    "every.expression.of.this.length.is.cut.down",
];

const CLASSES: &[(&str, &[u8])] = &[
    ("[a-c]", b"abc"),
    ("[^a]", b"bx \n\xff"),
    (r"\d", b"01"),
    (r"\w", b"a_1"),
    (r"\s", b" \n"),
    (".", b"a.\n\x80"),
    ("[xy]", b"xy"),
    (r"[\xc3-\xc5]", b"\xc3\xc5"),
];

/// Any expression; many have no anchor and are refused.
pub(crate) fn expressions() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        6 => prop::sample::select(LITERALS).prop_map(Expression::Literal),
        2 => prop::sample::select(CLASSES).prop_map(|(text, bytes)| Expression::Class(text, bytes)),
        1 => prop::sample::select(vec![r"\b", "^", "$", r"\B"]).prop_map(Expression::Look),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 2..5).prop_map(Expression::Concat),
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::Alternation),
            1 => inner.clone().prop_map(|e| Expression::Capture(Box::new(e))),
            1 => (inner.clone(), 0u8..3).prop_map(|(e, min)| Expression::Endless(Box::new(e), min)),
            2 => (inner, 0u8..4, 0u8..4)
                .prop_map(|(e, min, more)| Expression::Repetition(Box::new(e), min, min + more)),
        ]
    })
}

impl Expression {
    pub(crate) fn written(&self) -> String {
        match self {
            Expression::Literal(text) => text.replace('.', r"\."),
            Expression::Class(text, _) | Expression::Look(text) => text.to_string(),
            Expression::Concat(parts) => parts.iter().map(Expression::written).collect(),
            Expression::Alternation(branches) => {
                let branches: Vec<String> = branches.iter().map(Expression::written).collect();
                format!("(?:{})", branches.join("|"))
            }
            Expression::Capture(inner) => format!("({})", inner.written()),
            Expression::Repetition(inner, min, max) => format!("(?:{}){{{min},{max}}}", inner.written()),
            Expression::Endless(inner, min) => format!("(?:{}){{{min},}}", inner.written()),
        }
    }

    /// Appends a text that the expression matches, where its assertions allow; `choices` say which.
    pub(crate) fn sample(&self, choices: &mut impl Iterator<Item = u8>, text: &mut Vec<u8>) {
        let mut choose = |most: usize| usize::from(choices.next().unwrap_or(0)) % most;
        match self {
            Expression::Literal(literal) => {
                for byte in literal.bytes() {
                    match (byte, choose(6)) {
                        (b' ', 1) => text.extend_from_slice(b"\n> "),
                        (b' ', 2) => text.extend_from_slice(br"\n"),
                        (b' ', 3) => text.extend_from_slice(b" \t "),
                        (b'a', 1) => text.push(b'A'),
                        (b'a'..=b'b', 2) => text.extend_from_slice(format!("\\u00{byte:02x}").as_bytes()),
                        _ => text.push(byte),
                    }
                }
            }
            Expression::Class(_, bytes) => text.push(bytes[choose(bytes.len())]),
            Expression::Look(_) => {}
            Expression::Concat(parts) => parts.iter().for_each(|p| p.sample(choices, text)),
            Expression::Alternation(branches) => {
                let branch = choose(branches.len());
                branches[branch].sample(choices, text);
            }
            Expression::Capture(inner) => inner.sample(choices, text),
            Expression::Repetition(inner, min, max) => {
                let times = usize::from(*min) + choose(usize::from(max - min) + 1);
                (0..times).for_each(|_| inner.sample(choices, text));
            }
            Expression::Endless(inner, min) => {
                let times = usize::from(*min) + choose(4);
                (0..times).for_each(|_| inner.sample(choices, text));
            }
        }
    }
}
