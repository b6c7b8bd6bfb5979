//! Which words, grams and bytes of the anchors are looked up: what the tables of the native filter are made of.
//!
//! To choose them takes the rarity table and some thought, and so they are written with a database; to make the tables
//! of them takes one pass.

use crate::anchor::grams::{self, AnchorTier, GRAM, GramPlan};
use crate::anchor::{Anchor, Literal, MAX_ANCHOR, Planned};
use crate::error::LoadError;
use crate::filter::native::gram_table::Grams;
use crate::filter::native::shorts::Shorts;
use crate::filter::native::words::Words;
use crate::serial::{Reader, Writer};

/// What is looked up of each anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LookUps {
    pub(super) words: Words,
    pub(super) ascii: SampledGrams,
    pub(super) foreign: SampledGrams,
    pub(super) shorts: Shorts,
}

/// The grams of anchors by their stride.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SampledGrams {
    pub(super) long: Grams,
    pub(super) medium: Grams,
}

/// Up to so many anchors that grams could find are left to the vectorized comparison, which costs less than to look up
/// grams at all.
const FEW: usize = 192;

impl LookUps {
    pub(crate) fn new(anchors: &[Planned]) -> LookUps {
        let mut shorts = Vec::new();
        let mut words = Vec::new();
        let mut ascii = Vec::new();
        let mut foreign = Vec::new();
        let strings = anchors.iter().filter_map(|planned| match &planned.anchor {
            Anchor::Bytes(literal) => Some((literal, &planned.plan)),
            Anchor::Run(..) | Anchor::Any => None,
        });
        for (entry, (literal, plan)) in (0u32..).zip(strings) {
            // Only forged bytes hold an anchor without a plan: no rule loses anything that it states.
            let Some(plan) = plan else { continue };
            match plan.tier {
                // Their table follows from the anchors alone.
                AnchorTier::Phrase => {}
                AnchorTier::Word => words.push((entry, literal, plan.offsets[0])),
                AnchorTier::Long | AnchorTier::Medium if plan.beyond_ascii => {
                    foreign.push((entry, literal, plan))
                }
                AnchorTier::Long | AnchorTier::Medium => ascii.push((entry, literal, plan)),
                AnchorTier::Short | AnchorTier::Run | AnchorTier::Any => {
                    shorts.push((entry, literal.sets.as_slice(), plan.offsets[0]))
                }
            }
        }
        if ascii.len() <= FEW {
            for (entry, literal, _) in ascii.drain(..) {
                let offset =
                    grams::short(&literal.sets).expect("what has grams of four bytes has one of three");
                shorts.push((entry, literal.sets.as_slice(), offset));
            }
        }
        LookUps {
            words: Words::new(&words),
            ascii: SampledGrams::new(&ascii),
            foreign: SampledGrams::new(&foreign),
            shorts: Shorts::new(&shorts),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        self.words.write(writer);
        for sampled in [&self.ascii, &self.foreign] {
            sampled.long.write(writer);
            sampled.medium.write(writer);
        }
        self.shorts.write(writer);
    }

    /// Reads those of so many anchors that are strings.
    pub(crate) fn read(reader: &mut Reader<'_>, anchors: usize) -> Result<LookUps, LoadError> {
        Ok(LookUps {
            words: Words::read(reader, anchors)?,
            ascii: SampledGrams::read(reader, anchors)?,
            foreign: SampledGrams::read(reader, anchors)?,
            shorts: Shorts::read(reader, anchors)?,
        })
    }
}

impl SampledGrams {
    fn new(anchors: &[(u32, &Literal, &GramPlan)]) -> SampledGrams {
        let mut grams = SampledGrams::default();
        for (entry, literal, plan) in anchors {
            grams.long.insert(*entry, &literal.sets, &plan.offsets, GRAM);
            if plan.tier == AnchorTier::Medium {
                // Every fourth position is looked up among the long ones, the positions between among these.
                grams.medium.insert(*entry, &literal.sets, &plan.offsets, GRAM);
            }
        }
        grams.long.sort();
        grams.medium.sort();
        grams
    }

    fn read(reader: &mut Reader<'_>, anchors: usize) -> Result<SampledGrams, LoadError> {
        Ok(SampledGrams { long: Grams::read(reader, anchors)?, medium: Grams::read(reader, anchors)? })
    }
}

/// Reads an anchor's entry in the exact table, of so many, and in the lowest four bits an offset in the anchor.
pub(super) fn read_place(reader: &mut Reader<'_>, anchors: usize) -> Result<(u32, u8), LoadError> {
    const { assert!(MAX_ANCHOR == 16, "an offset takes four bits") };
    let place = reader.u32()?;
    let (entry, [offset, ..]) = (place >> 4, (place & 15).to_le_bytes());
    if entry as usize >= anchors {
        return Err(LoadError::malformed("something is to be looked up of an anchor that is not there"));
    }
    Ok((entry, offset))
}
