//! The native filter: grams at sampled positions, short anchors and class runs by vectorized comparison.
//!
//! The text is read once in blocks of 64 bytes. Of each block
//! - the four bytes at every fourth position (and, if there are anchors of five or six bytes, at every second one)
//!   are folded, hashed and looked up in a bitmap that fits the first-level cache ([`grams`]);
//! - all positions are compared with the short anchors at once ([`shorts`]);
//! - all bytes are classified where run anchors ask for it ([`crate::filter::runs`]).
//!
//! What passes is compared with the anchors themselves in the exact table.

mod grams;
mod kernel;
mod shorts;

use crate::anchor::grams::{AnchorTier, GRAM, plan};
use crate::anchor::{Anchor, MAX_ANCHOR};
use crate::filter::runs::{BLOCK, RunAnchors, RunMasks, bits};
use crate::filter::table::AnchorTable;
use crate::filter::{Candidate, SimdLevel};

use grams::GramTable;
use kernel::Kernel;
use shorts::ShortTable;

/// Bytes that a block's comparisons may read: the block, and what a gram or a short anchor at its end takes along.
const WINDOW: usize = BLOCK + 4;

/// The native filter of one database.
#[derive(Debug)]
pub(crate) struct Native {
    table: AnchorTable,
    long: GramTable,
    medium: GramTable,
    shorts: ShortTable,
    runs: RunAnchors,
    kernel: Kernel,
}

/// What a kernel says about one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Masks {
    /// Positions at which a short anchor may stand.
    short: u64,
    runs: RunMasks,
}

impl Native {
    pub(crate) fn new(anchors: &[Anchor], level: SimdLevel) -> Native {
        let table = AnchorTable::new(anchors);
        let mut long = grams::Builder::default();
        let mut medium = grams::Builder::default();
        let mut shorts = Vec::new();
        let byte_anchors = anchors.iter().filter_map(|a| match a {
            Anchor::Bytes(sets) => Some(sets),
            Anchor::Run(..) => None,
        });
        for (entry, sets) in (0u32..).zip(byte_anchors) {
            let plan = plan(sets).expect("the compiler only takes anchors that the filter can find");
            match plan.tier {
                AnchorTier::Long => long.insert(entry, sets, &plan.offsets, GRAM),
                AnchorTier::Medium => {
                    // Every fourth position is looked up among the long ones, the positions between among these.
                    long.insert(entry, sets, &plan.offsets, GRAM);
                    medium.insert(entry, sets, &plan.offsets, GRAM);
                }
                AnchorTier::Short | AnchorTier::Run => shorts.push((entry, sets.as_slice(), plan.offsets[0])),
            }
        }
        let shorts = ShortTable::new(&shorts);
        let runs = RunAnchors::new(anchors);
        let kernel = Kernel::new(level.resolve(), &shorts, &runs);
        Native { table, long: long.build(), medium: medium.build(), shorts, runs, kernel }
    }

    /// See [`Filter::find`](crate::filter::Filter::find).
    pub(crate) fn find(&self, text: &[u8], from: usize, found: &mut Vec<Candidate>) -> u64 {
        self.kernel.run(self, text, from, found)
    }

    pub(crate) fn memory(&self) -> usize {
        self.table.memory() + self.long.memory() + self.medium.memory() + self.shorts.memory()
    }

    /// The search itself; `masks` is the kernel's comparison of one block.
    #[inline(always)]
    fn search(
        &self,
        text: &[u8],
        from: usize,
        found: &mut Vec<Candidate>,
        masks: impl Fn(&[u8; WINDOW]) -> Masks,
    ) -> u64 {
        let mut looked = 0;
        let mut runs = self.runs.search();
        let mut at = from;
        let wants_masks = !self.shorts.is_empty() || !self.runs.is_empty();
        while let Some(window) = text.get(at..at + WINDOW) {
            let window: &[u8; WINDOW] = window.try_into().expect("the slice has the window's length");
            looked += self.grams(window, text, at, found);
            if wants_masks {
                let masks = masks(window);
                looked += self.short_hits(masks.short, window, text, at, found);
                if !self.runs.is_empty() {
                    runs.block(text, at, BLOCK, masks.runs, found);
                }
            }
            at += BLOCK;
        }
        // The rest is shorter than a window: the same on a copy padded with zeros. What the padding makes up, the
        // exact table refuses, because it compares with the text itself.
        while at < text.len() {
            let rest = &text[at..];
            let mut window = [0u8; WINDOW];
            let length = rest.len().min(WINDOW);
            window[..length].copy_from_slice(&rest[..length]);
            looked += self.grams(&window, text, at, found);
            if wants_masks {
                let masks = masks(&window);
                looked += self.short_hits(masks.short, &window, text, at, found);
                if !self.runs.is_empty() {
                    runs.block(text, at, rest.len().min(BLOCK), masks.runs, found);
                }
            }
            at += BLOCK;
        }
        runs.finish(text.len(), found);
        looked
    }

    #[inline(always)]
    fn grams(&self, window: &[u8; WINDOW], text: &[u8], at: usize, found: &mut Vec<Candidate>) -> u64 {
        let mut looked = 0;
        for (table, phase) in [(&self.long, 0), (&self.medium, 2)] {
            if table.is_empty() {
                continue;
            }
            let mut hits = table.hits(window, phase);
            while hits != 0 {
                let k = hits.trailing_zeros() as usize;
                hits &= hits - 1;
                looked += 1;
                let offset = 4 * k + phase;
                let gram = grams::read(window, offset);
                for entry in table.entries(gram) {
                    let Some(start) = (at + offset).checked_sub(usize::from(entry.offset)) else { continue };
                    self.check(entry.entry, text, start, found);
                }
            }
        }
        looked
    }

    #[inline(always)]
    fn short_hits(
        &self,
        hits: u64,
        window: &[u8; WINDOW],
        text: &[u8],
        at: usize,
        found: &mut Vec<Candidate>,
    ) -> u64 {
        let mut looked = 0;
        for i in bits(hits).filter(|&i| self.shorts.may_have(window, i)) {
            looked += 1;
            for entry in self.shorts.entries(window, i) {
                let Some(start) = (at + i).checked_sub(usize::from(entry.offset)) else { continue };
                self.check(entry.entry, text, start, found);
            }
        }
        looked
    }

    #[inline]
    fn check(&self, entry: u32, text: &[u8], start: usize, found: &mut Vec<Candidate>) {
        if let Some((anchor, length)) = self.table.verify(entry, text, start) {
            debug_assert!(length <= MAX_ANCHOR);
            found.push(Candidate { first_end: start + length, last_end: start + length, anchor });
        }
    }
}
