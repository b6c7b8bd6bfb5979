//! Attacks in other dress: every attack of the stock in every disguise that leaves it working, each with a harmless twin
//! in the same dress.
//!
//! ```
//! use hypersieve_corpus::disguise::{Attack, DISGUISES, dressed};
//!
//! let samples = dressed(1);
//! assert!(DISGUISES.len() >= 40);
//! assert!(samples.len() > DISGUISES.len());
//! assert_eq!(samples, dressed(1));
//! ```

mod attack;
mod dress;
mod encode;

pub use attack::{Attack, AttackKind};
pub use dress::DISGUISES;

use crate::Rng;

/// A way of writing a text so that it looks like something else.
#[derive(Clone, Copy, Debug)]
pub struct Disguise {
    /// Its name.
    pub name: &'static str,
    /// The kinds of attacks that it leaves working.
    pub keeps: &'static [AttackKind],
    /// Where the text stands.
    pub place: Place,
    /// Whether ordinary programs write ordinary text so.
    pub plain: bool,
    write: fn(&str, &mut Rng) -> Vec<u8>,
}

/// Where a disguised text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a message, with harmless lines around it.
    Message,
    /// It is the whole text.
    Alone,
    /// In the arguments of a tool call, which it is all of. Rules that do not watch these are not asked.
    Arguments,
}

/// An attack in a disguise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dressed {
    /// The disguise's name.
    pub disguise: &'static str,
    /// Where it stands.
    pub place: Place,
    /// Whether ordinary programs write ordinary text so.
    pub plain: bool,
    /// The attack without the disguise.
    pub attack: Attack,
    /// The disguised attack.
    pub text: Vec<u8>,
    /// The disguised twin.
    pub twin: Vec<u8>,
}

impl Disguise {
    /// A text in this disguise, with what stands around it.
    pub fn dress(&self, text: &str, rng: &mut Rng) -> Vec<u8> {
        let written = (self.write)(text, rng);
        match self.place {
            Place::Message => [
                b"Here is what you asked for.\n\n".as_slice(),
                &written,
                b"\n\nWrite back if anything is missing.\n",
            ]
            .concat(),
            Place::Alone | Place::Arguments => written,
        }
    }
}

/// Every attack of the stock in every disguise that leaves it working. All follows from the seed.
pub fn dressed(seed: u64) -> Vec<Dressed> {
    let mut rng = Rng::new(seed);
    let mut samples = Vec::new();
    for attack in Attack::all(seed) {
        for disguise in DISGUISES.iter().filter(|d| d.keeps.contains(&attack.kind)) {
            samples.push(Dressed {
                disguise: disguise.name,
                place: disguise.place,
                plain: disguise.plain,
                text: disguise.dress(&attack.text, &mut rng),
                twin: disguise.dress(&attack.twin, &mut rng),
                attack: attack.clone(),
            });
        }
    }
    samples
}
