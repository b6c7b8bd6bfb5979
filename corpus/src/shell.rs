//! Terminal sessions.

use crate::template::Filler;

const PROMPTS: [&str; 5] = ["$ ", "$ ", "«handle»@«project»:~/«project»$ ", "% ", "~/«project» ❯ "];

/// A session of a few commands, their output, and remarks of the person who typed.
pub(crate) fn document(filler: &mut Filler) -> String {
    let prompt = *filler.rng().pick(&PROMPTS);
    let prompt = filler.fill(prompt);
    let count = filler.rng().between(3, 9);
    let mut out = String::new();
    for _ in 0..count {
        if filler.rng().one_in(4) {
            let remark = filler.entry("shell.remark");
            out.push_str(&format!("{prompt}{remark}\n"));
        }
        let step = filler.entry("shell.step");
        out.push_str(&step.replacen("$ ", &prompt, 1));
        out.push('\n');
    }
    out
}
