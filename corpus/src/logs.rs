//! Logs of servers, applications and builds.

use crate::template::Filler;

/// A stretch of one log; a stack trace now and then.
pub(crate) fn document(filler: &mut Filler) -> String {
    let style =
        *filler.rng().pick(&["log.syslog", "log.access", "log.app", "log.java", "log.rows", "log.ci"]);
    if style == "log.ci" {
        return filler.entry(style);
    }
    let count = filler.rng().between(6, 30);
    let mut out = String::new();
    for _ in 0..count {
        let row = filler.entry(style);
        out.push_str(&row);
        out.push('\n');
        if matches!(style, "log.java" | "log.rows") && filler.rng().one_in(12) {
            let trace = filler.entry("trace");
            out.push_str(&trace);
            out.push('\n');
        }
    }
    out
}
