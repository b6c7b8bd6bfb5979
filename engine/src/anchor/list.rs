//! All anchors of a database in few bytes: what filters are built from, and what is told of them later.

use std::collections::HashMap;

use crate::anchor::grams::{AnchorTier, MAX_WORD_KEYS};
use crate::anchor::hash::{LONG_KEY, WORD_KEY};
use crate::anchor::{Anchor, Literal, MAX_ANCHOR, Planned, rarity};
use crate::byteset::ByteSet;
use crate::error::LoadError;
use crate::pattern::MAX_WIDTH;
use crate::rule::RunClass;
use crate::serial::{Reader, Writer};

/// The anchors of a database.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AnchorList {
    rows: Vec<Row>,
    /// The positions of all strings, one string after the other.
    positions: Vec<Position>,
    /// Sets of bytes that are neither a single byte nor a letter, each once.
    classes: Vec<ByteSet>,
    /// The keys of next words, each set of them once; the first is empty.
    nexts: Vec<Vec<u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Row {
    Bytes {
        /// Index of the first position.
        from: u32,
        length: u8,
        starts_word: bool,
        ends_word: bool,
        /// Index of the keys of next words.
        next: u32,
        tier: AnchorTier,
        /// How often what is looked up is expected in a KiB of ordinary text.
        per_kib: f64,
    },
    Run(RunClass, usize),
    Any,
}

/// The bytes at one position of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Just this byte.
    Byte(u8),
    /// This letter, given in lower case, in both cases.
    Letter(u8),
    /// A class of the list.
    Class(u16),
}

/// One string of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    /// Its index among all anchors.
    pub(crate) anchor: u32,
    pub(crate) positions: &'a [Position],
    pub(crate) starts_word: bool,
    pub(crate) ends_word: bool,
    pub(crate) next: &'a [u64],
}

/// Most pairs of words of all anchors of a database that is loaded: a few bytes could ask for any number. The built-in rules
/// have 10,000 or so.
const MAX_PAIRS: usize = 1 << 22;

/// The fewest bytes that a row takes.
const LEAST_ROW: usize = 3;

/// What stands for any byte, in the place of a length.
const ANY: [u8; LEAST_ROW] = [u8::MAX, 0, 0];

impl AnchorList {
    pub(crate) fn new(anchors: &[Planned]) -> AnchorList {
        let mut list = AnchorList {
            rows: Vec::new(),
            positions: Vec::new(),
            classes: Vec::new(),
            nexts: vec![Vec::new()],
        };
        let mut places: HashMap<&[u64], u32> = HashMap::from([(&[][..], 0)]);
        for planned in anchors {
            let row = match &planned.anchor {
                Anchor::Bytes(literal) => {
                    let plan = planned.plan.as_ref();
                    let plan = plan.expect("the compiler only takes anchors that the filter can find");
                    let from = u32::try_from(list.positions.len()).expect("fewer than 2^32 bytes of anchors");
                    for set in &literal.sets {
                        let position = list.position(set);
                        list.positions.push(position);
                    }
                    let next = *places.entry(&literal.next).or_insert_with(|| {
                        list.nexts.push(literal.next.clone());
                        u32::try_from(list.nexts.len() - 1).expect("fewer than 2^32 anchors")
                    });
                    Row::Bytes {
                        from,
                        length: u8::try_from(literal.sets.len()).expect("anchors are at most 16 bytes long"),
                        starts_word: literal.starts_word,
                        ends_word: literal.ends_word,
                        next,
                        tier: plan.tier,
                        per_kib: plan.per_kib,
                    }
                }
                Anchor::Run(class, length) => Row::Run(*class, *length),
                Anchor::Any => Row::Any,
            };
            list.rows.push(row);
        }
        list
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes of the longest anchor.
    pub(crate) fn longest(&self) -> usize {
        (0..self.len()).map(|i| self.length(i)).max().unwrap_or(1)
    }

    /// Bytes of one anchor.
    pub(crate) fn length(&self, index: usize) -> usize {
        match self.rows[index] {
            Row::Bytes { length, .. } => length.into(),
            Row::Run(_, length) => length,
            Row::Any => 1,
        }
    }

    /// The anchors that are strings, in order.
    pub(crate) fn strings(&self) -> impl Iterator<Item = Bytes<'_>> {
        (0u32..).zip(&self.rows).filter_map(|(anchor, row)| match *row {
            Row::Bytes { from, length, starts_word, ends_word, next, .. } => Some(Bytes {
                anchor,
                positions: &self.positions[from as usize..][..usize::from(length)],
                starts_word,
                ends_word,
                next: &self.nexts[next as usize],
            }),
            Row::Run(..) | Row::Any => None,
        })
    }

    /// The anchors that are runs, with their indices.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (u32, RunClass, usize)> {
        (0u32..).zip(&self.rows).filter_map(|(anchor, row)| match *row {
            Row::Bytes { .. } | Row::Any => None,
            Row::Run(class, length) => Some((anchor, class, length)),
        })
    }

    /// The anchor that stands for any byte, if there is one.
    pub(crate) fn any(&self) -> Option<u32> {
        (0u32..).zip(&self.rows).find(|(_, row)| **row == Row::Any).map(|(anchor, _)| anchor)
    }

    /// The bytes at a position.
    pub(crate) fn set(&self, position: Position) -> ByteSet {
        match position {
            Position::Byte(byte) => ByteSet::of(&[byte]),
            Position::Letter(letter) => ByteSet::of(&[letter, letter.to_ascii_uppercase()]),
            Position::Class(class) => self.classes[usize::from(class)],
        }
    }

    /// One anchor in full.
    pub(crate) fn get(&self, index: usize) -> Anchor {
        match self.rows[index] {
            Row::Bytes { from, length, starts_word, ends_word, next, .. } => {
                let positions = &self.positions[from as usize..][..usize::from(length)];
                let sets = positions.iter().map(|p| self.set(*p)).collect();
                let next = self.nexts[next as usize].clone();
                Anchor::Bytes(Literal { sets, starts_word, ends_word, next })
            }
            Row::Run(class, length) => Anchor::Run(class, length),
            Row::Any => Anchor::Any,
        }
    }

    /// How an anchor is found, and how often it is expected in a KiB of ordinary text; not a number for runs.
    pub(crate) fn cost(&self, index: usize) -> (AnchorTier, f64) {
        match (self.rows[index], self.get(index)) {
            (Row::Bytes { tier, per_kib, .. }, Anchor::Bytes(literal)) => {
                let by_grams = rarity::per_kib(&literal.sets);
                match tier {
                    AnchorTier::Phrase => (tier, per_kib),
                    AnchorTier::Word if literal.sets.len() <= LONG_KEY => (tier, per_kib),
                    AnchorTier::Word => (tier, rarity::within(per_kib, by_grams)),
                    _ => (tier, by_grams),
                }
            }
            (Row::Any, _) => (AnchorTier::Any, 1024.0),
            _ => (AnchorTier::Run, f64::NAN),
        }
    }

    fn position(&mut self, set: &ByteSet) -> Position {
        if let Some(byte) = set.single() {
            return Position::Byte(byte);
        }
        if let Some(letter) = set.folded_letter() {
            return Position::Letter(letter);
        }
        let known = self.classes.iter().position(|c| c == set);
        let class = known.unwrap_or_else(|| {
            self.classes.push(*set);
            self.classes.len() - 1
        });
        Position::Class(u16::try_from(class).expect("fewer than 2^16 sets of bytes"))
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.list(&self.classes, |writer, set| set.write(writer));
        writer.list(&self.nexts[1..], |writer, next| {
            writer.list(next, |writer, key| writer.raw(&key.to_le_bytes()[..WORD_KEY]));
        });
        writer.number(self.positions.len());
        writer.list(&self.rows, |writer, row| self.write_row(writer, row));
    }

    fn write_row(&self, writer: &mut Writer, row: &Row) {
        match *row {
            Row::Bytes { from, length, starts_word, ends_word, next, tier, per_kib } => {
                writer.byte(length);
                writer.choice(&AnchorTier::ALL, &tier);
                writer.byte(u8::from(starts_word) | u8::from(ends_word) << 1);
                writer.number(next as usize);
                writer.float(per_kib);
                for position in &self.positions[from as usize..][..usize::from(length)] {
                    match *position {
                        Position::Byte(byte) => writer.raw(&[0, byte]),
                        Position::Letter(letter) => writer.raw(&[1, letter]),
                        Position::Class(class) => {
                            writer.byte(2);
                            writer.u16(class);
                        }
                    }
                }
            }
            Row::Run(class, length) => {
                writer.byte(0);
                writer.choice(&RunClass::ALL, &class);
                writer.number(length);
            }
            Row::Any => writer.raw(&ANY),
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<AnchorList, LoadError> {
        let classes = reader.list(32, ByteSet::read)?;
        if classes.contains(&ByteSet::EMPTY) {
            return Err(LoadError::malformed("a set of bytes is empty"));
        }
        let mut nexts = vec![Vec::new()];
        nexts.extend(reader.list(1, |reader| {
            reader.list(WORD_KEY, |reader| {
                let mut key = [0; 8];
                key[..WORD_KEY].copy_from_slice(reader.raw(WORD_KEY)?);
                Ok(u64::from_le_bytes(key))
            })
        })?);
        let positions = Vec::with_capacity(reader.count(2)?);
        let mut list = AnchorList { rows: Vec::new(), positions, classes, nexts };
        let mut pairs = 0;
        list.rows = reader.list(LEAST_ROW, |reader| {
            let length = reader.byte()?;
            if length == ANY[0] {
                return if reader.raw(ANY.len() - 1)? == &ANY[1..] {
                    Ok(Row::Any)
                } else {
                    Err(bad_length())
                };
            }
            if length == 0 {
                let class = reader.choice(&RunClass::ALL)?;
                let length = reader.at_most(MAX_WIDTH)?;
                return if length == 0 { Err(bad_length()) } else { Ok(Row::Run(class, length)) };
            }
            if usize::from(length) > MAX_ANCHOR {
                return Err(bad_length());
            }
            let tier = reader.choice(&AnchorTier::ALL)?;
            let edges = reader.byte()?;
            if edges > 3 {
                return Err(LoadError::malformed("the edges of an anchor are not known"));
            }
            let next = reader.index(list.nexts.len())?;
            let next = u32::try_from(next).map_err(|_| bad_length())?;
            let per_kib = reader.float()?;
            if !(0.0..=1024.0).contains(&per_kib) {
                return Err(LoadError::malformed(
                    "an anchor turns up less often than never, or at more places than there are",
                ));
            }
            let from = u32::try_from(list.positions.len()).map_err(|_| bad_length())?;
            for _ in 0..length {
                list.positions.push(Position::read(reader, list.classes.len())?);
            }
            // A word with a choice of bytes has several keys, each with all next words.
            let choice = list.positions[from as usize..].iter().any(|p| matches!(p, Position::Class(_)));
            pairs += list.nexts[next as usize].len() * if choice { MAX_WORD_KEYS } else { 1 };
            if pairs > MAX_PAIRS {
                return Err(LoadError::too_large());
            }
            let (starts_word, ends_word) = (edges & 1 != 0, edges & 2 != 0);
            Ok(Row::Bytes { from, length, starts_word, ends_word, next, tier, per_kib })
        })?;
        Ok(list)
    }
}

impl Position {
    fn read(reader: &mut Reader<'_>, classes: usize) -> Result<Position, LoadError> {
        match reader.byte()? {
            0 => Ok(Position::Byte(reader.byte()?)),
            1 => match reader.byte()? {
                letter @ b'a'..=b'z' => Ok(Position::Letter(letter)),
                _ => Err(LoadError::malformed("a letter of an anchor is none")),
            },
            2 => match reader.u16()? {
                class if usize::from(class) < classes => Ok(Position::Class(class)),
                _ => Err(LoadError::malformed("an anchor has bytes of a set that is not there")),
            },
            _ => Err(LoadError::malformed("a byte of an anchor is of no known kind")),
        }
    }
}

fn bad_length() -> LoadError {
    LoadError::malformed("an anchor is too short or too long")
}
