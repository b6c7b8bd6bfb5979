//! Mails and threads.

use crate::template::Filler;

/// One mail, or a few in the manner of an mbox file.
pub(crate) fn document(filler: &mut Filler) -> String {
    let count = if filler.rng().one_in(3) { filler.rng().between(2, 4) } else { 1 };
    let mut out = String::new();
    for index in 0..count {
        let mail = filler.entry("mail");
        if count > 1 {
            out.push_str(if index > 0 { "\n\n" } else { "" });
            let from = filler.fill("From «email» «weekday» «#now time»\n");
            out.push_str(&from);
        }
        out.push_str(&mail);
    }
    out
}
