//! Which byte strings every match of an expression must contain.
//!
//! For each part of the HIR: the finite set of strings it matches, if it is small; otherwise strings that all its
//! matches begin with or end with; and the best choice of anchors inside it. A concatenation glues neighbouring
//! strings together as far as their number stays small; an alternation needs anchors in every branch.

mod choice;
mod edges;
mod follow;
mod text;

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::anchor::{Located, MAX_ANCHOR};
use crate::byteset::ByteSet;
use crate::pattern::MAX_WIDTH;
use choice::{Choice, Fragment, cheaper, choose, shifted};
use edges::{Around, Edge, all_bytes, characters, class_edge, edge_bytes, is_edge};
use follow::Follow;
use text::Text;

/// Most strings that a set may hold before it is given up.
const MAX_STRINGS: usize = 32;

/// Most strings of an alternation, as long as they are not multiplied.
const MAX_WORDS: usize = 256;

/// Longest string that is followed before its beginning is dropped.
const MAX_LENGTH: usize = 2 * MAX_ANCHOR;

/// Something of no fixed length without letters and digits is a gap between words if it is no longer than this; the white
/// space that a space in a pattern stands for takes up to 17 bytes.
const MAX_GAP: usize = 32;

/// A set of fewer symbols than this says something.
const TELLING: usize = 4;

/// What every match of an expression contains.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    /// The cheapest to look for.
    pub(crate) anchors: Vec<Located>,
    /// Other sets of strings of which each match contains one, too.
    pub(crate) others: Vec<Vec<Located>>,
    /// Strings of which every match begins with one; empty if not known.
    pub(crate) prefixes: Vec<Vec<ByteSet>>,
}

/// What every match of an expression contains; `None` if that is nothing to look for.
pub(crate) fn contents(hir: &Hir) -> Option<Contents> {
    let part = Part::of(hir, Around::default());
    let exact = part.exact.as_ref().and_then(|strings| choose(&at_start(strings), &Follow::default()));
    let best = cheaper(part.best.clone(), exact)?;
    // What stands where the anchors do says nothing more.
    let mut others: Vec<Vec<Located>> = Vec::new();
    for group in part.groups.iter().filter(|group| **group != best.group) {
        let cut = |l: &Located| Located {
            anchor: l.anchor.clone(),
            from: l.from.min(MAX_WIDTH),
            to: l.to.min(MAX_WIDTH),
        };
        let group: Vec<Located> = group.iter().map(cut).collect();
        if !others.contains(&group) {
            others.push(group);
        }
    }
    // What is known of each place alone may allow more than what is known of the whole.
    let within = |located: &Located| Located {
        to: located.to.min(part.max.saturating_sub(located.anchor.len())),
        ..located.clone()
    };
    // What stands farther behind the start than a match is long is in none: another branch of the expression is.
    let is_near = |located: &Located| located.from <= located.to;
    let anchors = best.anchors.iter().map(within).filter(is_near).collect();
    Some(Contents { anchors, others, prefixes: part.into_heads() })
}

/// Strings of which every match begins with one; empty if not known.
pub(crate) fn prefixes(hir: &Hir) -> Vec<Vec<ByteSet>> {
    Part::of(hir, Around::default()).into_heads()
}

/// The bytes that a match can begin with.
pub(crate) fn first_bytes(hir: &Hir) -> ByteSet {
    edge_bytes(hir, Edge::First).0
}

/// What is known about one part of an expression.
#[derive(Clone, Debug)]
struct Part {
    /// Least and most bytes of it in a match, which is no longer than [`MAX_WIDTH`] bytes.
    min: usize,
    max: usize,
    /// All strings that the part matches, if they are few.
    exact: Option<Vec<Text>>,
    /// Strings of which every match begins with one; empty if not known.
    prefixes: Vec<Text>,
    /// Strings of which every match ends with one; empty if not known.
    suffixes: Vec<Text>,
    /// The best anchors inside, other than those that follow from `exact`.
    best: Option<Choice>,
    /// All sets of strings found inside of which every match contains one.
    groups: Vec<Vec<Located>>,
}

impl Part {
    fn exact(strings: Vec<Text>) -> Part {
        Part {
            min: strings.iter().map(Text::shortest).min().unwrap_or(0),
            max: strings.iter().map(Text::longest).max().unwrap_or(0),
            exact: Some(strings),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            best: None,
            groups: Vec::new(),
        }
    }

    /// A class of bytes, or of characters of one or more bytes each.
    fn class(class: &Class) -> Part {
        match class {
            Class::Unicode(of) if !of.is_ascii() => {
                let strings =
                    characters(of).map(|c| Text::of(c.iter().map(|&b| ByteSet::of(&[b])).collect()));
                let strings: Vec<Text> = strings.take(MAX_STRINGS + 1).collect();
                if strings.len() <= MAX_STRINGS {
                    return Part::exact(strings);
                }
                Part {
                    min: of.minimum_len().unwrap_or(0),
                    max: of.maximum_len().unwrap_or(0),
                    exact: None,
                    prefixes: Vec::new(),
                    suffixes: Vec::new(),
                    best: None,
                    groups: Vec::new(),
                }
            }
            _ => Part::exact(vec![Text::of(vec![class_edge(class, Edge::First)])]),
        }
    }

    /// The same as a gap between words, in which there are only these bytes.
    fn into_gap(self, bytes: ByteSet) -> Part {
        // What a gap of symbols begins with is worth as much as the symbols before it.
        let telling =
            |s: &&Text| !s.is_empty() && !s.has_gap() && s.sets.iter().all(|set| set.len() <= TELLING);
        let gap = match self.prefixes.as_slice() {
            [begins] if telling(&begins) => {
                begins.then(&Text::gap(self.min - begins.len(), self.max - begins.len(), bytes))
            }
            _ => Text::gap(self.min.max(1), self.max, bytes),
        };
        let nothing = (self.min == 0).then(Text::default);
        Part { min: self.min, ..Part::exact(nothing.into_iter().chain([gap]).collect()) }
    }

    /// The same where it has no bound: either it is a gap between words, or so long that this alone is rare.
    fn into_endless_gap(self, bytes: ByteSet) -> Part {
        let (min, max) = (self.min, self.max);
        let rest = Text::gap(MAX_GAP + 1 - MAX_ANCHOR, max - MAX_ANCHOR, bytes);
        let long = Text::of(vec![bytes; MAX_ANCHOR]).then(&rest);
        let short = Part { max: MAX_GAP, ..self }.into_gap(bytes);
        Part { min, max, ..Part::exact(short.exact.into_iter().flatten().chain([long]).collect()) }
    }

    /// The same with the heads of its strings only.
    fn into_heads(self) -> Vec<Vec<ByteSet>> {
        let heads: Vec<_> = self.exact.unwrap_or(self.prefixes).into_iter().map(Text::head).collect();
        if heads.iter().any(Vec::is_empty) { Vec::new() } else { heads }
    }

    fn of(hir: &Hir, around: Around) -> Part {
        let mut part = Part::of_kind(hir, around);
        let vague = part.exact.as_ref().is_none_or(|all| all.len() > 1 && all.iter().any(Text::has_gap));
        let endless = part.max == MAX_WIDTH && part.min <= MAX_GAP;
        if vague && part.best.is_none() && (endless || (1..=MAX_GAP).contains(&part.max)) {
            let bytes = all_bytes(hir);
            // Letters of other scripts are none to the filter, but say much.
            if bytes.is_subset(&ByteSet::ASCII) && bytes.is_disjoint(&ByteSet::ALPHANUMERIC) {
                part = if endless { part.into_endless_gap(bytes) } else { part.into_gap(bytes) };
            }
        }
        if part.exact.is_none() && part.min > 0 {
            // A single byte at the edge is known even where no string is.
            for (strings, edge) in [(&mut part.prefixes, Edge::First), (&mut part.suffixes, Edge::Last)] {
                if strings.is_empty() {
                    *strings = vec![Text::of(vec![edge_bytes(hir, edge).0])];
                }
            }
        }
        if around.before {
            part.exact.iter_mut().flatten().chain(&mut part.prefixes).for_each(|text| text.edges |= 1);
        }
        if around.behind {
            part.exact.iter_mut().flatten().chain(&mut part.suffixes).for_each(Text::assert_edge_behind);
        }
        part
    }

    fn of_kind(hir: &Hir, around: Around) -> Part {
        match hir.kind() {
            HirKind::Empty => Part::exact(vec![Text::default()]),
            HirKind::Look(look) if is_edge(*look) => Part::exact(vec![Text::edge()]),
            HirKind::Look(_) => Part::exact(vec![Text::default()]),
            HirKind::Literal(literal) => {
                Part::exact(vec![Text::of(literal.0.iter().map(|&b| ByteSet::of(&[b])).collect())])
            }
            HirKind::Class(class) => Part::class(class),
            HirKind::Capture(capture) => Part::of(&capture.sub, around),
            HirKind::Repetition(repetition) => {
                // Other rounds stand beside other rounds.
                let around = if repetition.max == Some(1) { around } else { Around::default() };
                let sub = Part::of(&repetition.sub, around);
                Part::repeated(
                    &sub,
                    usize::try_from(repetition.min).unwrap_or(usize::MAX),
                    repetition.max.map(|m| usize::try_from(m).unwrap_or(usize::MAX)),
                )
            }
            HirKind::Concat(parts) => {
                let around = |i: usize| around.part(parts, i);
                let parts: Vec<_> =
                    parts.iter().enumerate().map(|(i, p)| (Part::of(p, around(i)), around(i))).collect();
                Part::concat(&parts)
            }
            HirKind::Alternation(branches) => {
                Part::alternation(&branches.iter().map(|b| Part::of(b, around)).collect::<Vec<_>>())
            }
        }
    }

    fn repeated(sub: &Part, min: usize, max: Option<usize>) -> Part {
        let mut part = Part {
            min: sub.min.saturating_mul(min).min(MAX_WIDTH),
            max: max.map_or(MAX_WIDTH, |m| sub.max.saturating_mul(m).min(MAX_WIDTH)),
            exact: None,
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            best: None,
            groups: Vec::new(),
        };
        if min == 0 {
            if let (Some(strings), Some(1)) = (&sub.exact, max) {
                let mut strings = strings.clone();
                strings.push(Text::default());
                part.exact = Some(strings);
            }
            return part;
        }
        if let Some(strings) = &sub.exact {
            let mut product = strings.clone();
            let mut times = 1;
            while times < min && product.iter().all(|s| s.len() < MAX_LENGTH) {
                let Some(longer) = glue(&product, strings) else { break };
                product = longer;
                times += 1;
            }
            if times == min && max == Some(min) {
                part.exact = Some(product);
                return part;
            }
            if product.iter().all(|s| !s.is_empty()) {
                part.best = choose(&at_start(&product), &Follow::default());
                part.suffixes = product.clone();
                part.prefixes = product;
            }
            return part;
        }
        // The first iteration begins where the repetition does, the last ends where it ends.
        part.prefixes = sub.prefixes.clone();
        part.suffixes = sub.suffixes.clone();
        part.best = sub.best.clone();
        part.groups = sub.groups.clone();
        part
    }

    /// Takes each part and what stands around it.
    fn concat(parts: &[(Part, Around)]) -> Part {
        let mut min = 0usize;
        let mut max = 0usize;
        let mut best: Option<Choice> = None;
        let mut groups: Vec<Vec<Located>> = Vec::new();
        let mut exact: Option<Vec<Text>> = Some(vec![Text::default()]);
        // Strings that end where the next part begins.
        let mut run = vec![Fragment { text: Text::default(), from: 0, to: 0 }];
        let mut prefixes: Option<Vec<Text>> = None;
        for (i, (part, around)) in parts.iter().enumerate() {
            if around.before {
                run.iter_mut().for_each(|f| f.text.assert_edge_behind());
            }
            exact = match (&exact, &part.exact) {
                (Some(so_far), Some(strings)) => glue(so_far, strings),
                _ => None,
            };
            let mut glued = part.exact.as_ref().and_then(|strings| glue_fragments(&run, strings));
            if glued.is_none() {
                let ahead = part.exact.as_ref().unwrap_or(&part.prefixes);
                if prefixes.is_none() {
                    // The run is still the beginning of the concatenation.
                    let strings: Vec<Text> = run.iter().map(|f| f.text.clone()).collect();
                    prefixes = Some(glue(&strings, ahead).filter(|_| !ahead.is_empty()).unwrap_or(strings));
                }
                let follow = Follow::of(parts[i..].iter().map(|(part, _)| part));
                let first = first_byte(ahead);
                let longer = [ahead, &first].into_iter().filter(|a| !a.is_empty());
                let longer = longer.filter_map(|ahead| glue_fragments(&run, ahead)).next();
                let longer = longer.and_then(|longer| choose(&longer, &Follow::default()));
                // The same place with and without the byte behind it is one group.
                let short = choose(&run, &follow);
                let group = longer.iter().chain(&short).map(|c| &c.group).find(|g| !g.is_empty());
                let group = group.cloned().unwrap_or_default();
                let choice = cheaper(short, longer).map(|c| Choice { group: group.clone(), ..c });
                best = cheaper(best, noted(choice, &mut groups));
                // With only what the run's last words have in common there may be few enough strings to go on.
                run = last_words(&run);
                glued = part.exact.as_ref().and_then(|strings| glue_fragments(&run, strings));
            }
            if let Some(longer) = glued {
                run = longer;
                if run.iter().any(|f| f.text.len() > MAX_LENGTH) {
                    // Once its beginning is dropped, the run says no more what the concatenation begins with.
                    prefixes.get_or_insert_with(|| run.iter().map(|f| f.text.clone()).collect());
                    best = cheaper(best, noted(choose(&run, &Follow::default()), &mut groups));
                    run.iter_mut().for_each(Fragment::shorten);
                }
            } else {
                best = cheaper(best, part.best.as_ref().map(|c| c.shifted(min, max)));
                groups.extend(part.groups.iter().map(|g| shifted(g, min, max)));
                groups
                    .extend(part.best.iter().map(|c| shifted(&c.group, min, max)).filter(|g| !g.is_empty()));
                run = part.behind(min, max);
            }
            if around.behind {
                run.iter_mut().for_each(|f| f.text.assert_edge_behind());
            }
            min = min.saturating_add(part.min).min(MAX_WIDTH);
            max = max.saturating_add(part.max).min(MAX_WIDTH);
        }
        if exact.is_some() {
            return Part { min, max, ..Part::exact(exact.unwrap_or_default()) };
        }
        best = cheaper(best, noted(choose(&run, &Follow::default()), &mut groups));
        let known =
            |strings: Vec<Text>| if strings.iter().any(Text::is_empty) { Vec::new() } else { strings };
        Part {
            min,
            max,
            exact: None,
            prefixes: known(prefixes.unwrap_or_else(|| run.iter().map(|f| f.text.clone()).collect())),
            suffixes: known(run.into_iter().map(|f| f.text).collect()),
            best,
            groups,
        }
    }

    /// What it ends with, where `min` to `max` bytes stand before it.
    fn behind(&self, min: usize, max: usize) -> Vec<Fragment> {
        let ends_between = (min.saturating_add(self.min), max.saturating_add(self.max));
        if let Some(strings) = &self.exact {
            return strings.iter().map(|s| Fragment { from: min, to: max, text: s.clone() }).collect();
        }
        let ends = |s: &Text| Fragment {
            from: ends_between.0.saturating_sub(s.longest()),
            to: ends_between.1.saturating_sub(s.shortest()),
            text: s.clone(),
        };
        if self.suffixes.is_empty() {
            vec![ends(&Text::default())]
        } else {
            self.suffixes.iter().map(ends).collect()
        }
    }

    fn alternation(branches: &[Part]) -> Part {
        let min = branches.iter().map(|b| b.min).min().unwrap_or(0);
        let max = branches.iter().map(|b| b.max).max().unwrap_or(0);
        let exact: Option<Vec<Text>> =
            branches.iter().map(|b| b.exact.clone()).collect::<Option<Vec<_>>>().map(|all| all.concat());
        if let Some(strings) = exact.as_ref().filter(|s| s.len() <= MAX_WORDS) {
            return Part::exact(strings.clone());
        }
        let gather = |strings: &dyn Fn(&Part) -> Vec<Text>| -> Vec<Text> {
            let each: Vec<Vec<Text>> = branches.iter().map(strings).collect();
            if each.iter().any(Vec::is_empty) || each.iter().flatten().any(Text::is_empty) {
                return Vec::new();
            }
            let mut all = each.concat();
            if let Some(bytes) = all.iter().map(Text::one_byte).collect::<Option<Vec<ByteSet>>>() {
                // Single bytes are one string with a choice.
                let any = bytes.iter().fold(ByteSet::EMPTY, |set, s| set.union(s));
                all = vec![Text::of(vec![any])];
            }
            if all.len() <= MAX_WORDS { all } else { Vec::new() }
        };
        let best = branches
            .iter()
            .map(|branch| {
                let from_exact =
                    branch.exact.as_ref().and_then(|strings| choose(&at_start(strings), &Follow::default()));
                cheaper(branch.best.clone(), from_exact)
            })
            .collect::<Option<Vec<Choice>>>()
            .map(|choices| Choice {
                cost: choices.iter().map(|c| c.cost).sum(),
                group: if choices.iter().any(|c| c.group.is_empty()) {
                    Vec::new()
                } else {
                    choices.iter().flat_map(|c| c.group.iter().cloned()).collect()
                },
                anchors: choices.into_iter().flat_map(|c| c.anchors).collect(),
            });
        Part {
            min,
            max,
            exact: None,
            prefixes: gather(&|b| b.exact.clone().unwrap_or_else(|| b.prefixes.clone())),
            suffixes: gather(&|b| b.exact.clone().unwrap_or_else(|| b.suffixes.clone())),
            best,
            groups: Vec::new(),
        }
    }
}

/// Strings with which a match begins.
fn at_start(strings: &[Text]) -> Vec<Fragment> {
    strings.iter().map(Fragment::at_start).collect()
}

/// What the strings of a run end with, from the beginning of their last words on, each once.
fn last_words(run: &[Fragment]) -> Vec<Fragment> {
    let mut words: Vec<Fragment> = Vec::new();
    for fragment in run {
        let mut fragment = fragment.clone();
        fragment.drop_words();
        match words.iter_mut().find(|known| known.text == fragment.text) {
            Some(known) => {
                known.from = known.from.min(fragment.from);
                known.to = known.to.max(fragment.to);
            }
            None => words.push(fragment),
        }
    }
    words
}

/// One string for what all begin with; none if that is not known.
fn first_byte(strings: &[Text]) -> Vec<Text> {
    let first: Option<Vec<ByteSet>> = strings.iter().map(|s| s.clone().head().first().copied()).collect();
    let any = first.into_iter().flatten().reduce(|all, set| all.union(&set));
    any.into_iter().map(|set| Text::of(vec![set])).collect()
}

/// Notes the group of a choice.
fn noted(choice: Option<Choice>, groups: &mut Vec<Vec<Located>>) -> Option<Choice> {
    groups.extend(choice.iter().map(|c| c.group.clone()).filter(|g| !g.is_empty()));
    choice
}

/// Whether putting every string of one set before every string of another gives too many.
fn too_many(left: usize, right: usize) -> bool {
    left * right > if left == 1 || right == 1 { MAX_WORDS } else { MAX_STRINGS }
}

/// Every string of `left` followed by every string of `right`, unless that is too much.
fn glue(left: &[Text], right: &[Text]) -> Option<Vec<Text>> {
    if too_many(left.len(), right.len()) {
        return None;
    }
    let all: Vec<Text> = left.iter().flat_map(|l| right.iter().map(move |r| l.then(r))).collect();
    all.iter().all(|s| s.len() <= 4 * MAX_LENGTH).then_some(all)
}

fn glue_fragments(left: &[Fragment], right: &[Text]) -> Option<Vec<Fragment>> {
    if too_many(left.len(), right.len()) {
        return None;
    }
    Some(
        left.iter()
            .flat_map(|l| {
                right.iter().map(move |r| Fragment { text: l.text.then(r), from: l.from, to: l.to })
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::dialect;
    use crate::rule::On;

    fn shown(text: &str) -> Vec<String> {
        let hir = dialect::parse(text, On::Text).expect("valid");
        let choice = contents(&hir).expect("has anchors");
        choice.anchors.iter().map(|a| format!("{}@{}..={}", a.anchor.describe(), a.from, a.to)).collect()
    }

    #[test]
    fn literals_and_their_offsets() {
        assert_eq!(shown("exfiltrate"), ["exfiltrate@0..=0"]);
        assert_eq!(shown(r"\bx{0,3}exfiltrate"), ["exfiltrate@0..=3"]);
        assert_eq!(shown(r"(?:[a-z]{2,5}=)?exfiltrate"), ["exfiltrate@0..=6"]);
    }

    #[test]
    fn every_branch_has_one() {
        assert_eq!(shown("(?:exfiltrate|AKIAZZZZ)"), ["exfiltrate@0..=0", "akiazzzz@0..=0"]);
        let hir = dialect::parse("(?:exfiltrate|a)", On::Text).expect("valid");
        assert!(contents(&hir).is_none());
    }

    #[test]
    fn the_rarer_part_wins() {
        assert_eq!(shown("the [a-z]{1,9} jailbreak").len(), 1);
        assert!(
            shown("the [a-z]{1,9} jailbreak")[0].contains("ailbreak"),
            "{:?}",
            shown("the [a-z]{1,9} jailbreak")
        );
    }

    /// An alternation of single characters arrives as a class of characters, not of bytes.
    #[test]
    fn characters_are_more_than_one_byte() {
        assert_eq!(shown("caf(?:क|ख)zz"), [r"caf\xe0\xa4\x95zz@0..=0", r"caf\xe0\xa4\x96zz@0..=0"]);
        let hir = dialect::parse("(?:é|ж)z", On::Exact).expect("valid");
        assert_eq!(first_bytes(&hir), ByteSet::of(b"\xc3\xd0"));
    }

    /// What stands beside a word is known through what may be left out, and through what alternatives share.
    #[test]
    fn words_are_seen_to_begin_and_end() {
        for (text, anchors) in [
            (r"z \b(?:curl|wget) ", ["|curl|", "|wget|"]),
            (r"z\|\|\s{0,4}(?:sudo )?(?:curl|wget)\b", ["z||curl|", "z||wget|"]),
            (r"(?:^|[;&] ?)(?:curl|wget)[ ]", ["|curl ", "|wget "]),
            (r"\b(?:curl[0-9]{2,9}x|wget[0-9]{2,9}y)", ["|curl[0-9][0-9]", "|wget[0-9][0-9]"]),
            (r"z{0,9}(?:curlxyz|wgetxyz)[^~]{9}", ["curlxyz", "wgetxyz"]),
        ] {
            let shown = shown(text);
            let shown: Vec<&str> = shown.iter().filter_map(|s| s.split('@').next()).collect();
            let shown: Vec<&str> = anchors.into_iter().filter(|a| shown.contains(a)).collect();
            assert_eq!(shown, anchors, "{text}");
        }
    }

    #[test]
    fn a_string_that_was_cut_down_is_no_prefix() {
        let long = "0123456789abcdefghijklmnopqrstuvwxyz";
        for text in [format!("\\b({long}.{{0,9}})"), format!("\\b(?:{long}[a-f]{{0,9}}|_{long}[a-f]{{0,9}})")]
        {
            for shown in shown(&text) {
                let (literal, offsets) = shown.split_once('@').expect("as written above");
                let literal = literal.trim_matches('|');
                let in_either = [long.to_string(), format!("_{long}")]
                    .iter()
                    .any(|l| l.find(literal).is_some_and(|at| offsets == format!("{at}..={at}")));
                assert!(in_either, "{shown} of {text}");
            }
        }
    }

    /// What is left of a window when the vague bytes at its edges are dropped must still be one that can be found.
    #[test]
    fn vague_edges_stay_where_the_middle_is_vaguer() {
        let shown = shown(r"ж..ab\d");
        assert!(shown[0].starts_with(r"\xd0\xb6..ab[0-9]"), "{shown:?}");
    }

    #[test]
    fn a_repetition_has_the_anchors_of_its_first_rounds() {
        assert_eq!(shown("(?:exfiltrate|AKIAZZZZ){1,3}"), ["exfiltrate@0..=0", "akiazzzz@0..=0"]);
    }

    #[test]
    fn first_bytes_see_through_options_and_assertions() {
        let hir = dialect::parse(r"\b(?:x|y)?z", On::Exact).expect("valid");
        assert_eq!(first_bytes(&hir), ByteSet::of(b"xyz"));
    }
}
