//! A case of a fuzz target: which rules, which text, and where it is cut, read from the fuzzer's bytes.

use std::sync::{Mutex, OnceLock, PoisonError};

use hypersieve::oracle::Oracle;
use hypersieve::{Channel, Config, Rule, Scanner};

use super::check;
use super::compose::compose;
use super::stock;

/// Longest texts of the targets: the oracle is slow, and one byte at a time is not fast.
pub(crate) const CHUNKING_LONGEST: usize = 4096;
pub(crate) const FILTERS_LONGEST: usize = 600;
pub(crate) const VIEWS_LONGEST: usize = 4096;

/// What to scan with which rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// Which of the selections of rules.
    pub(crate) selection: usize,
    pub(crate) channel: Channel,
    /// Where the text is cut; the same place twice means an empty push.
    pub(crate) cuts: Vec<usize>,
    /// Whether a boundary is declared at the cuts.
    pub(crate) boundaries: bool,
    pub(crate) text: Vec<u8>,
}

/// Sets of rules that are compiled once: few enough to keep, enough to mix everything with everything.
const SELECTIONS: usize = 64;

/// A selection, compiled when it is first asked for.
struct Compiled {
    rules: Vec<Rule>,
    scanner: Scanner,
    /// Only one of the targets needs them.
    others: OnceLock<Others>,
}

/// A selection with every filter at every level, and the oracle.
struct Others {
    scanners: Vec<(String, Scanner)>,
    oracle: Mutex<Oracle>,
}

static COMPILED: [OnceLock<Compiled>; SELECTIONS] = [const { OnceLock::new() }; SELECTIONS];

/// The rules of a selection: the first ones hold a single rule each, the last one all, those between a mix.
fn rules_of(index: usize) -> Vec<Rule> {
    let stock = stock::rules();
    if index == SELECTIONS - 1 {
        return stock;
    }
    match stock.get(index) {
        Some(rule) => vec![rule.clone()],
        None => {
            let step = 2 + index % 7;
            (index % step..stock.len()).step_by(step).map(|i| stock[i].clone()).collect()
        }
    }
}

fn compiled(index: usize) -> &'static Compiled {
    COMPILED[index].get_or_init(|| {
        let rules = rules_of(index);
        let scanner = check::scanner(&rules, Config::new());
        Compiled { rules, scanner, others: OnceLock::new() }
    })
}

impl Case {
    /// Reads a case: selection, flags, number of cuts, the cuts in two bytes each, and then the text or its codes.
    pub(crate) fn decode(data: &[u8], longest: usize) -> Option<Case> {
        let (&[selection, flags, cuts], rest) = data.split_first_chunk()?;
        let (cuts, rest) = rest.split_at_checked(usize::from(cuts % 16) * 2)?;
        let selection = usize::from(selection) % SELECTIONS;
        let mut text = match flags & 1 {
            0 => compose(rest, &stock::samples(&compiled(selection).rules)),
            _ => rest.to_vec(),
        };
        text.truncate(longest);
        let channel = Channel::ALL[usize::from(flags >> 1 & 7) % Channel::ALL.len()];
        let boundaries = flags & 0x40 != 0;
        let mut cuts: Vec<usize> = if flags & 0x80 != 0 && !boundaries {
            (0..text.len()).collect()
        } else {
            cuts.chunks_exact(2)
                .map(|c| (usize::from(c[0]) << 8 | usize::from(c[1])) % (text.len() + 1))
                .collect()
        };
        cuts.sort_unstable();
        Some(Case { selection, channel, cuts, boundaries, text })
    }

    /// The bytes that read as this case with its text as it is, which do not depend on what the codes stand for.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let number = |n: usize| u8::try_from(n).expect("what was decoded fits again");
        let channel = Channel::ALL.iter().position(|c| *c == self.channel).expect("all channels are listed");
        let each =
            !self.boundaries && !self.text.is_empty() && self.cuts.iter().copied().eq(0..self.text.len());
        let cuts: &[usize] = if each { &[] } else { &self.cuts };
        let flags = 1 | number(channel) << 1 | u8::from(self.boundaries) << 6 | u8::from(each) << 7;
        let mut data = vec![number(self.selection), flags, number(cuts.len())];
        data.extend(cuts.iter().flat_map(|&cut| [number(cut >> 8), number(cut & 0xff)]));
        data.extend_from_slice(&self.text);
        data
    }

    /// Laws 1 and 6.
    pub(crate) fn check_chunking(&self) {
        let scanner = &compiled(self.selection).scanner;
        if self.boundaries {
            check::boundaries(scanner, &self.text, self.channel, &self.cuts);
        } else {
            check::law_1(scanner, &self.text, self.channel, &self.cuts);
        }
    }

    /// The offset law, and law 1.
    pub(crate) fn check_views(&self) {
        let scanner = &compiled(self.selection).scanner;
        check::offsets(scanner, &self.text, self.channel);
        check::law_1(scanner, &self.text, self.channel, &self.cuts);
    }

    /// Law 2.
    pub(crate) fn check_filters(&self) {
        let compiled = compiled(self.selection);
        let others = compiled.others.get_or_init(|| Others {
            scanners: check::scanners(&compiled.rules),
            oracle: Mutex::new(Oracle::new(&compiled.rules).expect("the stock is valid")),
        });
        let mut oracle = others.oracle.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = check::oracle(&mut oracle, &compiled.rules, &self.text, self.channel);
        check::law_2(&others.scanners, &expected, &self.text, self.channel);
    }
}
