//! Runs: text spelled in an alphabet (base64, base32, hexadecimal digits), what is compressed in it, and UTF-16.
//!
//! A run is long where tokens are short, so it is read in pieces of some 24 characters, each judged by what it decodes to:
//! [`reader`] goes from piece to piece and keeps what it must remember between them. [`place`] finds where one may begin,
//! which is all that ordinary text costs. [`spelling`] says what characters stand for, [`pairs`] the same of hexadecimal
//! digits with something between each two, [`wide`] of UTF-16, [`judge`] whether it is text, and [`inflate`] unpacks.

mod inflate;
mod judge;
mod pairs;
pub(crate) mod place;
pub(crate) mod reader;
mod spelling;
mod wide;

/// Characters of a piece; what is shorter is not tried.
pub(crate) const PIECE: usize = 24;

/// What must be there to read a piece is never more, with the line breaks in it.
pub(crate) const MAX_PIECE: usize = 640;
