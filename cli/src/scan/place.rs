//! From byte offsets to lines and columns, in one pass over a text that may come in pieces.

/// A place as an editor names it; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u64,
    /// In characters.
    pub(crate) column: u64,
}

/// Finds the places of offsets.
pub(crate) struct Places {
    /// Sorted, each once.
    offsets: Vec<u64>,
    /// Of the first offsets.
    found: Vec<Place>,
    at: u64,
    here: Place,
}

impl Places {
    /// The offsets whose places are wanted.
    pub(crate) fn new(offsets: impl IntoIterator<Item = u64>) -> Places {
        let mut offsets: Vec<u64> = offsets.into_iter().collect();
        offsets.sort_unstable();
        offsets.dedup();
        Places { offsets, found: Vec::new(), at: 0, here: Place { line: 1, column: 1 } }
    }

    /// Reads the next piece of the text.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(offset) = self.offsets.get(self.found.len()) {
            let ahead = usize::try_from(offset - self.at).unwrap_or(usize::MAX);
            if ahead > rest.len() {
                break;
            }
            let (before, behind) = rest.split_at(ahead);
            self.pass(before);
            self.found.push(self.here);
            rest = behind;
        }
        self.pass(rest);
    }

    /// The place of one of the offsets. Those behind the end of what was read are at the end.
    pub(crate) fn of(&self, offset: u64) -> Place {
        let index =
            self.offsets.binary_search(&offset).expect("only offsets that were asked for are looked up");
        self.found.get(index).copied().unwrap_or(self.here)
    }

    fn pass(&mut self, bytes: &[u8]) {
        let lines = bytes.iter().filter(|&&b| b == b'\n').count();
        let mut line = bytes;
        if lines > 0 {
            let last = bytes.iter().rposition(|&b| b == b'\n').expect("a line break was counted");
            line = &bytes[last + 1..];
            self.here.column = 1;
        }
        self.here.line += lines as u64;
        // Each byte of UTF-8 but the continuations begins a character.
        self.here.column += line.iter().filter(|&&b| b & 0xc0 != 0x80).count() as u64;
        self.at += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let text = "ab\ncäd\r\n\n漢字x".as_bytes();
        let offsets = || 0..=text.len() as u64 + 1;
        for size in 1..=text.len() {
            let mut places = Places::new(offsets());
            text.chunks(size).for_each(|piece| places.push(piece));
            let found: Vec<(u64, u64)> =
                offsets().map(|o| places.of(o)).map(|p| (p.line, p.column)).collect();
            let expected = [
                (1, 1),
                (1, 2),
                (1, 3), // a b \n
                (2, 1),
                (2, 2),
                (2, 3),
                (2, 3),
                (2, 4),
                (2, 5), // c ä(2) d \r \n
                (3, 1), // \n
                (4, 1),
                (4, 2),
                (4, 2),
                (4, 2),
                (4, 3),
                (4, 3),
                (4, 3), // 漢 字 x
                (4, 4),
                (4, 4), // the end, and behind it
            ];
            assert_eq!(found, expected);
        }
    }
}
