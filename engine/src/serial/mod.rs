//! Databases as bytes: compiled once, loaded in about a millisecond wherever they are needed.
//!
//! [`frame`] is the envelope: what the bytes are, whether they are whole. Inside it, [`rules`] holds what the rules state,
//! and each compiled part writes and reads itself beside its own type, by a [`Writer`] and a [`Reader`]. The bytes
//! depend neither on the machine nor on the filter and the SIMD level that will be chosen.
//!
//! A reader trusts nothing, checksum or not: every count is bounded by the bytes that are left, every index is checked,
//! and what follows from something else is not stored but worked out again.

mod checksum;
pub(crate) mod frame;
mod reader;
pub(crate) mod rules;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use checksum::checksum;
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;
