//! Which strings share a bucket where many are compared at once.
//!
//! What passes the comparison of a bucket is the product of what its strings have at each place, so strings that are alike
//! belong together. How many positions of ordinary text pass is estimated from the rarity of bytes.

use std::sync::OnceLock;

use crate::anchor::rarity;
use crate::byteset::ByteSet;

/// Bytes that are compared.
pub(super) const PLACES: usize = 4;

/// Deals the strings, given by the bytes that they may have at each compared place, into so many buckets; says for each
/// its bucket.
///
/// One after the other goes where it makes the least worse, and then each is asked again, until nothing is gained: with
/// 183 strings in sixteen buckets that leaves a third of the positions that the first round does.
pub(super) fn deal(strings: &[[ByteSet; PLACES]], buckets: usize) -> Vec<usize> {
    static SHARES: OnceLock<Shares> = OnceLock::new();
    let shares = SHARES.get_or_init(Shares::new);
    let strings: Vec<[Nibbles; PLACES]> =
        strings.iter().map(|sets| sets.each_ref().map(Nibbles::of)).collect();
    let mut dealt: Vec<usize> = Vec::new();
    let mut unions = vec![[Nibbles::default(); PLACES]; buckets];
    for string in &strings {
        let (bucket, _) = best(shares, &unions, string, None);
        unions[bucket] = joined(&unions[bucket], string);
        dealt.push(bucket);
    }
    let rounds = if strings.len() <= MANY { MOST_ROUNDS } else { 0 };
    for _ in 0..rounds {
        let mut moved = false;
        for (i, string) in strings.iter().enumerate() {
            let from = dealt[i];
            let others =
                strings.iter().zip(&dealt).enumerate().filter(|(k, (_, bucket))| *k != i && **bucket == from);
            let without =
                others.fold([Nibbles::default(); PLACES], |all, (_, (other, _))| joined(&all, other));
            let saved = shares.rate(&unions[from]) - shares.rate(&without);
            let (to, cost) = best(shares, &unions, string, Some(from));
            if cost < saved * LEAST_GAIN {
                unions[from] = without;
                unions[to] = joined(&unions[to], string);
                dealt[i] = to;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    dealt
}

/// After so many rounds hardly anything moves.
const MOST_ROUNDS: usize = 8;

/// More strings than this fill all buckets, however they are dealt.
const MANY: usize = 1024;

/// A move must be worth more than the rounding of the estimate.
const LEAST_GAIN: f64 = 0.999;

/// The bucket that gets the least worse by taking a string, and by how much.
fn best(
    shares: &Shares,
    unions: &[[Nibbles; PLACES]],
    string: &[Nibbles; PLACES],
    but: Option<usize>,
) -> (usize, f64) {
    let growth = |union: &[Nibbles; PLACES]| shares.rate(&joined(union, string)) - shares.rate(union);
    let buckets = unions.iter().enumerate().filter(|(i, _)| Some(*i) != but);
    let growths = buckets.map(|(i, union)| (i, growth(union)));
    growths.min_by(|(_, a), (_, b)| a.total_cmp(b)).expect("there are buckets")
}

fn joined(a: &[Nibbles; PLACES], b: &[Nibbles; PLACES]) -> [Nibbles; PLACES] {
    std::array::from_fn(|i| Nibbles { low: a[i].low | b[i].low, high: a[i].high | b[i].high })
}

/// A set of bytes as a table by nibbles sees it: every high nibble with every low nibble.
#[derive(Clone, Copy, Debug, Default)]
struct Nibbles {
    low: u16,
    high: u16,
}

impl Nibbles {
    fn of(set: &ByteSet) -> Nibbles {
        set.iter().fold(Nibbles::default(), |all, byte| Nibbles {
            low: all.low | 1 << (byte & 15),
            high: all.high | 1 << (byte >> 4),
        })
    }
}

/// The share of ordinary text that the bytes with a high nibble have together, by that nibble and for every set of the lower
/// half and of the upper half of the low nibbles.
///
/// PERF: a set is asked for some thousand times when rules are compiled.
struct Shares(Box<[[[f64; 256]; 2]; 16]>);

/// The rarity table counts both cases as one; of the letters of ordinary text so many are capitals.
const CAPITALS: f64 = 0.08;

impl Shares {
    fn new() -> Shares {
        let share = |byte: u8| {
            let part = match byte {
                b'A'..=b'Z' => CAPITALS,
                b'a'..=b'z' => 1.0 - CAPITALS,
                _ => 1.0,
            };
            part * rarity::share(&ByteSet::of(&[byte]))
        };
        let mut shares = Box::new([[[0.0; 256]; 2]; 16]);
        for (high, halves) in (0u8..).zip(shares.iter_mut()) {
            for (half, sums) in (0u8..).zip(halves) {
                let of: [f64; 8] =
                    std::array::from_fn(|low| share(high << 4 | half << 3 | low.to_le_bytes()[0]));
                for (set, sum) in sums.iter_mut().enumerate() {
                    *sum = (0..8).filter(|low| set >> low & 1 != 0).map(|low| of[low]).sum();
                }
            }
        }
        Shares(shares)
    }

    /// The share of positions in ordinary text that pass a bucket.
    fn rate(&self, sets: &[Nibbles; PLACES]) -> f64 {
        sets.iter().map(|set| self.of(*set)).product()
    }

    fn of(&self, set: Nibbles) -> f64 {
        let [lower, upper] = set.low.to_le_bytes().map(usize::from);
        let high = self.0.iter().enumerate().filter(|(nibble, _)| set.high >> nibble & 1 != 0);
        high.map(|(_, halves)| halves[0][lower] + halves[1][upper]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_shares_a_bucket() {
        let word = |word: &[u8; PLACES]| word.map(|b| ByteSet::of(&[b]));
        let strings = [b"tion", b"//./", b"sion", b"../.", b"tien", b"/../"].map(word);
        let dealt = deal(&strings, 2);
        assert_eq!(dealt[0], dealt[2]);
        assert_eq!(dealt[0], dealt[4]);
        assert_ne!(dealt[0], dealt[1]);
        assert_eq!(dealt[1], dealt[3]);
    }
}
