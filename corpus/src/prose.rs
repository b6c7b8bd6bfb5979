//! Documentation, articles and notes.

use crate::template::Filler;

/// A document: a few parts, with paragraphs in between, its lines long or wrapped as its author likes.
pub(crate) fn document(filler: &mut Filler) -> String {
    let parts = filler.rng().between(1, 4);
    let width = *filler.rng().pick(&[usize::MAX, 72, 80, 100]);
    let mut out = Vec::new();
    for _ in 0..parts {
        out.push(filler.entry("doc.part"));
        if filler.rng().one_in(2) {
            out.push(filler.entry("paragraph"));
        }
    }
    wrapped(&out.join("\n\n"), width)
}

/// The text with its long lines broken at spaces; tables and indented lines stay as they are.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split('\n') {
        if line.starts_with(['|', ' ', '<', '`', '#']) {
            out.push_str(line);
        } else {
            let quote = if line.starts_with("> ") { "> " } else { "" };
            let mut column = 0;
            for word in line.split(' ') {
                if column > 0 && column + 1 + word.len() > width {
                    out.push('\n');
                    out.push_str(quote);
                    column = quote.len();
                } else if column > 0 {
                    out.push(' ');
                    column += 1;
                }
                out.push_str(word);
                column += word.len();
            }
        }
        out.push('\n');
    }
    out.pop();
    out
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(wrapped("> one two three\n| a b c d e f |", 9), "> one two\n> three\n| a b c d e f |");
        assert_eq!(wrapped("one two\n\nthree", usize::MAX), "one two\n\nthree");
    }
}
