//! Rule files that went through an accident: whatever is in them, reading says what is wrong and never panics.

#![forbid(unsafe_code)]

use hypersieve_rules::{Colour, parse_str};
use proptest::prelude::*;

const GOOD: &str = include_str!("golden/good.input");

/// Pieces that mean something in YAML or in the schema.
const PIECES: [&str; 24] = [
    "",
    " ",
    "\n",
    "  ",
    "---\n",
    ": ",
    "- ",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "#",
    "&a",
    "*a",
    "!t",
    ">-\n",
    "|\n",
    "é",
    "\u{0}",
    "\t",
    "id: X\n",
    "match: all\n",
];

proptest! {
    #[test]
    fn an_accident_is_reported(cuts in prop::collection::vec((0..GOOD.len(), 0..40usize, 0..PIECES.len()), 1..6)) {
        let mut text = GOOD.to_string();
        for (at, length, piece) in cuts {
            let mut start = at.min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, PIECES[piece]);
        }
        if let Err(error) = parse_str("broken.yaml", &text) {
            prop_assert!(!error.diagnostics().is_empty());
            for diagnostic in error.diagnostics() {
                let rendered = diagnostic.render(Colour::Never);
                prop_assert!(rendered.contains("broken.yaml:"), "{rendered}");
            }
        }
    }
}
