//! A case of a fuzz target: which rules, which text, and where it is cut, read from the fuzzer's bytes.

use hypersieve::{Channel, Rule};

use super::compose::compose;
use super::stock;

/// What to scan with which rules.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Which of the [`SELECTIONS`].
    pub(crate) selection: usize,
    pub(crate) channel: Channel,
    /// Where the text is cut; the same place twice means an empty push.
    pub(crate) cuts: Vec<usize>,
    pub(crate) text: Vec<u8>,
}

/// Sets of rules that are compiled once: few enough to keep, enough to mix everything with everything.
pub(crate) const SELECTIONS: usize = 64;

/// The rules of a selection: the first ones hold a single rule each, the last one all, those between a mix.
pub(crate) fn rules_of(index: usize) -> Vec<Rule> {
    let stock = stock::rules();
    let singles = stock.len().min(SELECTIONS - 8);
    if index < singles {
        return vec![stock[index].clone()];
    }
    if index == SELECTIONS - 1 {
        return stock;
    }
    stock.into_iter().enumerate().filter(|(i, _)| (i * 7 + index * 5) % (2 + index % 7) == 0).map(|(_, r)| r).collect()
}

impl Case {
    /// Reads a case: selection, flags, number of cuts, the cuts in two bytes each, and then the text or its codes.
    pub(crate) fn decode(data: &[u8], longest: usize) -> Option<Case> {
        let (&[selection, flags, cuts], rest) = data.split_first_chunk()?;
        let (cuts, rest) = rest.split_at_checked(usize::from(cuts % 16) * 2)?;
        let selection = usize::from(selection) % SELECTIONS;
        let mut text =
            if flags & 1 == 0 { compose(rest, &stock::samples(&rules_of(selection))) } else { rest.to_vec() };
        text.truncate(longest);
        let channel = Channel::ALL[usize::from(flags >> 1) % Channel::ALL.len()];
        let mut cuts: Vec<usize> = if flags & 0x80 != 0 {
            (0..text.len()).collect()
        } else {
            cuts.chunks_exact(2).map(|c| (usize::from(c[0]) << 8 | usize::from(c[1])) % (text.len() + 1)).collect()
        };
        cuts.sort_unstable();
        Some(Case { selection, channel, cuts, text })
    }
}
