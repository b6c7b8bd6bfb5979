//! Where a run may begin: long words, digits by twos, zero bytes.
//!
//! This is what ordinary text pays: two vectorized classifications and a few operations on each block's masks.

use crate::filter::SimdLevel;
use crate::filter::classify::Classifier;

use super::PIECE;
use super::judge::is_printable;
use super::pairs::{self, Pairs};
use super::spelling::{SPELLINGS, Spelling};
use super::wide::{self, Order};

/// Tells the bytes of words and of digits by twos.
#[derive(Debug)]
pub(crate) struct Finder {
    words: Classifier,
    pairs: Classifier,
}

/// Where runs may begin in one text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The index that the first masks begin at.
    from: usize,
    words: Vec<[u64; OF_WORDS.len()]>,
    pairs: Vec<[u64; 1]>,
    /// What was found last, while that is not past.
    word: Option<Place>,
    pair: Option<Place>,
    wide: Option<Place>,
}

/// The next place of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A run may begin here.
    At(usize),
    /// Whether one begins here can't be told before more text is there.
    Open(usize),
    /// None begins in what is there.
    None,
}

/// A text that is searched for runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch<'a> {
    /// Nothing before this index belongs to it.
    pub(crate) begin: usize,
    pub(crate) bytes: &'a [u8],
    /// Offset of the first byte.
    pub(crate) base: u64,
    /// Whether it ends where the bytes do.
    pub(crate) complete: bool,
}

/// A byte of a word: a character of an alphabet, or a line break that may wrap one.
pub(crate) fn is_word(byte: u8) -> bool {
    class_of_words(byte) != 0
}

/// Kinds of bytes that a table by nibbles tells apart, one bit each.
fn class_of_words(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 1,
        b'A'..=b'O' => 1 << 1,
        b'P'..=b'Z' => 1 << 2,
        b'a'..=b'o' => 1 << 3,
        b'p'..=b'z' => 1 << 4,
        b'+' | b'-' | b'/' => 1 << 5,
        b'_' => 1 << 6,
        b'\n' | b'\r' => 1 << 7,
        _ => 0,
    }
}

/// What is asked of the bytes of words: which are any, digits, capital and small letters, and neither letters nor digits.
const OF_WORDS: [u8; 5] = [0xff, 1, 3 << 1, 3 << 3, 3 << 5];
const ANY: usize = 0;
const DIGIT: usize = 1;
const CAPITAL: usize = 2;
const SMALL: usize = 3;
const SEPARATOR: usize = 4;

/// So many of a piece's characters are hardly ever neither letters nor digits.
const MANY: u32 = 3;

fn class_of_pairs(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 1,
        b'A'..=b'F' | b'a'..=b'f' => 1 << 1,
        b' ' | b',' | b'-' => 1 << 2,
        b':' => 1 << 3,
        b'X' | b'x' => 1 << 4,
        _ => 0,
    }
}

impl Finder {
    /// `level` must be one that the CPU has.
    pub(crate) fn new(level: SimdLevel) -> Finder {
        Finder {
            words: Classifier::new(level, class_of_words),
            pairs: Classifier::new(level, class_of_pairs),
        }
    }

    /// Classifies the text from `from` on.
    pub(crate) fn mark(&self, text: &[u8], from: usize, places: &mut Places) {
        places.from = from;
        self.words.mark(&text[from..], OF_WORDS, &mut places.words);
        self.pairs.mark(&text[from..], [0xff], &mut places.pairs);
        (places.word, places.pair, places.wide) = (None, None, None);
    }
}

impl Place {
    fn index(self) -> usize {
        match self {
            Place::At(index) | Place::Open(index) => index,
            Place::None => usize::MAX,
        }
    }
}

impl Places {
    /// The first long word that begins at `at` or behind it.
    pub(crate) fn word(&mut self, input: Stretch<'_>, at: usize) -> Place {
        if self.word.is_none_or(|p| p.index() < at) {
            let found = long::<_, ANY>(&self.words, at - self.from).map(|i| Place::At(self.from + i));
            self.word = Some(found.unwrap_or_else(|| self.cut(input, at)));
        }
        self.word.unwrap_or(Place::None)
    }

    /// How the characters of a piece at `at` may spell text: ordinary long words, paths and rules are not worth more than
    /// a look.
    ///
    /// Text in base64 has capitals and small letters in every few characters, text in base32 or hexadecimal digits has
    /// digits. And the characters that are no letters and digits, which only base64 has, stand for a few rare bytes, of
    /// which there are not many in a row.
    pub(crate) fn spellings(&self, at: usize) -> &'static [Spelling] {
        let masks = self.masks_from(at);
        let of_piece = |class: usize| masks[class] & ((1 << PIECE) - 1);
        // PERF: nothing predicts what each of these is.
        let both = (of_piece(CAPITAL) != 0) & (of_piece(SMALL) != 0);
        match of_piece(SEPARATOR).count_ones() {
            0 if both => &SPELLINGS,
            0 if of_piece(DIGIT) != 0 => &[Spelling::Hex, Spelling::Base32],
            1..MANY if both => &[Spelling::Base64],
            _ => &[],
        }
    }

    /// How many bytes at `at` certainly lie in a word in which no piece is plausible that begins there; at most 63.
    ///
    /// Without a digit or a capital letter none is. Behind `end`, where the text is not there yet, there may be one.
    pub(crate) fn implausible(&self, at: usize, end: usize) -> usize {
        let masks = self.masks_from(at);
        let telling = masks[DIGIT] | masks[CAPITAL];
        let inside = telling | masks[SMALL] | masks[SEPARATOR];
        let first = (telling | 1 << (end - at).min(63)).trailing_zeros() as usize;
        first.saturating_sub(PIECE - 1).min((!inside | 1 << 63).trailing_zeros() as usize)
    }

    /// How many of the `most` bytes at `at`, up to 63, can be passed over in a word at which no run begins: up to behind the
    /// first character that is neither letter nor digit, which is said, or to the end of the word.
    pub(crate) fn pass(&self, at: usize, most: usize) -> (usize, bool) {
        let masks = self.masks_from(at);
        let separator = masks[SEPARATOR] | 1 << most;
        let inside = separator | masks[DIGIT] | masks[CAPITAL] | masks[SMALL];
        let (separator, end) = (separator.trailing_zeros() as usize, (!inside).trailing_zeros() as usize);
        if separator < end && separator < most { (separator + 1, true) } else { (end.min(most), false) }
    }

    /// A bit for each byte from `at` on and each class of words.
    #[inline]
    fn masks_from(&self, at: usize) -> [u64; OF_WORDS.len()] {
        let at = at - self.from;
        let masks = |block: usize| self.words.get(block).copied().unwrap_or_default();
        let (masks, next) = (masks(at / 64), masks(at / 64 + 1));
        let mut from = [0; OF_WORDS.len()];
        for (from, (mask, next)) in from.iter_mut().zip(masks.into_iter().zip(next)) {
            *from = mask >> (at % 64) | next << 1 << (63 - at % 64);
        }
        from
    }

    /// The first digits by twos.
    pub(crate) fn pair(&mut self, input: Stretch<'_>, at: usize) -> Place {
        if self.pair.is_none_or(|p| p.index() < at) {
            self.pair = Some(self.find_pair(input, at));
        }
        self.pair.unwrap_or(Place::None)
    }

    fn find_pair(&self, input: Stretch<'_>, at: usize) -> Place {
        let bytes = input.bytes;
        let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_hexdigit);
        // A mark before the first one belongs to the run.
        let begins = |i: usize| (i == input.begin || !is_digit(i - 1)) && is_digit(i);
        let digits = |i: usize| i + pairs::mark(&bytes[i..]);
        let mut from = at - self.from;
        while let Some(i) = long::<_, 0>(&self.pairs, from) {
            let index = self.from + i;
            if begins(index) {
                match Pairs::read(bytes, digits(index), None, input.complete) {
                    None => return Place::Open(index),
                    Some(pairs) if pairs.is_some_and(|p| p.begins()) => return Place::At(index),
                    Some(_) => {}
                }
            }
            // PERF: to the next digits at once; most of what is long in this class is indentation.
            let behind = index + bytes[index..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
            let space = bytes[behind..].iter().take_while(|b| !b.is_ascii_hexdigit()).count();
            from = (behind + space).max(index + 1) - self.from;
        }
        // Fewer bytes are left than a piece has.
        let from = (self.from + from).max((bytes.len() + 1).saturating_sub(PIECE));
        let open = |i: &usize| begins(*i) && Pairs::read(bytes, digits(*i), None, input.complete).is_none();
        (from..bytes.len()).find(open).map_or(Place::None, Place::Open)
    }

    /// The first zero byte of what may be UTF-16.
    pub(crate) fn wide(&mut self, input: Stretch<'_>, at: usize) -> Place {
        if self.wide.is_none_or(|p| p.index() < at) {
            self.wide = Some(find_wide(input, at));
        }
        self.wide.unwrap_or(Place::None)
    }

    /// Where a word begins that the end of the text cuts before it is long.
    fn cut(&self, input: Stretch<'_>, at: usize) -> Place {
        let is_set = |i: usize| self.words.get(i / 64).is_some_and(|masks| masks[ANY] >> (i % 64) & 1 != 0);
        let end = input.bytes.len();
        let from = at.max((end + 1).saturating_sub(PIECE));
        let first = (from..end).rev().take_while(|i| is_set(i - self.from)).last();
        match first {
            Some(index) if !input.complete => Place::Open(index),
            _ => Place::None,
        }
    }
}

/// The first place at `from` or behind it where `PIECE` bytes of a class begin.
fn long<const N: usize, const CLASS: usize>(masks: &[[u64; N]], from: usize) -> Option<usize> {
    let mut keep = u64::MAX << (from % 64);
    for block in from / 64..masks.len() {
        let mask = masks[block][CLASS] & keep;
        keep = u64::MAX;
        if mask == 0 {
            continue;
        }
        let next = masks.get(block + 1).map_or(0, |masks| masks[CLASS]);
        let mut ahead = u128::from(mask) | u128::from(next) << 64;
        // Two, four, eight, sixteen bytes in a row, and then these and eight more.
        for shift in [1, 2, 4, 8, 8] {
            ahead &= ahead >> shift;
        }
        if let Ok(low @ 1..) = u64::try_from(ahead & u128::from(u64::MAX)) {
            return Some(block * 64 + low.trailing_zeros() as usize);
        }
    }
    None
}

fn find_wide(input: Stretch<'_>, at: usize) -> Place {
    let bytes = input.bytes;
    let mut from = at;
    while let Some(i) = memchr::memchr(0, &bytes[from..]) {
        let zero = from + i;
        from = zero + 1;
        // Of zeros in a row only the last one may begin or end a character.
        if bytes.get(zero + 1) == Some(&0) {
            continue;
        }
        match begins_wide(input, zero) {
            Some(Some(_)) => return Place::At(zero),
            Some(None) => {}
            None => return Place::Open(zero),
        }
    }
    Place::None
}

/// Which order UTF-16 of ASCII has that begins at a zero byte, or with the character before it; `None` if it can't be told
/// yet whether it is any.
///
/// The low byte that stands before the first zero says what it says without it. So what begins behind the zero is read, if
/// there is a character before it.
pub(crate) fn begins_wide(input: Stretch<'_>, zero: usize) -> Option<Option<Order>> {
    let behind_character = zero > input.begin && is_printable(input.bytes[zero - 1]);
    let (start, order) = if behind_character { (zero + 1, Order::Little) } else { (zero, Order::Big) };
    let bytes = &input.bytes[start..];
    let piece = &bytes[..bytes.len().min(2 * wide::UNITS)];
    // What is there must fit already.
    let missing = piece.len() / 2 - wide::plain_units(piece, order);
    if missing > 1 {
        return Some(None);
    }
    match piece.len() == 2 * wide::UNITS {
        true => Some(Some(order)),
        false if input.complete => Some(None),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_at_every_level() {
        let text =
            [b"some words, ".repeat(9).as_slice(), &b"aWdub3JlIGFsbCBwcmV2aW91cw==. ".repeat(3)].concat();
        let naive =
            |at: usize| (at..text.len() - PIECE).find(|&i| text[i..i + PIECE].iter().all(|&b| is_word(b)));
        for level in SimdLevel::ALL.into_iter().filter(|l| l.is_available()) {
            let finder = Finder::new(level.resolve());
            for from in [0, 1, 50, 100] {
                let mut places = Places::default();
                finder.mark(&text, from, &mut places);
                let input = Stretch { begin: 0, bytes: &text, base: 0, complete: true };
                for at in (from..text.len()).step_by(7) {
                    let expected = naive(at).map_or(Place::None, Place::At);
                    assert_eq!(places.word(input, at), expected, "{level} from {from} at {at}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_the_text_leaves_a_place_open() {
        let finder = Finder::new(SimdLevel::Auto.resolve());
        for (text, word, pair, wide) in [
            ("the words aWdub3Jl", Place::Open(10), Place::Open(14), Place::None),
            ("the: 69 67 6e", Place::Open(11), Place::Open(5), Place::None),
            ("the i\0g\0", Place::None, Place::None, Place::Open(5)),
        ] {
            let mut places = Places::default();
            finder.mark(text.as_bytes(), 0, &mut places);
            let input = Stretch { begin: 0, bytes: text.as_bytes(), base: 0, complete: false };
            assert_eq!(places.word(input, 0), word, "{text}");
            assert_eq!(places.pair(input, 0), pair, "{text}");
            assert_eq!(places.wide(input, 0), wide, "{text}");
        }
    }
}
