//! How often a byte string turns up in ordinary text, estimated from counts of three-byte sequences.
//!
//! The counts were taken from ordinary traffic (documents, source, web pages, JSON, shell sessions, mail, tool
//! descriptions) by `engine/examples/rarity_table.rs`. Bytes are first mapped to 32 symbols, so that the table is
//! small and letters in both cases count together; within a symbol the frequencies of single bytes decide.

use std::sync::LazyLock;

use crate::byteset::ByteSet;

/// Number of symbols that bytes are mapped to.
const SYMBOLS: usize = 32;

/// `rarity.bin`: 32^3 three-symbol frequencies, then 256 byte frequencies, each as `-8 * log2(p)`, cut at 255.
static TABLE: &[u8; SYMBOLS * SYMBOLS * SYMBOLS + 256] = include_bytes!("rarity.bin");

/// The symbol of a byte.
pub(crate) fn symbol(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => usize::from(byte - b'a'),
        b'A'..=b'Z' => usize::from(byte - b'A'),
        b'0'..=b'9' => 26,
        b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => 27,
        b'_' | b'-' | b'.' | b',' | b'/' => 28,
        b'"' | b'\'' | b'`' | b':' | b';' | b'=' | b'\\' => 29,
        0x00..=0x7f => 30,
        0x80..=0xff => 31,
    }
}

/// The table as probabilities, with the sums that are needed again and again.
struct Model {
    triple: Vec<f64>,
    pair: Vec<f64>,
    symbol: [f64; SYMBOLS],
    byte: [f64; 256],
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let power: Vec<f64> = (0..=255u8).map(|q| (-f64::from(q) / 8.0).exp2()).collect();
    let all: Vec<f64> = TABLE.iter().map(|&q| power[usize::from(q)]).collect();
    let (triple, bytes) = all.split_at(SYMBOLS * SYMBOLS * SYMBOLS);
    let pair = triple.chunks(SYMBOLS).map(|c| c.iter().sum()).collect();
    let byte: [f64; 256] = std::array::from_fn(|b| bytes[b]);
    let mut of_symbol = [0.0; SYMBOLS];
    for b in 0..=255u8 {
        of_symbol[symbol(b)] += byte[usize::from(b)];
    }
    Model { triple: triple.to_vec(), pair, symbol: of_symbol, byte }
});

/// For each symbol the share of its occurrences that the bytes of `set` make up.
fn shares(model: &Model, set: &ByteSet) -> Vec<(usize, f64)> {
    let mut inside = [0.0; SYMBOLS];
    for b in set.iter() {
        inside[symbol(b)] += model.byte[usize::from(b)];
    }
    (0..SYMBOLS).filter(|&s| inside[s] > 0.0).map(|s| (s, inside[s] / model.symbol[s])).collect()
}

/// The share of all bytes of ordinary text that belong to `set`.
pub(crate) fn share(set: &ByteSet) -> f64 {
    set.iter().map(|b| MODEL.byte[usize::from(b)]).sum()
}

/// The estimated number of places per KiB of ordinary text at which `sets` matches.
pub(crate) fn per_kib(sets: &[ByteSet]) -> f64 {
    let model = &*MODEL;
    let shares: Vec<Vec<(usize, f64)>> = sets.iter().map(|s| shares(model, s)).collect();
    // The probability that what was read so far ends with the symbols a, b; only those that are possible.
    let mut ends: Vec<(usize, usize, f64)> = match shares.as_slice() {
        [] => return 1024.0,
        [one] => return 1024.0 * one.iter().map(|&(s, share)| share * model.symbol[s]).sum::<f64>(),
        [first, second, ..] => first
            .iter()
            .flat_map(|&(a, share_a)| {
                second
                    .iter()
                    .map(move |&(b, share_b)| (a, b, share_a * share_b * model.pair[a * SYMBOLS + b]))
            })
            .collect(),
    };
    for third in &shares[2..] {
        let mut next: Vec<(usize, usize, f64)> = Vec::with_capacity(ends.len() * third.len());
        for &(a, b, before) in &ends {
            let ab = a * SYMBOLS + b;
            for &(c, share) in third {
                let weight = before * share * model.triple[ab * SYMBOLS + c] / model.pair[ab];
                match next.iter_mut().find(|n| n.0 == b && n.1 == c) {
                    Some(n) => n.2 += weight,
                    None => next.push((b, c, weight)),
                }
            }
        }
        ends = next;
    }
    1024.0 * ends.iter().map(|e| e.2).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> f64 {
        per_kib(
            &text
                .bytes()
                .map(|b| ByteSet::of(&[b.to_ascii_lowercase(), b.to_ascii_uppercase()]))
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn common_words_are_commoner_than_rare_ones() {
        assert!(rate("the ") > 10.0 * rate("curl"));
        assert!(rate("function") > 10.0 * rate("exfiltra"));
        assert!(rate("zqxj") < 0.01);
    }

    #[test]
    fn a_longer_anchor_is_never_commoner() {
        for word in ["instructions", "password", "http://169.254"] {
            let mut last = f64::INFINITY;
            for length in 1..=word.len() {
                let now = rate(&word[..length]);
                assert!(now <= last * 1.001, "{} at {length}: {now} after {last}", word);
                last = now;
            }
        }
    }
}
