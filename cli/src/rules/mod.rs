//! `hypersieve rules`: what the rules are, whether they are right, what they cost.

pub(crate) mod convert;
pub(crate) mod cost;
mod describe;
pub(crate) mod lint;
pub(crate) mod list;
pub(crate) mod show;
mod table;
pub(crate) mod test;
