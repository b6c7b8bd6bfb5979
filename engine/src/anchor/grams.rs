//! Which four bytes of an anchor the filter looks up, and at what stride it may sample the text.
//!
//! A filter that reads four bytes at every fourth position meets an anchor of seven bytes or more in one of four
//! alignments; for each of these one gram of the anchor must be in its table. Where an anchor is longer there is a
//! choice, and the rarest gram is taken.

use std::fmt;

use crate::anchor::rarity;
use crate::byteset::ByteSet;

/// Bytes of a gram.
pub(crate) const GRAM: usize = 4;

/// Bytes of a short anchor's gram.
pub(crate) const SHORT_GRAM: usize = 3;

/// Most spellings of one gram that go into the table.
const MAX_SPELLINGS: usize = 64;

/// What a spelling in the table costs, in occurrences per KiB: its share of the false hits.
const SPELLING_COST: f64 = 0.003;

/// How a filter finds an anchor; cheaper first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AnchorTier {
    /// By grams at every fourth position of the text.
    Long,
    /// By grams at every second position.
    Medium,
    /// By a vectorized comparison of three bytes at every position.
    Short,
    /// By classifying every byte.
    Run,
}

impl fmt::Display for AnchorTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AnchorTier::Long => "long",
            AnchorTier::Medium => "medium",
            AnchorTier::Short => "short",
            AnchorTier::Run => "run",
        })
    }
}

/// How one anchor is to be found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GramPlan {
    pub(crate) tier: AnchorTier,
    /// Offsets in the anchor: of a gram for each alignment, or of the three bytes of a short anchor.
    pub(crate) offsets: Vec<usize>,
    /// How often per KiB of ordinary text these turn up.
    pub(crate) per_kib: f64,
}

/// The cheapest way to find an anchor of the given byte sets; `None` if it is too short or too vague.
pub(crate) fn plan(sets: &[ByteSet]) -> Option<GramPlan> {
    for (stride, tier) in [(4, AnchorTier::Long), (2, AnchorTier::Medium)] {
        if let Some((offsets, per_kib)) = sampled(sets, stride) {
            return Some(GramPlan { tier, offsets, per_kib: per_kib / stride as f64 });
        }
    }
    let (offset, per_kib) = (0..(sets.len() + 1).saturating_sub(SHORT_GRAM))
        .filter(|&o| spellings_count(&sets[o..o + SHORT_GRAM]) <= MAX_SPELLINGS)
        .map(|o| (o, rarity::per_kib(&sets[o..o + SHORT_GRAM])))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(GramPlan { tier: AnchorTier::Short, offsets: vec![offset], per_kib })
}

/// For each alignment of the text to the stride the rarest gram, if every alignment has one.
fn sampled(sets: &[ByteSet], stride: usize) -> Option<(Vec<usize>, f64)> {
    let mut offsets = Vec::with_capacity(stride);
    let mut total = 0.0;
    for residue in 0..stride {
        let (offset, per_kib) = (residue..(sets.len() + 1).saturating_sub(GRAM))
            .step_by(stride)
            .filter(|&o| spellings_count(&sets[o..o + GRAM]) <= MAX_SPELLINGS)
            .map(|o| {
                // Every spelling fills the table a little more, for everybody.
                let crowding = SPELLING_COST * spellings_count(&sets[o..o + GRAM]) as f64;
                (o, rarity::per_kib(&sets[o..o + GRAM]) + crowding)
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))?;
        offsets.push(offset);
        total += per_kib;
    }
    Some((offsets, total))
}

/// The byte as the filter reads it: bit 5 set, which maps letters to lower case and merges a few other bytes.
pub(crate) fn fold(byte: u8) -> u8 {
    byte | 0x20
}

fn folded(set: &ByteSet) -> ByteSet {
    let mut folded = ByteSet::EMPTY;
    set.iter().for_each(|b| folded.insert(fold(b)));
    folded
}

fn spellings_count(sets: &[ByteSet]) -> usize {
    sets.iter().map(|s| folded(s).len()).product()
}

/// All folded spellings of a gram of up to four bytes, as little-endian integers.
pub(crate) fn spellings(sets: &[ByteSet]) -> Vec<u32> {
    let mut all = vec![0u32];
    for (i, set) in sets.iter().enumerate() {
        let folded = folded(set);
        all = all.iter().flat_map(|&g| folded.iter().map(move |b| g | u32::from(b) << (8 * i))).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(text: &str) -> Vec<ByteSet> {
        text.bytes().map(|b| ByteSet::of(&[b.to_ascii_lowercase(), b.to_ascii_uppercase()])).collect()
    }

    /// Pins which way an anchor gets, so that a change that makes one slower is seen.
    #[test]
    fn the_tier_follows_from_the_length() {
        for (text, tier) in [
            ("instructions", AnchorTier::Long),
            ("ignored", AnchorTier::Long),
            ("ignore", AnchorTier::Medium),
            ("xoxb-", AnchorTier::Medium),
            ("AKIA", AnchorTier::Short),
            ("sk-", AnchorTier::Short),
        ] {
            assert_eq!(plan(&sets(text)).map(|p| p.tier), Some(tier), "{text}");
        }
        assert_eq!(plan(&sets("rm")), None);
    }

    #[test]
    fn every_alignment_has_a_gram() {
        for text in ["ignored", "exfiltrate", "169.254.169.254"] {
            let plan = plan(&sets(text)).expect("long enough");
            let mut residues: Vec<usize> = plan.offsets.iter().map(|o| o % 4).collect();
            residues.sort_unstable();
            assert_eq!(residues, [0, 1, 2, 3], "{text}");
        }
    }

    #[test]
    fn spellings_are_folded() {
        assert_eq!(spellings(&sets("AbC1")), [u32::from_le_bytes(*b"abc1")]);
    }
}
