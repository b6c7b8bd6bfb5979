//! Tables for people.

use std::io::{self, Write};

use crate::console::Paint;
use crate::visible::width;

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// A cell: its text, and the same with colours.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    plain: String,
    painted: String,
}

impl Cell {
    /// A cell in colours.
    pub(crate) fn painted(plain: impl Into<String>, painted: impl Into<String>) -> Cell {
        Cell { plain: plain.into(), painted: painted.into() }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Cell {
        let plain = text.to_string();
        Cell { painted: plain.clone(), plain }
    }
}

/// Prints a table; every row has as many cells as there are columns.
pub(crate) fn print(
    out: &mut impl Write,
    paint: Paint,
    columns: &[(&str, Side)],
    rows: &[Vec<Cell>],
) -> io::Result<()> {
    let head: Vec<Cell> = columns.iter().map(|(name, _)| Cell::painted(*name, paint.bold(name))).collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|column| {
            std::iter::once(&head).chain(rows).map(|row| width(&row[column].plain)).max().unwrap_or(0)
        })
        .collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[column] - width(&cell.plain));
            let last = column + 1 == columns.len();
            line += &match columns[column].1 {
                Side::Right => format!("{space}{}", cell.painted),
                Side::Left if last => cell.painted.clone(),
                Side::Left => format!("{}{space}", cell.painted),
            };
            line += if last { "" } else { "  " };
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [
            vec![Cell::from("漢字"), Cell::from(5), Cell::from("x")],
            vec!["b".into(), 12345.into(), "".into()],
        ];
        let mut out = Vec::new();
        let columns = [("a", Side::Left), ("n", Side::Right), ("last", Side::Left)];
        print(&mut out, Paint::plain(), &columns, &rows).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "a         n  last\n漢字      5  x\nb     12345  \n");
    }
}
