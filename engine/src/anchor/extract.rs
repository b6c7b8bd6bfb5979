//! Which byte strings every match of an expression must contain.
//!
//! For each part of the HIR: the finite set of strings it matches, if it is small; otherwise strings that all its
//! matches begin with or end with; and the best choice of anchors inside it. A concatenation glues neighbouring
//! strings together as far as their number stays small; an alternation needs anchors in every branch.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look};

use crate::anchor::grams::{self, AnchorTier};
use crate::anchor::{Anchor, Literal, Located, MAX_ANCHOR, rarity};
use crate::byteset::ByteSet;

/// A string: a set of bytes at each position, and where edges of words or lines are asserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Text {
    sets: Vec<ByteSet>,
    /// Bit i: an assertion stands before the byte at i. Those that lie too far behind are forgotten, which is safe.
    edges: u128,
}

impl Text {
    fn of(sets: Vec<ByteSet>) -> Text {
        Text { sets, edges: 0 }
    }

    /// Nothing but an assertion.
    fn edge() -> Text {
        Text { sets: Vec::new(), edges: 1 }
    }

    fn len(&self) -> usize {
        self.sets.len()
    }

    fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    fn then(&self, next: &Text) -> Text {
        let shift = u32::try_from(self.len()).expect("strings are short");
        Text {
            sets: [self.sets.as_slice(), &next.sets].concat(),
            edges: self.edges | next.edges.checked_shl(shift).unwrap_or(0),
        }
    }

    /// Notes that an edge stands behind what there is.
    fn assert_edge_behind(&mut self) {
        self.edges |= 1u128.checked_shl(u32::try_from(self.len()).expect("strings are short")).unwrap_or(0);
    }

    /// Forgets the first bytes.
    fn drop_front(&mut self, count: usize) {
        self.sets.drain(..count);
        self.edges = self.edges.checked_shr(u32::try_from(count).expect("strings are short")).unwrap_or(0);
    }

    /// A part of the string, and what the rest says about its edges.
    fn part(&self, offset: usize, length: usize) -> Literal {
        let end = offset + length;
        let asserted = |at: usize| at < 128 && self.edges >> at & 1 != 0;
        let sets = self.sets[offset..end].to_vec();
        let before = offset.checked_sub(1).map(|i| self.sets[i]);
        let no_word = |set: Option<&ByteSet>| set.is_some_and(|s| s.is_disjoint(&ByteSet::ALPHANUMERIC));
        let of_word = |set: Option<&ByteSet>| set.is_some_and(|s| s.is_subset(&ByteSet::ALPHANUMERIC));
        Literal {
            starts_word: of_word(sets.first()) && (asserted(offset) || no_word(before.as_ref())),
            ends_word: of_word(sets.last()) && (asserted(end) || no_word(self.sets.get(end))),
            sets,
        }
    }
}

/// Most strings that a set may hold before it is given up.
const MAX_STRINGS: usize = 32;

/// Most strings of an alternation, as long as they are not multiplied.
const MAX_WORDS: usize = 256;

/// Longest string that is followed before its beginning is dropped.
const MAX_LENGTH: usize = 2 * MAX_ANCHOR;

/// Strings of which every match contains one, and what it will cost to look for them.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    anchors: Vec<Located>,
    cost: f64,
}

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
    let exact = part.exact.as_ref().and_then(|strings| {
        choose(&strings.iter().map(|s| Fragment { text: s.clone(), from: 0, to: 0 }).collect::<Vec<_>>())
    });
    let best = cheaper(part.best, exact)?;
    let others = part.groups.into_iter().filter(|g| *g != best.anchors).collect();
    Some(Contents {
        anchors: best.anchors,
        others,
        prefixes: part.exact.unwrap_or(part.prefixes).into_iter().map(|p| p.sets).collect(),
    })
}

/// Strings of which every match begins with one; empty if not known.
pub(crate) fn prefixes(hir: &Hir) -> Vec<Vec<ByteSet>> {
    let part = Part::of(hir, Around::default());
    part.exact.unwrap_or(part.prefixes).into_iter().map(|p| p.sets).collect()
}

/// The bytes that a match can begin with.
pub(crate) fn first_bytes(hir: &Hir) -> ByteSet {
    edge_bytes(hir, Edge::First).0
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    First,
    Last,
}

/// The bytes at one edge of a match, and whether the expression can match without consuming any.
fn edge_bytes(hir: &Hir, edge: Edge) -> (ByteSet, bool) {
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
struct Around {
    before: bool,
    behind: bool,
}

impl Around {
    /// What stands around one of the parts of a concatenation. Of what may be empty, what lies beyond it counts, too.
    fn part(self, parts: &[Hir], i: usize) -> Around {
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

fn is_edge(look: Look) -> bool {
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

/// A string that matches contain, and where it begins in them.
#[derive(Clone, Debug)]
struct Fragment {
    text: Text,
    from: usize,
    to: usize,
}

/// What is known about one part of an expression.
#[derive(Clone, Debug)]
struct Part {
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
            min: strings.iter().map(Text::len).min().unwrap_or(0),
            max: strings.iter().map(Text::len).max().unwrap_or(0),
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

    fn of(hir: &Hir, around: Around) -> Part {
        let mut part = Part::of_kind(hir, around);
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
                Part::concat(parts.iter().enumerate().map(|(i, p)| (Part::of(p, around(i)), around(i))))
            }
            HirKind::Alternation(branches) => {
                Part::alternation(&branches.iter().map(|b| Part::of(b, around)).collect::<Vec<_>>())
            }
        }
    }

    fn repeated(sub: &Part, min: usize, max: Option<usize>) -> Part {
        let mut part = Part {
            min: sub.min.saturating_mul(min),
            max: max.map_or(usize::MAX, |m| sub.max.saturating_mul(m)),
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
                let begins = |text: &Text| Fragment { text: text.clone(), from: 0, to: 0 };
                part.best = choose(&product.iter().map(begins).collect::<Vec<_>>());
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
    fn concat(parts: impl Iterator<Item = (Part, Around)>) -> Part {
        let mut min = 0usize;
        let mut max = 0usize;
        let mut best: Option<Choice> = None;
        let mut groups: Vec<Vec<Located>> = Vec::new();
        let mut exact: Option<Vec<Text>> = Some(vec![Text::default()]);
        // Strings that end where the next part begins.
        let mut run = vec![Fragment { text: Text::default(), from: 0, to: 0 }];
        let mut prefixes: Option<Vec<Text>> = None;
        for (part, around) in parts {
            if around.before {
                run.iter_mut().for_each(|f| f.text.assert_edge_behind());
            }
            exact = match (&exact, &part.exact) {
                (Some(so_far), Some(strings)) => glue(so_far, strings),
                _ => None,
            };
            let glued = part.exact.as_ref().and_then(|strings| glue_fragments(&run, strings));
            if let Some(longer) = glued {
                run = longer;
                if run.iter().any(|f| f.text.len() > MAX_LENGTH) {
                    // Once its beginning is dropped, the run says no more what the concatenation begins with.
                    prefixes.get_or_insert_with(|| run.iter().map(|f| f.text.clone()).collect());
                    best = cheaper(best, noted(choose(&run), &mut groups));
                    run.iter_mut().for_each(shorten);
                }
            } else {
                let ahead = part.exact.as_ref().unwrap_or(&part.prefixes);
                if prefixes.is_none() {
                    // The run is still the beginning of the concatenation.
                    let strings: Vec<Text> = run.iter().map(|f| f.text.clone()).collect();
                    prefixes = Some(glue(&strings, ahead).filter(|_| !ahead.is_empty()).unwrap_or(strings));
                }
                let short = choose(&run);
                let long = Some(ahead)
                    .filter(|a| !a.is_empty())
                    .and_then(|ahead| glue_fragments(&run, ahead))
                    .and_then(|longer| choose(&longer));
                // The same place with and without the byte behind it is one group.
                best = cheaper(best, noted(cheaper(short, long), &mut groups));
                best = cheaper(best, part.best.as_ref().map(|c| c.shifted(min, max)));
                groups.extend(part.groups.iter().map(|g| shifted(g, min, max)));
                groups.extend(part.best.iter().map(|c| shifted(&c.anchors, min, max)));
                let behind = part.exact.as_ref().unwrap_or(&part.suffixes);
                run = if behind.is_empty() {
                    vec![Fragment {
                        text: Text::default(),
                        from: min.saturating_add(part.min),
                        to: max.saturating_add(part.max),
                    }]
                } else {
                    behind
                        .iter()
                        .map(|s| Fragment {
                            from: min.saturating_add(part.min).saturating_sub(s.len()),
                            to: max.saturating_add(part.max).saturating_sub(s.len()),
                            text: s.clone(),
                        })
                        .collect()
                };
            }
            if around.behind {
                run.iter_mut().for_each(|f| f.text.assert_edge_behind());
            }
            min = min.saturating_add(part.min);
            max = max.saturating_add(part.max);
        }
        if exact.is_some() {
            return Part { min, max, ..Part::exact(exact.unwrap_or_default()) };
        }
        best = cheaper(best, noted(choose(&run), &mut groups));
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
            if all.iter().all(|s| s.len() == 1) {
                // Single bytes are one string with a choice.
                let any = all.iter().fold(ByteSet::EMPTY, |set, s| set.union(&s.sets[0]));
                all = vec![Text::of(vec![any])];
            }
            if all.len() <= MAX_WORDS { all } else { Vec::new() }
        };
        let best = branches
            .iter()
            .map(|branch| {
                let from_exact = branch.exact.as_ref().and_then(|strings| {
                    choose(
                        &strings
                            .iter()
                            .map(|s| Fragment { text: s.clone(), from: 0, to: 0 })
                            .collect::<Vec<_>>(),
                    )
                });
                cheaper(branch.best.clone(), from_exact)
            })
            .collect::<Option<Vec<Choice>>>()
            .map(|choices| Choice {
                cost: choices.iter().map(|c| c.cost).sum(),
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

impl Choice {
    fn shifted(&self, min: usize, max: usize) -> Choice {
        Choice { anchors: shifted(&self.anchors, min, max), cost: self.cost }
    }
}

/// The same strings behind something of `min` to `max` bytes.
fn shifted(strings: &[Located], min: usize, max: usize) -> Vec<Located> {
    let shift = |located: &Located| Located {
        anchor: located.anchor.clone(),
        from: located.from.saturating_add(min),
        to: located.to.saturating_add(max),
    };
    strings.iter().map(shift).collect()
}

/// Notes a choice among the groups.
fn noted(choice: Option<Choice>, groups: &mut Vec<Vec<Located>>) -> Option<Choice> {
    groups.extend(choice.iter().map(|c| c.anchors.clone()));
    choice
}

/// The bytes at one edge of a class's members.
fn class_edge(class: &Class, edge: Edge) -> ByteSet {
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
fn characters(class: &ClassUnicode) -> impl Iterator<Item = Vec<u8>> + '_ {
    class.ranges().iter().flat_map(|r| r.start()..=r.end()).map(|c| c.to_string().into_bytes())
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

/// Drops the beginning of a string that grew too long, but for one anchor's length.
fn shorten(fragment: &mut Fragment) {
    let drop = fragment.text.len().saturating_sub(MAX_ANCHOR);
    fragment.text.drop_front(drop);
    fragment.from += drop;
    fragment.to += drop;
}

/// The best anchor of each string, if each has one.
fn choose(fragments: &[Fragment]) -> Option<Choice> {
    let mut anchors: Vec<Located> = Vec::new();
    let mut cost = 0.0;
    for fragment in fragments {
        let (offset, length, anchor_cost) = best_window(fragment)?;
        let anchor = Anchor::Bytes(fragment.text.part(offset, length));
        let located =
            Located { anchor, from: fragment.from + offset, to: fragment.to.saturating_add(offset) };
        if !anchors.contains(&located) {
            // Strings that differ only outside their anchors share one; where it lies is kept apart for each.
            if anchors.iter().all(|a| a.anchor != located.anchor) {
                cost += anchor_cost;
            }
            anchors.push(located);
        }
    }
    Some(Choice { anchors, cost })
}

/// An anchor of this many definite bytes needs no vague ones beside them.
const DEFINITE: usize = 6;

/// Offset, length and cost of the cheapest anchor in a string.
fn best_window(fragment: &Fragment) -> Option<(usize, usize, f64)> {
    let text = &fragment.text;
    let length = text.len().min(MAX_ANCHOR);
    let spread = (fragment.to - fragment.from).min(1 << 16);
    let (offset, length, cost) = (0..=text.len() - length)
        .filter_map(|offset| Some((offset, length, anchor_cost(&text.part(offset, length), spread)?)))
        .min_by(|a, b| a.2.total_cmp(&b.2))?;
    // A word is the same anchor whatever stands beside it: then all patterns with this word share it.
    let definite = |set: &ByteSet| set.len() == 1 || set.folded_letter().is_some();
    let window = &text.sets[offset..offset + length];
    let before = window.iter().take_while(|s| !definite(s)).count();
    let behind = window.iter().rev().take_while(|s| !definite(s)).count();
    let inner = offset + before.min(length - behind)..offset + length - behind;
    let literal = text.part(inner.start, inner.len());
    let is_word = literal.starts_word && literal.ends_word;
    if (is_word || inner.len() >= DEFINITE) && grams::plan(&literal).is_some() {
        return Some((inner.start, inner.len(), cost));
    }
    Some((offset, length, cost))
}

/// The estimated cost of an anchor in cycles per KiB of ordinary text.
///
/// Beside what it costs to look for it, an occurrence costs a confirm for each possible start.
fn anchor_cost(literal: &Literal, spread: usize) -> Option<f64> {
    let plan = grams::plan(literal)?;
    let occurrences = match plan.tier {
        // What was counted, where the other estimate puts it together from parts.
        AnchorTier::Word => plan.per_kib.min(rarity::per_kib(&literal.sets)),
        _ => rarity::per_kib(&literal.sets),
    };
    let per_occurrence = 150.0 + 4.0 * spread as f64;
    Some(occurrences * per_occurrence + plan.cost())
}

fn cheaper(a: Option<Choice>, b: Option<Choice>) -> Option<Choice> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.cost < a.cost { b } else { a }),
        (a, b) => a.or(b),
    }
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
        assert_eq!(shown("caf(?:é|è)zz"), [r"caf\xc3\xa8zz@0..=0", r"caf\xc3\xa9zz@0..=0"]);
        let hir = dialect::parse("(?:é|ж)z", On::Exact).expect("valid");
        assert_eq!(first_bytes(&hir), ByteSet::of(b"\xc3\xd0"));
    }

    /// What stands beside a word is known through what may be left out, and through what alternatives share.
    #[test]
    fn words_are_seen_to_begin_and_end() {
        for (text, anchors) in [
            (r"z \b(?:curl|wget) ", ["|curl|", "|wget|"]),
            (r"z\|\|\s{0,4}(?:sudo )?(?:curl|wget)\b", ["|curl|", "|wget|"]),
            (r"(?:^|[;&] ?)(?:curl|wget)[ ]", ["|curl ", "|wget "]),
            (r"\b(?:curl[0-9]{2,9}x|wget[0-9]{2,9}y)", ["|curl[0-9][0-9]", "|wget[0-9][0-9]"]),
            (r"z{0,9}(?:curlxyz|wgetxyz)[^~]{9}", ["curlxyz", "wgetxyz"]),
        ] {
            let shown = shown(text);
            let shown: Vec<&str> = shown.iter().filter_map(|s| s.split('@').next()).collect();
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
        let shown = shown(r"é..ab\d");
        assert!(shown[0].starts_with(r"\xc3\xa9..ab[0-9]"), "{shown:?}");
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
