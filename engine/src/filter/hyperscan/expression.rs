//! Anchors as expressions of the library: every byte by its number, so that nothing in an anchor is taken for syntax.

use std::fmt::Write;

use crate::anchor::list::{AnchorList, Bytes};
use crate::byteset::ByteSet;

/// No letter or digit stands here: the edge of a word. The library's own `\b` takes `_` for a letter.
const BEFORE_WORD: &str = "(?:^|[^0-9A-Za-z])";
const BEHIND_WORD: &str = r"(?:\z|[^0-9A-Za-z])";

/// The expression that matches where a string stands; what comes next is not part of it.
pub(super) fn of(anchors: &AnchorList, string: Bytes<'_>) -> String {
    let mut expression = String::new();
    if string.starts_word {
        expression.push_str(BEFORE_WORD);
    }
    for position in string.positions {
        push_set(&mut expression, &anchors.set(*position));
    }
    if string.ends_word {
        expression.push_str(BEHIND_WORD);
    }
    expression
}

/// One byte of a set, as a class of ranges if there are several.
fn push_set(expression: &mut String, set: &ByteSet) {
    if let Some(byte) = set.single() {
        return push_byte(expression, byte);
    }
    expression.push('[');
    let mut bytes = set.iter().peekable();
    while let Some(low) = bytes.next() {
        let mut high = low;
        while let Some(next) = bytes.next_if(|next| high.checked_add(1) == Some(*next)) {
            high = next;
        }
        push_byte(expression, low);
        if high > low {
            expression.push('-');
            push_byte(expression, high);
        }
    }
    expression.push(']');
}

fn push_byte(expression: &mut String, byte: u8) {
    write!(expression, r"\x{byte:02x}").expect("a string takes whatever is written");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::{Anchor, Literal, Planned};

    fn expression(sets: &[&[u8]], starts_word: bool, ends_word: bool) -> String {
        let sets = sets.iter().map(|bytes| ByteSet::of(bytes)).collect();
        let anchor = Anchor::Bytes(Literal { sets, starts_word, ends_word, next: Vec::new() });
        let list = AnchorList::new(&[Planned::new(anchor)]);
        of(&list, list.strings().next().expect("the anchor is a string"))
    }

    #[test]
    fn bytes_are_numbers_and_sets_are_ranges() {
        assert_eq!(expression(&[b"/", b"b", b"iI", b"."], false, false), r"\x2f\x62[\x49\x69]\x2e");
        assert_eq!(
            expression(&[b"abc", b"k", b"e", b"\x00\\]", b"y"], false, false),
            r"[\x61-\x63]\x6b\x65[\x00\x5c-\x5d]\x79"
        );
    }

    #[test]
    fn the_edges_of_words_stand_around_them() {
        let between = expression(&[b"k", b"e", b"y", b"s"], true, true);
        assert_eq!(between, r"(?:^|[^0-9A-Za-z])\x6b\x65\x79\x73(?:\z|[^0-9A-Za-z])");
    }
}
