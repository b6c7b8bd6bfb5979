//! What binds a row to the one before it.

use rusqlite::types::ValueRef;

use crate::digest::Sha256;

/// What is hashed before everything else, so that no hash of this log means anything elsewhere.
const DOMAIN: &[u8] = b"hypersieve audit row 1";

/// The place of a row: its number and its hash. The first row follows `START`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) id: i64,
    pub(super) hash: [u8; 32],
}

/// What comes before the first row.
pub(super) const START: Link = Link { id: 0, hash: [0; 32] };

/// The hash of a row: of its number, its columns and the hash of the row before it.
///
/// Each field is its kind in one byte, its length in bytes as eight, the lowest first, and then its bytes, so that no two
/// lists of fields give the same text: not `ab` and `c` for `a` and `bc`, and not 1 for `1`.
pub(super) fn hash<'a>(
    id: i64,
    columns: impl IntoIterator<Item = ValueRef<'a>>,
    previous: &[u8; 32],
) -> [u8; 32] {
    let mut hasher = Sha256::default();
    field(&mut hasher, ValueRef::Blob(DOMAIN));
    field(&mut hasher, ValueRef::Integer(id));
    for column in columns {
        field(&mut hasher, column);
    }
    field(&mut hasher, ValueRef::Blob(previous));
    hasher.finish()
}

fn field(hasher: &mut Sha256, value: ValueRef<'_>) {
    let number;
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, b""),
        ValueRef::Integer(value) => {
            number = value.to_le_bytes();
            (1, &number)
        }
        ValueRef::Real(value) => {
            number = value.to_bits().to_le_bytes();
            (2, &number)
        }
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(blob) => (4, blob),
    };
    let mut head = [kind; 9];
    head[1..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
    hasher.update(&head);
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_read_the_same() {
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        let rows: [Vec<ValueRef<'_>>; 8] = [
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![text("abc"), ValueRef::Null],
            vec![text("abc"), text("")],
            vec![text("1"), ValueRef::Null],
            vec![ValueRef::Integer(1), ValueRef::Null],
            vec![ValueRef::Real(1.0), ValueRef::Null],
            vec![ValueRef::Blob(b"1"), ValueRef::Null],
        ];
        let mut hashes: Vec<_> = rows.iter().map(|row| hash(1, row.iter().copied(), &[0; 32])).collect();
        hashes.push(hash(2, rows[0].iter().copied(), &[0; 32]));
        hashes.push(hash(1, rows[0].iter().copied(), &[1; 32]));
        let different = hashes.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!(different, hashes.len());
    }
}
