//! Every filter reports every occurrence of every anchor, and nothing else: compared with a search byte by byte. Where an
//! anchor says which word comes next, it may be reported before others, too.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::anchor::hash::WORD_KEY;
use crate::anchor::list::AnchorList;
use crate::anchor::{Anchor, Literal, Planned, grams};
use crate::byteset::ByteSet;
use crate::filter::native::LookUps;
use crate::filter::{Config, Filter, FilterKind, FilterScratch, SimdLevel};
use crate::rule::RunClass;

/// Bytes of which anchors and texts are made: few, so that they meet, and such as differ in one bit of a letter only.
const BYTES: &[u8] = b"abAB@`01 .-_\x00\xc3\xa9\xce\xb1\xd0\xb0\xcc\x81\xcd\xaf";

fn sets() -> impl Strategy<Value = ByteSet> {
    let byte = prop::sample::select(BYTES);
    prop_oneof![
        3 => byte.clone().prop_map(|b| ByteSet::of(&[b])),
        3 => byte.clone().prop_map(|b| ByteSet::of(&[b.to_ascii_lowercase(), b.to_ascii_uppercase()])),
        1 => prop::collection::vec(byte, 1..5).prop_map(|bytes| ByteSet::of(&bytes)),
        1 => Just(ByteSet::of(b"0123456789")),
        1 => Just(ByteSet::FULL),
    ]
}

/// A letter or digit of a word.
fn letters() -> impl Strategy<Value = ByteSet> {
    prop_oneof![
        5 => prop::sample::select(b"ab01")
            .prop_map(|b| ByteSet::of(&[b.to_ascii_lowercase(), b.to_ascii_uppercase()])),
        1 => Just(ByteSet::of(b"aA1")),
    ]
}

fn words() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"ab01"), 1..8)
}

/// The key of a word, as anyone would work it out.
fn key(word: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..word.len().min(WORD_KEY)].copy_from_slice(&word[..word.len().min(WORD_KEY)]);
    bytes.iter_mut().take_while(|b| **b != 0).for_each(|b| *b |= 0x20);
    u64::from_le_bytes(bytes)
}

fn anchors() -> impl Strategy<Value = Anchor> {
    let run = |class: RunClass, lengths: std::ops::Range<usize>| {
        lengths.prop_map(move |length| Anchor::Run(class, length)).boxed()
    };
    prop_oneof![
        6 => (prop::collection::vec(sets(), 1..17), any::<bool>(), any::<bool>())
            .prop_map(|(sets, starts_word, ends_word)| {
                let of_word = |set: Option<&ByteSet>| set.is_some_and(|s| s.is_subset(&ByteSet::ALPHANUMERIC));
                Literal {
                    starts_word: starts_word && of_word(sets.first()),
                    ends_word: ends_word && of_word(sets.last()),
                    sets,
                    next: Vec::new(),
                }
            })
            .prop_filter("the compiler takes no others", |literal| grams::plan(literal).is_some())
            .prop_map(Anchor::Bytes),
        3 => (prop::collection::vec(letters(), 1..9), prop::collection::btree_set(words(), 1..4))
            .prop_map(|(sets, next)| {
                let mut next: Vec<u64> = next.iter().map(|word| key(word)).collect();
                next.sort_unstable();
                Anchor::Bytes(Literal { sets, starts_word: true, ends_word: true, next })
            }),
        1 => run(RunClass::Digits, 5..25),
        1 => run(RunClass::Token, 20..25),
        1 => run(RunClass::Marks, 5..6),
        1 => run(RunClass::MixedScript, 3..4),
    ]
}

/// A text with whole and broken occurrences of the anchors in it.
fn text(anchors: &[Anchor], pieces: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut text = Vec::new();
    for (which, choices) in pieces {
        let mut choices = choices.iter().copied();
        let mut choose = |from: &[u8]| from[usize::from(choices.next().unwrap_or(0)) % from.len()];
        match anchors.get(usize::from(*which) % (anchors.len() + 2)) {
            Some(Anchor::Bytes(literal)) => {
                text.extend(literal.sets.iter().map(|s| choose(&s.iter().collect::<Vec<u8>>())));
                if let Some(next) = literal.next.first() {
                    text.extend((0..choose(b"\x00\x01\x01\x02\x05")).map(|_| choose(b" \n-\xc3")));
                    text.extend(next.to_le_bytes().iter().take_while(|b| **b != 0));
                }
            }
            Some(Anchor::Run(RunClass::Digits, _)) => {
                text.extend((0..*which / 8).map(|_| choose(b"012345678901234 .-")))
            }
            Some(Anchor::Run(RunClass::Token, _)) => text.extend((0..*which / 2).map(|_| choose(b"aZ0_-b1"))),
            Some(Anchor::Run(..) | Anchor::Any) => {
                (0..*which / 32).for_each(|_| match choose(b"maM") {
                    b'm' => text.extend_from_slice("\u{301}".as_bytes()),
                    b'a' => text.extend_from_slice("а".as_bytes()),
                    _ => text.push(b'a'),
                });
            }
            None => text.extend((0..*which / 8).map(|_| choose(BYTES))),
        }
    }
    text
}

/// Whether an anchor stands in the text at `at`.
fn stands(anchor: &Anchor, text: &[u8], at: usize) -> bool {
    let Some(bytes) = text.get(at..at + anchor.len()) else { return false };
    let is_lead = |b: u8| {
        crate::filter::runs::KINDS[usize::from(b)] & crate::filter::runs::kind::LEAD_GREEK_CYRILLIC != 0
    };
    match anchor {
        Anchor::Bytes(Literal { sets, starts_word, ends_word, .. }) => {
            let is_word = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
            sets.iter().zip(bytes).all(|(set, &b)| set.contains(b))
                && !(*starts_word && at > 0 && is_word(text.get(at - 1)))
                && !(*ends_word && is_word(text.get(at + bytes.len())))
        }
        Anchor::Run(RunClass::Digits, _) => (at..at + bytes.len()).all(|i| {
            let digit = |i: Option<usize>| i.and_then(|i| text.get(i)).is_some_and(u8::is_ascii_digit);
            digit(Some(i))
                || matches!(text[i], b' ' | b'.' | b'-') && digit(i.checked_sub(1)) && digit(Some(i + 1))
        }),
        Anchor::Run(RunClass::Token, _) => {
            bytes.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        }
        Anchor::Run(RunClass::Marks, _) => [0, 2, 4].iter().all(|&i| matches!(bytes[i], 0xcc | 0xcd)),
        Anchor::Run(..) | Anchor::Any => {
            bytes[0].is_ascii_alphabetic() && is_lead(bytes[1])
                || is_lead(bytes[0]) && bytes[2].is_ascii_alphabetic()
        }
    }
}

/// Whether the word behind the anchor at `at` is one of those that follow it.
fn goes_on(anchor: &Anchor, text: &[u8], at: usize) -> bool {
    let Some(literal) = anchor.literal().filter(|literal| !literal.next.is_empty()) else { return true };
    let behind = &text[at + literal.sets.len()..];
    let mut words = behind.split(|b| !b.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.next().is_some_and(|word| literal.next.contains(&key(word)))
}

proptest! {
    #[test]
    fn every_occurrence_and_nothing_else(
        anchors in prop::collection::vec(anchors(), 1..12),
        pieces in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..12),
        from in any::<prop::sample::Index>(),
    ) {
        let mut anchors = anchors;
        anchors.sort();
        anchors.dedup();
        let text = text(&anchors, &pieces);
        let from = from.index(text.len() + 1);
        let all: BTreeSet<(u32, usize)> = (0u32..)
            .zip(&anchors)
            .flat_map(|(i, a)| (0..text.len()).filter(|&at| stands(a, &text, at)).map(move |at| (i, at)))
            .collect();
        // No match begins with a separator, so none needs the runs that do where the search begins.
        let begins_inside = |i: u32, at: usize| {
            matches!(anchors[i as usize], Anchor::Run(RunClass::Digits, _)) && !text[at].is_ascii_digit()
        };
        let planned: Vec<Planned> = anchors.iter().cloned().map(Planned::new).collect();
        let list = AnchorList::new(&planned);
        let levels = SimdLevel::ALL.into_iter().filter(|l| l.is_available());
        let others = FilterKind::ALL.into_iter().skip(1).map(|kind| Config::new().filter(kind));
        let configs = levels.map(|l| Config::new().simd(l)).chain(others);
        for config in configs {
            let mut scratch = FilterScratch::default();
            let filter = Filter::new(&list, || LookUps::new(&planned), config).expect("every filter takes them");
            filter.find(&text, from, text.len(), &mut scratch).expect("a short text can be scanned");
            let found: BTreeSet<(u32, usize)> = scratch
                .candidates
                .iter()
                .flat_map(|c| (c.first_end..=c.last_end).map(|end| (c.anchor, end - anchors[c.anchor as usize].len())))
                .collect();
            let must = |(i, at): &&(u32, usize)| {
                *at >= from && !begins_inside(*i, *at) && goes_on(&anchors[*i as usize], &text, *at)
            };
            for &(i, at) in all.iter().filter(must) {
                prop_assert!(
                    found.contains(&(i, at)),
                    "{config:?} misses {} at {at} from {from}: {}", anchors[i as usize].describe(), text.escape_ascii()
                );
            }
            for &(i, at) in &found {
                prop_assert!(
                    all.contains(&(i, at)),
                    "{config:?} makes up {} at {at} from {from}: {}", anchors[i as usize].describe(), text.escape_ascii()
                );
            }
        }
    }
}

/// The words of a text are noted by sections of 2 KiB: one that lies across such an edge, or right at it, is found wherever
/// the search begins.
#[test]
fn words_across_the_edges_of_sections_are_found() {
    let both = |b: u8| ByteSet::of(&[b.to_ascii_lowercase(), b.to_ascii_uppercase()]);
    let word = b"jailbreak";
    let literal = Literal {
        sets: word.iter().map(|&b| both(b)).collect(),
        starts_word: true,
        ends_word: true,
        next: Vec::new(),
    };
    let planned = [Planned::new(Anchor::Bytes(literal))];
    let list = AnchorList::new(&planned);
    for level in SimdLevel::ALL.into_iter().filter(|l| l.is_available()) {
        let filter = Filter::new(&list, || LookUps::new(&planned), Config::new().simd(level))
            .expect("the native filter takes all anchors");
        for from in [0, 1, 63, 64] {
            for at in (from + 2048 - 90)..(from + 2048 + 20) {
                for (filler, stands) in [(b' ', true), (b'x', false)] {
                    let mut text = vec![filler; from + 4096];
                    text[at..at + word.len()].copy_from_slice(word);
                    let mut scratch = FilterScratch::default();
                    filter
                        .find(&text, from, text.len(), &mut scratch)
                        .expect("the native filter can scan all texts");
                    let ends: Vec<usize> = scratch.candidates.iter().map(|c| c.last_end).collect();
                    let expected = if stands { vec![at + word.len()] } else { Vec::new() };
                    assert_eq!(ends, expected, "{level:?} at {at} from {from}");
                }
            }
        }
    }
}
