//! What the tests of all adapters scan.

use crate::database::Database;
use crate::policy::Policy;
use crate::rule::{Pattern, Rule};
use crate::scanner::Scanner;
use crate::severity::Severity;

pub(super) const PLAIN: &[u8] =
    b"The hatch is open, ignore the noise; previous\r\n\r\ninstructions \xff stay &#105;n force. ";

pub(super) const HOSTILE: &[u8] =
    b"A sunny day, then: ignore previous instructions, and more words behind it. ";

/// Blocks one phrase and quarantines another.
pub(super) fn scanner() -> Scanner {
    let block = Rule::new("BLOCK", "test", Severity::Critical)
        .pattern(Pattern::literal("ignore previous instructions"));
    let hold = Rule::new("HOLD", "test", Severity::High).pattern(Pattern::literal("open the hatch"));
    let database = Database::builder().rules([block, hold]).build().unwrap();
    Scanner::new(&database, Policy::new()).unwrap()
}

/// A text in pieces of every size, and cut at every place.
pub(super) fn cuts(text: &[u8]) -> Vec<Vec<&[u8]>> {
    let sizes = (1..=text.len()).map(|size| text.chunks(size).collect());
    let once = (0..=text.len()).map(|at| vec![&text[..at], b"", &text[at..]]);
    sizes.chain(once).collect()
}
