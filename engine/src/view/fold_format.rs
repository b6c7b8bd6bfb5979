//! How `fold.bin` is laid out, for the engine and for the program that makes it.
//!
//! Two counts (pages, strings), then for each block of [`PAGE`] scalar values the number of its page, the pages with an
//! entry for each scalar value, the ends of the strings, and the strings, all numbers in 16 bits, little-endian.

/// Scalar values of a page.
pub(crate) const PAGE: usize = 64;

/// Scalar values in all, surrogates among them.
pub(crate) const CHARACTERS: usize = 0x11_0000;

/// An entry's lower bits: it stays as it is, it goes, or the string with this number and [`DELETED`] + 1 takes its place.
pub(crate) const ITSELF: u16 = 0;
pub(crate) const DELETED: u16 = 1;

/// A Latin, Greek or Cyrillic letter, behind which marks are dropped.
pub(crate) const LETTER: u16 = 1 << 14;

/// A combining mark that is dropped behind such a letter.
pub(crate) const MARK: u16 = 1 << 15;
