//! Source files, settings and patches.

use crate::template::{Filler, capitalised};

/// Languages with the sections of their blocks and imports, and what a comment begins with.
const LANGUAGES: [(&str, Option<&str>, &str); 14] = [
    ("code.python", Some("import.python"), "# "),
    ("code.rust", Some("import.rust"), "// "),
    ("code.typescript", Some("import.typescript"), "// "),
    ("code.go", Some("import.go"), "// "),
    ("code.c", Some("import.c"), "// "),
    ("code.java", Some("import.java"), "// "),
    ("code.kotlin", Some("import.kotlin"), "// "),
    ("code.ruby", Some("import.ruby"), "# "),
    ("code.sql", None, "-- "),
    ("code.css", None, ""),
    ("code.yaml", None, "# "),
    ("code.toml", None, "# "),
    ("code.diff", None, ""),
    ("code.python", Some("import.python"), "# "),
];

/// A file: a head with a comment and imports, then blocks with remarks.
pub(crate) fn document(filler: &mut Filler) -> String {
    let (blocks, imports, comment) = *filler.rng().pick(&LANGUAGES);
    let mut out = String::new();
    if !comment.is_empty() && filler.rng().one_in(2) {
        for _ in 0..filler.rng().between(1, 3) {
            let remark = filler.entry("s.software");
            out.push_str(&format!("{comment}{remark}\n"));
        }
        out.push('\n');
    }
    if let Some(imports) = imports {
        let several = !matches!(blocks, "code.go" | "code.java" | "code.kotlin");
        let count = if several { filler.rng().between(2, 5) } else { 1 };
        for _ in 0..count {
            let import = filler.entry(imports);
            out.push_str(&import);
            out.push('\n');
        }
        out.push('\n');
    }
    for _ in 0..filler.rng().between(1, 4) {
        if !comment.is_empty() && filler.rng().one_in(3) {
            let remark = filler.fill("«s.software» TODO: «verb_fn» the «thing», too");
            out.push_str(&format!("{comment}{}\n", capitalised(&remark)));
        }
        let block = filler.entry(blocks);
        out.push_str(&block);
        out.push_str("\n\n");
    }
    out
}
