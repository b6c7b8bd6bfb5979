//! The merge of a sequence gives what the sequence's expression means, and what it says of a cut text stays true.

use proptest::prelude::*;

use crate::filter::SimdLevel;
use crate::oracle::Search;
use crate::pattern::dialect;
use crate::pattern::sequence::{Ends, Merge, WordSets};
use crate::rule::{On, Sequence};

const WORDS: &[&str] = &[
    "a", "ab", "aba", "b", "ab*", "b*", "a b", "b ab*", "a b a", "-a", "a-", "-", "Ab", "é", "éa", "_", "a>",
    "> a", "#", "a\nb",
];

const PIECES: &[&[u8]] = &[
    b"a",
    b"b",
    b"ab",
    b"aba",
    b"A",
    b"B",
    b"Ab",
    b" ",
    b"  ",
    b"\n",
    b"\n> ",
    b" \r\n\t > # ",
    b"        ",
    b"\n//;  * ",
    b"-",
    b"_",
    b">",
    b"#",
    b"\xc3\xa9",
    b"\xc3",
    b".",
    b"!",
    b"x",
];

fn sequences() -> impl Strategy<Value = Sequence> {
    let word = prop::sample::select(WORDS).prop_map(str::to_string);
    let words = prop::collection::vec(prop::collection::vec(word, 1..4), 2..4);
    let stop =
        prop_oneof![Just(Vec::new()), prop::collection::vec(prop::sample::select(b".!ax\n>".to_vec()), 1..3)];
    (words, 0usize..9, stop).prop_map(|(words, gap, stop)| Sequence { words, gap, stop })
}

proptest! {
    #[test]
    fn a_merge_is_its_expression(
        sequence in sequences(),
        on in prop::sample::select(On::ALL.to_vec()),
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
    ) {
        let Ok(sets) = WordSets::new(&sequence, on) else { return Ok(()) };
        let hir = dialect::parse(&sets.to_regex(), on).expect("a sequence is a valid expression");
        let mut search = Search::new(&hir);
        let text = pieces.concat();
        let mut ends = Ends::default();
        let heads = sets.heads(SimdLevel::Auto);
        for start in 0..text.len() {
            let expected = search.longest_from(&text, start).map_or(Merge::None, Merge::Ends);
            let shown = || format!("{} at {start} of {}", sets.to_regex(), text.escape_ascii());
            prop_assert_eq!(sets.longest_from(&heads, &text, start, true, &mut ends), expected, "{}", shown());
            for cut in start + 1..=text.len() {
                let merged = sets.longest_from(&heads, &text[..cut], start, false, &mut ends);
                prop_assert!(merged == Merge::Undecided || merged == expected, "{merged:?} at {cut}: {}", shown());
            }
        }
    }
}
