//! Reads the runs of a text from left to right, piece by piece.

use super::inflate::{self, Inflater, Unpacked};
use super::judge::{Judgement, is_surely_noise, is_text, judge};
use super::pairs::{self, Pairs};
use super::place::{Place, Places, Stretch, begins_wide, is_word};
use super::spelling::{NoPiece, Piece, SPELLINGS, Spelling, Wanted};
use super::wide::{self, Order};
use super::{MAX_PIECE, PIECE};
use crate::view::offsets::Inside;

/// What compressed text may grow by, beside as much as the text is long.
pub(crate) const FREE_GROWTH: u64 = 4 << 20;

/// How much of the packed bytes a match is said to lie in, at most: no more than that waits for it to be decided. It is a
/// small part of the extent of a match, because what is packed may itself be spelled in something longer.
const UNPACKED_FROM: u64 = 8 * 1024;

/// What is remembered from piece to piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    mode: Mode,
    /// An offset at which a group of characters begins, and so every eight behind it.
    group: u64,
    /// A byte order mark would stand where the text begins.
    behind_begin: bool,
    /// By how much unpacked text was longer than what it was packed in.
    growth: u64,
    /// It was more than is allowed: nothing is unpacked any more.
    spent: bool,
}

#[derive(Clone, Debug, Default)]
enum Mode {
    /// Between runs.
    #[default]
    Idle,
    /// In a long word.
    Word {
        /// How the piece before was spelled, if it was read.
        spelling: Option<Spelling>,
        /// The word, or a part of it behind a separator, begins here.
        fresh: bool,
        /// It began with a byte order mark: what follows may be any text.
        marked: bool,
    },
    /// In what is compressed, from this offset on; behind its end there may be a checksum.
    Packed { spelling: Spelling, inflater: Option<Inflater>, from: u64 },
    /// In digits by twos.
    Pairs { between: usize },
    /// In UTF-16.
    Wide { order: Order, marked: bool },
}

const WORD: Mode = Mode::Word { spelling: None, fresh: true, marked: false };
const NO_RUN: Mode = Mode::Word { spelling: None, fresh: false, marked: false };

/// What the bytes from where it was asked are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Those up to here stand for themselves; there may be none.
    Plain(usize),
    /// Those up to here stand for the text that was given.
    Change(usize, Inside),
    /// More text is needed to tell what those from here on are; those before stand for themselves.
    Incomplete(usize),
}

impl Runs {
    /// Forgets the run that it is in: another text begins.
    pub(crate) fn begin(&mut self) {
        self.mode = Mode::Idle;
        self.behind_begin = false;
    }

    /// Whether more was packed than may be unpacked.
    pub(crate) fn spent(&self) -> bool {
        self.spent
    }

    /// Reads the piece at `at`, and adds what it stands for to `text`.
    pub(crate) fn step(
        &mut self,
        input: Stretch<'_>,
        at: usize,
        places: &mut Places,
        text: &mut Vec<u8>,
    ) -> Step {
        let mode = std::mem::take(&mut self.mode);
        match mode {
            Mode::Idle => self.find(input, at, places),
            Mode::Word { spelling, fresh, marked } => {
                let step = self.word(input, at, (spelling, fresh, marked), places, text);
                if let Step::Incomplete(_) = step {
                    self.mode = Mode::Word { spelling, fresh, marked };
                }
                step
            }
            Mode::Packed { spelling, inflater, from } => {
                self.packed(input, at, (spelling, inflater, from), text)
            }
            Mode::Pairs { between } => match Pairs::read(input.bytes, at, Some(between), input.complete) {
                None => {
                    self.mode = Mode::Pairs { between };
                    Step::Incomplete(at)
                }
                Some(Some(pairs)) if pairs.goes_on() => {
                    self.mode = Mode::Pairs { between };
                    text.extend_from_slice(pairs.bytes());
                    Step::Change(pairs.end, Inside::Units { original: Pairs::unit(between), view: 1 })
                }
                Some(_) => Step::Plain(at),
            },
            Mode::Wide { order, marked } => self.wide(input, at, (order, marked), text),
        }
    }

    /// Looks for the beginning of a run.
    fn find(&mut self, input: Stretch<'_>, at: usize, places: &mut Places) -> Step {
        if !self.behind_begin {
            match marked(input, at) {
                None => return Step::Incomplete(at),
                Some(order) => {
                    self.behind_begin = true;
                    if let Some(order) = order {
                        self.mode = Mode::Wide { order, marked: true };
                        return Step::Change(at + 2, Inside::Token);
                    }
                }
            }
        }
        let found = [places.word(input, at), places.pair(input, at), places.wide(input, at)];
        let index = |place: &Place| match *place {
            Place::At(index) | Place::Open(index) => index,
            Place::None => usize::MAX,
        };
        let kind = (0..3).min_by_key(|&i| index(&found[i])).unwrap_or(0);
        match found[kind] {
            Place::None => Step::Plain(input.bytes.len()),
            Place::Open(index) => Step::Incomplete(index),
            Place::At(index) => {
                self.mode = match kind {
                    0 => {
                        self.group = input.base + index as u64;
                        WORD
                    }
                    _ if index > at => Mode::Idle,
                    1 => {
                        let digits = index + pairs::mark(&input.bytes[index..]);
                        self.mode = match Pairs::read(input.bytes, digits, None, input.complete).flatten() {
                            Some(pairs) => Mode::Pairs { between: pairs.between() },
                            None => Mode::Idle,
                        };
                        return if digits > index {
                            Step::Change(digits, Inside::Token)
                        } else {
                            Step::Plain(index)
                        };
                    }
                    _ => match begins_wide(input, index).flatten() {
                        Some(order) => {
                            self.mode = Mode::Wide { order, marked: false };
                            return match order {
                                Order::Little => Step::Change(index + 1, Inside::Token),
                                Order::Big => Step::Plain(index),
                            };
                        }
                        None => Mode::Idle,
                    },
                };
                Step::Plain(index)
            }
        }
    }

    /// Reads on in a long word.
    fn word(
        &mut self,
        input: Stretch<'_>,
        at: usize,
        (spelling, fresh, marked): (Option<Spelling>, bool, bool),
        places: &Places,
        text: &mut Vec<u8>,
    ) -> Step {
        let bytes = input.bytes;
        match bytes.get(at) {
            Some(b'\n' | b'\r') => return self.line_break(input, at, spelling, marked),
            Some(&b) if is_word(b) => {}
            _ => return Step::Plain(at),
        }
        if let Some(spelling) = spelling {
            let piece = match spelling.piece(bytes, at, Wanted::More, input.complete) {
                Ok(piece) => piece,
                Err(_) => return Step::Incomplete(at),
            };
            let before = text.len();
            spelling.decode(&piece, text);
            if piece.end > at && (marked || judge(&text[before..]) != Judgement::Noise) {
                self.mode = Mode::Word { spelling: Some(spelling), fresh: false, marked };
                self.group = input.base + piece.end as u64;
                return Step::Change(piece.end, inside(spelling, &piece));
            }
            text.truncate(before);
        }
        let spellings = if bytes.len() - at >= PIECE { places.spellings(at) } else { &SPELLINGS };
        if spellings.is_empty() {
            return self.skip_all(input, at, fresh, places);
        }
        for spelling in spellings {
            let spelling = *spelling;
            let piece = match spelling.piece(bytes, at, Wanted::Whole, input.complete) {
                Ok(piece) => piece,
                Err(NoPiece::Incomplete) => return Step::Incomplete(at),
                Err(NoPiece::Short) => continue,
            };
            let (decoded, length) = spelling.decode_whole(&piece);
            let decoded = &decoded[..length];
            // PERF: before any of it is put down.
            let packed = || Inflater::of(decoded).is_some() || fresh && inflate::may_be_bare(decoded);
            if is_surely_noise(decoded) && !packed() && !(fresh && is_marked(decoded)) {
                continue;
            }
            let before = text.len();
            spelling.decode(&piece, text);
            match self.packing(input, at, spelling, &text[before..], fresh) {
                None => {
                    text.truncate(before);
                    return Step::Incomplete(at);
                }
                Some(Some(inflater)) => {
                    text.truncate(before);
                    let from = input.base + at as u64;
                    self.mode = Mode::Packed { spelling, inflater: Some(inflater), from };
                    return Step::Plain(at);
                }
                Some(None) => {}
            }
            let marked = fresh && is_marked(&text[before..]);
            if marked || is_text(&text[before..]) {
                self.mode = Mode::Word { spelling: Some(spelling), fresh: false, marked };
                self.group = input.base + piece.end as u64;
                return Step::Change(piece.end, inside(spelling, &piece));
            }
            text.truncate(before);
        }
        self.skip(input, at, fresh, places)
    }

    /// Passes over characters at which no run begins, and those behind them that can't spell text.
    ///
    /// PERF: in one go; most long words of ordinary text are paths and names.
    fn skip_all(&mut self, input: Stretch<'_>, at: usize, fresh: bool, places: &Places) -> Step {
        let mut step = self.skip(input, at, fresh, places);
        while let Step::Plain(next) = step
            && let Mode::Word { spelling: None, fresh, marked: false } = self.mode
            && input.bytes.len() - next >= PIECE
            && !matches!(input.bytes[next], b'\n' | b'\r')
            && is_word(input.bytes[next])
            && places.spellings(next).is_empty()
        {
            // The steps that nothing can come of end where groups begin.
            let behind = (input.base + next as u64).wrapping_sub(self.group) % 8;
            let jump =
                ((places.implausible(next, input.bytes.len()) as u64 + behind) & !7).saturating_sub(behind);
            if jump == 0 {
                step = self.skip(input, next, fresh, places);
                continue;
            }
            let next = next + usize::try_from(jump).expect("less than a block");
            self.mode = if is_separator(input.bytes[next - 1]) { WORD } else { NO_RUN };
            step = Step::Plain(next);
        }
        step
    }

    /// Passes some characters over at which no run begins.
    #[inline]
    fn skip(&mut self, input: Stretch<'_>, at: usize, fresh: bool, places: &Places) -> Step {
        let word = &input.bytes[at..];
        if fresh && matches!(word, [b'0', b'x' | b'X', ..]) {
            self.group = input.base + at as u64 + 2;
            return match Spelling::Hex.piece(input.bytes, at + 2, Wanted::Whole, input.complete) {
                Err(NoPiece::Incomplete) => {
                    self.mode = WORD;
                    Step::Incomplete(at)
                }
                Ok(piece) => {
                    let mut bytes = Vec::new();
                    Spelling::Hex.decode(&piece, &mut bytes);
                    self.mode = WORD;
                    if is_text(&bytes) { Step::Change(at + 2, Inside::Token) } else { Step::Plain(at + 2) }
                }
                Err(NoPiece::Short) => {
                    self.mode = NO_RUN;
                    Step::Plain(at + 2)
                }
            };
        }
        // Up to where the next group of any spelling begins; a separator may stand before something else that begins.
        let behind = (input.base + at as u64).wrapping_sub(self.group) % 8;
        let group = usize::try_from(8 - behind).expect("it is at most eight");
        let (passed, separator) = places.pass(at, word.len().min(group));
        self.mode = if separator { WORD } else { NO_RUN };
        Step::Plain(at + passed)
    }

    /// A line break in or beside a word.
    fn line_break(
        &mut self,
        input: Stretch<'_>,
        at: usize,
        spelling: Option<Spelling>,
        marked: bool,
    ) -> Step {
        if let Some(spelling) = spelling {
            match spelling.next_line(input.bytes, at, input.complete) {
                Err(NoPiece::Incomplete) => return Step::Incomplete(at),
                Err(NoPiece::Short) => {}
                Ok(next) => {
                    let Ok(piece) = spelling.piece(input.bytes, next, Wanted::More, input.complete) else {
                        return Step::Incomplete(at);
                    };
                    let mut bytes = Vec::new();
                    spelling.decode(&piece, &mut bytes);
                    if marked || judge(&bytes) != Judgement::Noise {
                        self.mode = Mode::Word { spelling: Some(spelling), fresh: false, marked };
                        return Step::Change(next, Inside::Token);
                    }
                }
            }
        }
        self.mode = WORD;
        self.group = input.base + at as u64 + 1;
        Step::Plain(at + 1)
    }

    /// Whether the bytes of a piece are the beginning of something compressed; `None` if that can't be told yet.
    fn packing(
        &self,
        input: Stretch<'_>,
        at: usize,
        spelling: Spelling,
        bytes: &[u8],
        fresh: bool,
    ) -> Option<Option<Inflater>> {
        if self.spent {
            return Some(None);
        }
        if let Some(inflater) = Inflater::of(bytes) {
            return Some(Some(inflater));
        }
        if !fresh || !inflate::may_be_bare(bytes) {
            return Some(None);
        }
        let mut look = Vec::new();
        let mut from = at;
        while look.len() < inflate::LOOK && from - at < MAX_PIECE / 2 {
            let Ok(piece) = spelling.piece(input.bytes, from, Wanted::More, input.complete) else {
                return None;
            };
            if piece.end == from {
                match spelling.next_line(input.bytes, from, input.complete) {
                    Ok(next) => from = next,
                    Err(NoPiece::Incomplete) => return None,
                    Err(NoPiece::Short) => break,
                }
                continue;
            }
            spelling.decode(&piece, &mut look);
            from = piece.end;
        }
        Some(Inflater::bare(&look))
    }

    /// Unpacks a piece.
    fn packed(
        &mut self,
        input: Stretch<'_>,
        at: usize,
        (spelling, inflater, from): (Spelling, Option<Inflater>, u64),
        text: &mut Vec<u8>,
    ) -> Step {
        let piece = match spelling.piece(input.bytes, at, Wanted::More, input.complete) {
            Ok(piece) => piece,
            Err(_) => {
                self.mode = Mode::Packed { spelling, inflater, from };
                return Step::Incomplete(at);
            }
        };
        let here = input.base + at as u64;
        let inside = Inside::Unpacked { from: from.max(here.saturating_sub(UNPACKED_FROM)) };
        if piece.end == at {
            // The end of a line, or of the run.
            return match spelling.next_line(input.bytes, at, input.complete) {
                Ok(next) => {
                    self.mode = Mode::Packed { spelling, inflater, from };
                    Step::Change(next, inside)
                }
                Err(NoPiece::Incomplete) => {
                    self.mode = Mode::Packed { spelling, inflater, from };
                    Step::Incomplete(at)
                }
                Err(NoPiece::Short) => {
                    self.mode = NO_RUN;
                    Step::Plain(at)
                }
            };
        }
        let Some(mut inflater) = inflater else {
            // What is left behind the packed bytes is a checksum, if it is no more than that.
            self.mode = NO_RUN;
            return if piece.is_last() { Step::Change(piece.end, inside) } else { Step::Plain(at) };
        };
        let mut bytes = Vec::new();
        spelling.decode(&piece, &mut bytes);
        let allowed = (FREE_GROWTH + here).saturating_sub(self.growth);
        let before = text.len();
        let most = usize::try_from(allowed).unwrap_or(usize::MAX).saturating_add(bytes.len());
        let unpacked = inflater.unpack(&bytes, most, text);
        self.growth += ((text.len() - before) as u64).saturating_sub((piece.end - at) as u64);
        match unpacked {
            Unpacked::Open => self.mode = Mode::Packed { spelling, inflater: Some(inflater), from },
            Unpacked::Ended => self.mode = Mode::Packed { spelling, inflater: None, from },
            Unpacked::Broken => {
                self.mode = NO_RUN;
                if text.len() == before {
                    // What stands here is something else: it is looked at as if nothing had begun.
                    return self.judge_alone(piece, spelling, text);
                }
            }
            Unpacked::TooMuch => {
                self.spent = true;
                self.mode = NO_RUN;
            }
        }
        Step::Change(piece.end, inside)
    }

    /// A piece in something that looked compressed and is not.
    fn judge_alone(&mut self, piece: Piece, spelling: Spelling, text: &mut Vec<u8>) -> Step {
        let before = text.len();
        spelling.decode(&piece, text);
        if judge(&text[before..]) == Judgement::Noise {
            text.truncate(before);
            return Step::Plain(piece.end);
        }
        self.mode = Mode::Word { spelling: Some(spelling), fresh: false, marked: false };
        Step::Change(piece.end, inside(spelling, &piece))
    }

    /// Reads on in UTF-16.
    fn wide(
        &mut self,
        input: Stretch<'_>,
        at: usize,
        (order, marked): (Order, bool),
        text: &mut Vec<u8>,
    ) -> Step {
        let bytes = &input.bytes[at..];
        if bytes.len() < 2 * wide::UNITS && !input.complete {
            self.mode = Mode::Wide { order, marked };
            return Step::Incomplete(at);
        }
        let piece = &bytes[..bytes.len().min(2 * wide::UNITS) & !1];
        let piece = if bytes.len() > piece.len() { wide::whole(piece, order) } else { piece };
        let piece = if marked { piece } else { wide::before_plain(piece) };
        let keeps = if marked {
            wide::is_text(piece, order)
        } else {
            4 * wide::plain_units(piece, order) >= piece.len()
        };
        if piece.is_empty() || !keeps {
            return Step::Plain(at);
        }
        let before = text.len();
        wide::decode(piece, order, text);
        self.mode = Mode::Wide { order, marked };
        let each = 2 * (text.len() - before) == piece.len();
        Step::Change(
            at + piece.len(),
            if each { Inside::Units { original: 2, view: 1 } } else { Inside::Token },
        )
    }
}

/// A character of an alphabet that is neither letter nor digit.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'+' | b'-' | b'_')
}

/// How the bytes of a piece map back.
fn inside(spelling: Spelling, piece: &Piece) -> Inside {
    let (original, view) = spelling.group();
    if piece.unbroken { Inside::Units { original, view } } else { Inside::Token }
}

/// Whether decoded bytes begin with a byte order mark and text in UTF-16.
fn is_marked(bytes: &[u8]) -> bool {
    wide::order(bytes).is_some_and(|order| wide::is_text(&bytes[2..bytes.len() & !1], order))
}

/// The order that a mark at the beginning of a text says, if text in UTF-16 follows; `None` if that can't be told yet.
fn marked(input: Stretch<'_>, at: usize) -> Option<Option<Order>> {
    let bytes = &input.bytes[at..];
    if at != input.begin || !matches!(bytes, [] | [0xfe | 0xff, ..]) {
        return Some(None);
    }
    let whole = 2 + 2 * wide::UNITS;
    if bytes.len() < whole && !input.complete {
        return None;
    }
    let piece = &bytes[..bytes.len().min(whole) & !1];
    Some(wide::order(piece).filter(|order| piece.len() > 2 && wide::is_text(&piece[2..], *order)))
}
