//! What stands at the edges of an expression: bytes, and edges of words.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look};

use crate::byteset::ByteSet;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    First,
    Last,
}

/// The bytes at one edge of a match, and whether the expression can match without consuming any.
pub(super) fn edge_bytes(hir: &Hir, edge: Edge) -> (ByteSet, bool) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (ByteSet::EMPTY, true),
        HirKind::Literal(literal) => {
            let byte = if edge == Edge::First { literal.0.first() } else { literal.0.last() };
            (byte.map_or(ByteSet::EMPTY, |&b| ByteSet::of(&[b])), byte.is_none())
        }
        HirKind::Class(class) => (class_edge(class, edge), false),
        HirKind::Repetition(repetition) => {
            let (set, empty) = edge_bytes(&repetition.sub, edge);
            (set, empty || repetition.min == 0)
        }
        HirKind::Capture(capture) => edge_bytes(&capture.sub, edge),
        HirKind::Concat(parts) => {
            let mut all = ByteSet::EMPTY;
            let mut parts: Vec<&Hir> = parts.iter().collect();
            if edge == Edge::Last {
                parts.reverse();
            }
            for part in parts {
                let (set, empty) = edge_bytes(part, edge);
                all = all.union(&set);
                if !empty {
                    return (all, false);
                }
            }
            (all, true)
        }
        HirKind::Alternation(branches) => branches
            .iter()
            .map(|b| edge_bytes(b, edge))
            .fold((ByteSet::EMPTY, false), |(all, any), (set, empty)| (all.union(&set), any || empty)),
    }
}

/// Whether no letter or digit can stand right before a part, and right behind it.
#[derive(Clone, Copy, Default)]
pub(super) struct Around {
    pub(super) before: bool,
    pub(super) behind: bool,
}

impl Around {
    /// What stands around one of the parts of a concatenation. Of what may be empty, what lies beyond it counts, too.
    pub(super) fn part(self, parts: &[Hir], i: usize) -> Around {
        let (before, empty) = first_that_decides(parts[..i].iter().rev(), Edge::Last);
        let (behind, none) = first_that_decides(parts[i + 1..].iter(), Edge::First);
        Around { before: before && (!empty || self.before), behind: behind && (!none || self.behind) }
    }
}

/// Whether whatever an expression has at its edge makes sure that no letter or digit stands there, and whether it may
/// have nothing there.
fn no_word(hir: &Hir, edge: Edge) -> (bool, bool) {
    match hir.kind() {
        HirKind::Empty => (true, true),
        // Beside a letter, the edge of a word or of a line means that no other one stands there.
        HirKind::Look(look) => (true, !is_edge(*look)),
        HirKind::Capture(capture) => no_word(&capture.sub, edge),
        HirKind::Repetition(repetition) => {
            let (sure, empty) = no_word(&repetition.sub, edge);
            (sure, empty || repetition.min == 0)
        }
        HirKind::Concat(parts) if edge == Edge::First => first_that_decides(parts.iter(), edge),
        HirKind::Concat(parts) => first_that_decides(parts.iter().rev(), edge),
        HirKind::Alternation(branches) => branches
            .iter()
            .map(|b| no_word(b, edge))
            .fold((true, false), |(all, any), (sure, empty)| (all && sure, any || empty)),
        HirKind::Literal(_) | HirKind::Class(_) => {
            (edge_bytes(hir, edge).0.is_disjoint(&ByteSet::ALPHANUMERIC), false)
        }
    }
}

/// The same of a concatenation, the parts in the order in which they are met.
fn first_that_decides<'a>(parts: impl Iterator<Item = &'a Hir>, edge: Edge) -> (bool, bool) {
    let mut all = true;
    for part in parts {
        let (sure, empty) = no_word(part, edge);
        all &= sure;
        if !empty {
            return (all, false);
        }
    }
    (all, true)
}

pub(super) fn is_edge(look: Look) -> bool {
    matches!(
        look,
        Look::WordAscii
            | Look::WordStartAscii
            | Look::WordEndAscii
            | Look::WordStartHalfAscii
            | Look::WordEndHalfAscii
            | Look::StartLF
            | Look::EndLF
    )
}

/// The bytes at one edge of a class's members.
pub(super) fn class_edge(class: &Class, edge: Edge) -> ByteSet {
    let mut set = ByteSet::EMPTY;
    match class {
        Class::Bytes(class) => class.ranges().iter().for_each(|r| set.insert_range(r.start(), r.end())),
        Class::Unicode(class) => characters(class).for_each(|bytes| {
            let byte = if edge == Edge::First { bytes.first() } else { bytes.last() };
            byte.into_iter().for_each(|&b| set.insert(b));
        }),
    }
    set
}

/// The characters of a class as UTF-8. An alternation of single characters becomes such a class.
pub(super) fn characters(class: &ClassUnicode) -> impl Iterator<Item = Vec<u8>> + '_ {
    class.ranges().iter().flat_map(|r| r.start()..=r.end()).map(|c| c.to_string().into_bytes())
}

/// Every byte that a match of the expression can hold.
pub(super) fn all_bytes(hir: &Hir) -> ByteSet {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => ByteSet::EMPTY,
        HirKind::Literal(literal) => ByteSet::of(&literal.0),
        HirKind::Class(class @ Class::Bytes(_)) => class_edge(class, Edge::First),
        HirKind::Class(Class::Unicode(class)) => {
            ByteSet::of(&characters(class).flatten().collect::<Vec<u8>>())
        }
        HirKind::Repetition(repetition) => all_bytes(&repetition.sub),
        HirKind::Capture(capture) => all_bytes(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(all_bytes).fold(ByteSet::EMPTY, |all, set| all.union(&set))
        }
    }
}
