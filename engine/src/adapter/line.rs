//! Lines of Server-Sent Events, as a receiver tells them apart.

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The event ends.
    Blank,
    /// A value of the field `data`.
    Data(&'a [u8]),
    /// Another field, or a comment: the whole line.
    Other(&'a [u8]),
}

impl Line<'_> {
    /// Reads a line without its end.
    pub(super) fn new(line: &[u8]) -> Line<'_> {
        if line.is_empty() {
            return Line::Blank;
        }
        match line.strip_prefix(b"data") {
            Some([]) => Line::Data(b""),
            Some([b':', value @ ..]) => Line::Data(value.strip_prefix(b" ").unwrap_or(value)),
            _ => Line::Other(line),
        }
    }
}

/// Finds the ends of lines: a line feed, a carriage return, or both in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineEnds {
    /// The last line ended with a carriage return; a line feed that follows belongs to it.
    may_go_on: bool,
}

impl LineEnds {
    /// The length of the line that `bytes` begin with, and how many bytes it takes with its end; `None` if that is not
    /// there. The first `searched` bytes hold no end.
    pub(super) fn next(&mut self, bytes: &[u8], searched: usize) -> Option<(usize, usize)> {
        let length = searched + memchr::memchr2(b'\n', b'\r', &bytes[searched..])?;
        self.may_go_on = bytes[length] == b'\r';
        Some((length, length + 1))
    }

    /// How many of the bytes still belong to the end of the last line.
    pub(super) fn rest(&mut self, bytes: &[u8]) -> usize {
        let Some(first) = bytes.first().filter(|_| self.may_go_on) else { return 0 };
        self.may_go_on = false;
        usize::from(*first == b'\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart() {
        for (line, says) in [
            (&b""[..], Line::Blank),
            (b"data", Line::Data(b"")),
            (b"data:", Line::Data(b"")),
            (b"data: ", Line::Data(b"")),
            (b"data:  x", Line::Data(b" x")),
            (b"data:x: y", Line::Data(b"x: y")),
            (b"data :x", Line::Other(b"data :x")),
            (b"database: x", Line::Other(b"database: x")),
            (b"Data: x", Line::Other(b"Data: x")),
            (b": data: x", Line::Other(b": data: x")),
            (b"id: 7", Line::Other(b"id: 7")),
        ] {
            assert_eq!(Line::new(line), says);
        }
    }
}
