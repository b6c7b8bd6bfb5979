//! Web pages and feeds.

use crate::template::Filler;

/// A page, a folder listing or a feed.
pub(crate) fn document(filler: &mut Filler) -> String {
    filler.entry("page")
}
