//! Views: the same bytes as their reader would see them.
//!
//! A view is a text of its own, made by undoing disguises. [`layer`] makes one text of another: tokens such as escapes
//! and tags ([`token`] and the files of their kinds), or the [`fold`]. Layers stand on each other ([`layers`]): what a
//! rewrite produces is rewritten again, and folded in the end. A layer says only where it differs from the text below it;
//! a match of it is one that touches such a change, for all others have been found below. [`offsets`] maps spans back.

mod entities;
mod escapes;
pub(crate) mod fold;
mod fold_format;
pub(crate) mod joint;
pub(crate) mod layer;
pub(crate) mod layers;
mod markup;
pub(crate) mod near;
pub(crate) mod offsets;
mod percent;
pub(crate) mod run;
mod terminal;
pub(crate) mod token;

use std::fmt;

use crate::filter::SimdLevel;
use crate::filter::classify::Classifier;

/// How the scanned bytes were read when a match was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum View {
    /// As they are.
    Raw,
    /// With escapes and entities undone and with markup and terminal sequences in words removed, up to three times.
    Decoded,
    /// After that, with runs read (base64, base32, hexadecimal digits, what is compressed in these, UTF-16), up to three deep.
    Unpacked,
    /// After that, with letters as they look: compatibility forms, look-alikes, invisible characters.
    Folded,
    /// All of that where two strings of a tool call's arguments are put together.
    Joined,
}

impl View {
    /// All views of this version, in the order in which they are read.
    pub const ALL: [View; 5] = [View::Raw, View::Decoded, View::Unpacked, View::Folded, View::Joined];

    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            View::Raw => "raw",
            View::Decoded => "decoded",
            View::Unpacked => "unpacked",
            View::Folded => "folded",
            View::Joined => "joined",
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Longest extent of a match in the original bytes.
pub(crate) const MAX_EXTENT: u64 = 64 * 1024;

/// The most that can wait: what is undecided in a view is less than four times as long as a match can be, and that much
/// of a view stands for no more than `MAX_EXTENT` each time, or a limit is hit.
pub(crate) const MAX_HOLDBACK: u64 = 4 * (MAX_EXTENT + run::MAX_PIECE as u64);

/// What is undone one after the other, each in what the one before made.
pub(crate) const TOWER: [Kind; 11] = [
    Kind::Tokens,
    Kind::Tokens,
    Kind::Tokens,
    Kind::Runs,
    Kind::Tokens,
    Kind::RunsInRuns,
    Kind::Tokens,
    Kind::RunsInRuns,
    Kind::Tokens,
    Kind::TooDeep,
    Kind::Fold,
];

/// What a text undoes of the one below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Tokens,
    Runs,
    RunsInRuns,
    /// Runs that lie deeper than that are a limit.
    TooDeep,
    Fold,
    Joints(joint::Glue),
}

/// What stands on the text itself in the arguments of a tool call, and carries a tower of its own.
pub(crate) const JOINTS: [joint::Glue; 2] = [joint::Glue::Space, joint::Glue::Nothing];

impl View {
    /// What a text of the tower is called.
    pub(crate) fn of(layer: usize) -> View {
        match TOWER[layer] {
            Kind::Fold => View::Folded,
            _ if TOWER[..=layer].contains(&Kind::Runs) => View::Unpacked,
            _ => View::Decoded,
        }
    }
}

/// Each trigger is a class of its own, because a table by nibbles would mix them up; so many bytes are possible.
pub(crate) const REWRITES: u8 = 0x7f;

/// Bytes beyond ASCII, which the fold is for.
pub(crate) const BEYOND_ASCII: u8 = 0x80;

/// Tells where a view may differ.
pub(crate) fn triggers(level: SimdLevel) -> Classifier {
    // There is no class left for the underscore, so it shares one. The other two come along because a table by nibbles can't
    // tell them apart; they are no tokens.
    let class = |b: u8| if matches!(b, b'_' | b'^' | 0x7f) { b'~' } else { b };
    Classifier::new(level, |b| match token::TRIGGERS.iter().position(|t| *t == class(b)) {
        Some(i) => 1 << i,
        None => b & 0x80,
    })
}
