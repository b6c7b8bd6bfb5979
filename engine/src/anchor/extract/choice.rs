//! Which strings of an expression are looked for: of each the window or the pair of words that costs least.

use crate::anchor::extract::follow::Follow;
use crate::anchor::extract::text::{Behind, Text};
use crate::anchor::grams::{self, AnchorTier};
use crate::anchor::hash::LONG_KEY;
use crate::anchor::{Anchor, Literal, Located, MAX_ANCHOR, MAX_APART, rarity};
use crate::byteset::ByteSet;

/// Strings of which every match contains one, and what it will cost to look for them.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) anchors: Vec<Located>,
    pub(super) cost: f64,
    /// The same place looked for by windows only, as groups are; empty if it can't be.
    pub(super) group: Vec<Located>,
}

/// A string that matches contain, and where it begins in them.
#[derive(Clone, Debug)]
pub(super) struct Fragment {
    pub(super) text: Text,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Most keys of next words of one anchor.
const MAX_NEXT: usize = 256;

impl Choice {
    pub(super) fn shifted(&self, min: usize, max: usize) -> Choice {
        Choice {
            anchors: shifted(&self.anchors, min, max),
            cost: self.cost,
            group: shifted(&self.group, min, max),
        }
    }
}

/// The same strings behind something of `min` to `max` bytes.
pub(super) fn shifted(strings: &[Located], min: usize, max: usize) -> Vec<Located> {
    let shift = |located: &Located| Located {
        anchor: located.anchor.clone(),
        from: located.from.saturating_add(min),
        to: located.to.saturating_add(max),
    };
    strings.iter().map(shift).collect()
}

impl Fragment {
    /// A string with which a match begins.
    pub(super) fn at_start(text: &Text) -> Fragment {
        Fragment { text: text.clone(), from: 0, to: 0 }
    }

    /// Drops the beginning of a string that grew too long, but for one anchor's length.
    pub(super) fn shorten(&mut self) {
        self.drop_front(self.text.len().saturating_sub(MAX_ANCHOR));
    }

    /// Drops all words but what follows the last edge of one.
    pub(super) fn drop_words(&mut self) {
        if let Some(edge) = self.text.last_edge() {
            self.drop_front(edge);
            self.text.edges |= 1;
        }
    }

    fn drop_front(&mut self, count: usize) {
        let (min, max) = self.text.drop_front(count);
        self.from = self.from.saturating_add(min);
        self.to = self.to.saturating_add(max);
    }

    /// Where a position of the string lies in a match.
    fn place(&self, position: usize) -> (usize, usize) {
        let (min, max) = self.text.offset(position);
        (self.from.saturating_add(min), self.to.saturating_add(max))
    }
}

/// The best anchor of each string, if each has one: words in a row where that is cheaper. `follow` says which word
/// comes behind the strings.
pub(super) fn choose(fragments: &[Fragment], follow: &Follow) -> Option<Choice> {
    let windows: Vec<Option<(Located, f64)>> = fragments.iter().map(best_window).collect();
    let group = gather(windows.iter().cloned()).map(|choice| choice.anchors).unwrap_or_default();
    let best = fragments.iter().zip(windows).map(|(fragment, window)| {
        let phrase = best_phrase(fragment, follow);
        window.into_iter().chain(phrase).min_by(|a, b| a.1.total_cmp(&b.1))
    });
    gather(best).map(|choice| Choice { group, ..choice })
}

/// The anchors of some strings, each once, if all have one.
fn gather(each: impl Iterator<Item = Option<(Located, f64)>>) -> Option<Choice> {
    let mut anchors: Vec<Located> = Vec::new();
    let mut cost = 0.0;
    for best in each {
        let (located, anchor_cost) = best?;
        if anchors.iter().any(|known| known.covers(&located)) {
            continue;
        }
        // Strings that differ only outside their anchors share one; where it lies is kept apart for each.
        if anchors.iter().all(|a| a.anchor != located.anchor) {
            cost += anchor_cost;
        }
        match anchors.iter_mut().find_map(|known| known.next_beside(&located)) {
            Some(next) => {
                next.extend(located.anchor.literal().into_iter().flat_map(|l| l.next.iter().copied()));
                next.sort_unstable();
                next.dedup();
            }
            None => {
                anchors.retain(|known| !located.covers(known));
                anchors.push(located);
            }
        }
    }
    Some(Choice { anchors, cost, group: Vec::new() })
}

impl Located {
    /// Whether wherever the other one is found, this one is.
    fn covers(&self, other: &Located) -> bool {
        if self == other {
            return true;
        }
        let (Some(own), Some(others)) = (self.anchor.literal(), other.anchor.literal()) else { return false };
        if (self.from, self.to) != (other.from, other.to) {
            return false;
        }
        if !own.next.is_empty() {
            let same_next = !others.next.is_empty() && others.next.iter().all(|key| own.next.contains(key));
            return own.is_spelt_as(others) && same_next;
        }
        own.begins(others)
    }

    /// The next words of this one, if the other one is the same before other next words.
    fn next_beside(&mut self, other: &Located) -> Option<&mut Vec<u64>> {
        let others = other.anchor.literal()?;
        let same_place = (self.from, self.to) == (other.from, other.to);
        let Anchor::Bytes(own) = &mut self.anchor else { return None };
        let both = !own.next.is_empty() && !others.next.is_empty();
        let few = own.next.len() + others.next.len() <= MAX_NEXT;
        (same_place && both && few && own.is_spelt_as(others)).then_some(&mut own.next)
    }
}

/// An anchor of this many definite bytes needs no vague ones beside them.
const DEFINITE: usize = 6;

/// How much dearer an anchor may be that other patterns may have, too.
const SHARING: f64 = 1.3;

/// The cheapest window of a string, and its cost.
fn best_window(fragment: &Fragment) -> Option<(Located, f64)> {
    let stretches = fragment.text.stretches().map(|(text, (min, max))| Fragment {
        text,
        from: fragment.from.saturating_add(min),
        to: fragment.to.saturating_add(max),
    });
    stretches.filter_map(|stretch| best_in_stretch(&stretch)).min_by(|a, b| a.1.total_cmp(&b.1))
}

/// The same of a string without gaps.
fn best_in_stretch(fragment: &Fragment) -> Option<(Located, f64)> {
    let text = &fragment.text;
    let length = text.len().min(MAX_ANCHOR);
    let spread = (fragment.to - fragment.from).min(1 << 16);
    let (offset, length, cost) = (0..=text.len() - length)
        .filter_map(|offset| Some((offset, length, anchor_cost(&text.part(offset, length), spread)?)))
        .min_by(|a, b| a.2.total_cmp(&b.2))?;
    // A word is the same anchor whatever stands beside it: then all patterns with this word share it. But not where what
    // stands beside it makes it rare.
    let definite = |set: &ByteSet| set.len() == 1 || set.folded_letter().is_some();
    let window = &text.sets[offset..offset + length];
    let before = window.iter().take_while(|s| !definite(s)).count();
    let behind = window.iter().rev().take_while(|s| !definite(s)).count();
    let inner = offset + before.min(length - behind)..offset + length - behind;
    let literal = text.part(inner.start, inner.len());
    let is_word = literal.starts_word && literal.ends_word;
    if (is_word || inner.len() >= DEFINITE)
        && let Some(inner_cost) = anchor_cost(&literal, spread)
        && inner_cost <= cost * SHARING + 1.0
    {
        return Some((located(fragment, inner.start, literal), inner_cost));
    }
    Some((located(fragment, offset, text.part(offset, length)), cost))
}

/// The cheapest pair of neighbouring words in a string, or at its end.
fn best_phrase(fragment: &Fragment, follow: &Follow) -> Option<(Located, f64)> {
    let mut text = fragment.text.clone();
    if follow.edge {
        text.assert_edge_behind();
    }
    let pairs = text.words().into_iter().filter(|word| word.len() <= MAX_ANCHOR).filter_map(|word| {
        let (next, within) = match text.word_behind(word.end) {
            Behind::Keys { keys, within } => (keys, within),
            // Only if nothing of it is in the string already.
            Behind::Beyond if text.sets[word.end..].iter().all(|s| s.is_disjoint(&ByteSet::ALPHANUMERIC)) => {
                let within = text.most_between(word.end, text.len()).saturating_add(follow.within);
                (follow.keys.clone()?, within)
            }
            Behind::Beyond | Behind::Unknown => return None,
        };
        if within > MAX_APART {
            return None;
        }
        let mut literal = text.part(word.start, word.len());
        literal.next = next;
        literal.next.sort_unstable();
        literal.next.dedup();
        let (from, to) = fragment.place(word.start);
        let cost = anchor_cost(&literal, (to - from).min(1 << 16))?;
        Some((located(fragment, word.start, literal), cost))
    });
    pairs.min_by(|a, b| a.1.total_cmp(&b.1))
}

fn located(fragment: &Fragment, position: usize, literal: Literal) -> Located {
    let (from, to) = fragment.place(position);
    Located { anchor: Anchor::Bytes(literal), from, to }
}

/// The estimated cost of an anchor in cycles per KiB of ordinary text.
///
/// Beside what it costs to look for it, an occurrence costs a confirm for each possible start.
fn anchor_cost(literal: &Literal, spread: usize) -> Option<f64> {
    let plan = grams::plan(literal)?;
    let occurrences = match plan.tier {
        // What was counted, where the other estimate puts it together from parts.
        AnchorTier::Phrase => plan.per_kib,
        AnchorTier::Word if literal.sets.len() <= LONG_KEY => plan.per_kib,
        AnchorTier::Word => rarity::within(plan.per_kib, rarity::per_kib(&literal.sets)),
        _ => rarity::per_kib(&literal.sets),
    };
    let per_occurrence = 150.0 + 4.0 * spread as f64;
    Some(occurrences * per_occurrence + plan.cost())
}

pub(super) fn cheaper(a: Option<Choice>, b: Option<Choice>) -> Option<Choice> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.cost < a.cost { b } else { a }),
        (a, b) => a.or(b),
    }
}
