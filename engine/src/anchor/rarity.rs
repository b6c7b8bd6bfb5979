//! How often a byte string turns up in ordinary text, estimated from counts of three and four bytes in a row, of the
//! beginnings of words, and of those of two words in a row.
//!
//! The counts were taken from ordinary traffic (documents, source, web pages, JSON, shell sessions, mail, tool
//! descriptions) by `engine/examples/rarity_table.rs`; letters count in lower case. Longer strings are estimated as a
//! Markov chain: each byte by the three before it. A table of 32 symbols instead of hashed bytes was tried first and
//! thought `https://` a hundred times rarer than it is, because it mixed punctuation.

use std::sync::LazyLock;

use crate::anchor::hash;
use crate::byteset::ByteSet;

const TRIPLES: usize = 1 << 16;
const QUADS: usize = 1 << 18;
const WORDS: usize = 1 << 17;
const PAIRS: usize = 1 << 18;

/// `rarity.bin`: shares of bytes, of hashed triples, of hashed quadruples, of the hashed keys of words, and of those
/// of two words in a row, each as `-8 * log2(share)` of all bytes, cut at 255.
static TABLE: &[u8; 256 + TRIPLES + QUADS + WORDS + PAIRS] = include_bytes!("rarity.bin");

/// The shares that the quantised values stand for.
static SHARES: LazyLock<[f64; 256]> = LazyLock::new(|| std::array::from_fn(|q| (-(q as f64) / 8.0).exp2()));

fn single(byte: u8) -> f64 {
    SHARES[usize::from(TABLE[usize::from(byte.to_ascii_lowercase())])]
}

fn triple(bytes: [u8; 3]) -> f64 {
    let [a, b, c] = bytes;
    SHARES[usize::from(TABLE[256 + hash::gram_place(u32::from_le_bytes([a, b, c, 0]), TRIPLES)])]
}

fn quad(bytes: [u8; 4]) -> f64 {
    SHARES[usize::from(TABLE[256 + TRIPLES + hash::gram_place(u32::from_le_bytes(bytes), QUADS)])]
}

/// The estimated number of words per KiB of ordinary text that have this key.
pub(crate) fn word_per_kib(key: u64) -> f64 {
    1024.0 * SHARES[usize::from(TABLE[256 + TRIPLES + QUADS + hash::word_place(key, WORDS)])]
}

/// The same of words that have this long key.
pub(crate) fn long_word_per_kib(key: u64) -> f64 {
    1024.0 * SHARES[usize::from(TABLE[256 + TRIPLES + QUADS + hash::long_word_place(key, WORDS)])]
}

/// The estimated number of places per KiB of ordinary text at which the second word follows the first, given by their keys.
pub(crate) fn pair_per_kib(first: u64, next: u64) -> f64 {
    let place = hash::pair_place(first, next, PAIRS);
    1024.0 * SHARES[usize::from(TABLE[256 + TRIPLES + QUADS + WORDS + place])]
}

/// How often a word stands with what an anchor has beside it: the estimate for the whole, but no less than a part of the
/// word's own count.
///
/// A word is often followed by just what an anchor has behind it (`command` by `":`), which no context of three bytes tells.
pub(crate) fn within(counted: f64, estimated: f64) -> f64 {
    estimated.clamp(LEAST_PART * counted, counted)
}

/// See [`within`].
const LEAST_PART: f64 = 0.1;

/// The share of all bytes of ordinary text that belong to `set`.
pub(crate) fn share(set: &ByteSet) -> f64 {
    lower(set).iter().map(|b| single(*b)).sum::<f64>().min(1.0)
}

/// The members of a set in lower case, each once.
fn lower(set: &ByteSet) -> Vec<u8> {
    let mut members: Vec<u8> = set.iter().map(|b| b.to_ascii_lowercase()).collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// A position with more bytes than this says so little that what stands around it counts as independent.
const VAGUE: usize = 6;

/// The share of a vague position right behind another one is at least this.
const VAGUE_AGAIN: f64 = 0.6;

/// Most contexts that are followed at once.
const MAX_CONTEXTS: usize = 48;

/// The estimated number of places per KiB of ordinary text at which `sets` matches.
pub(crate) fn per_kib(sets: &[ByteSet]) -> f64 {
    let mut probability = 1.0;
    let mut after_vague = false;
    let mut stretch: Vec<Vec<u8>> = Vec::with_capacity(sets.len());
    for set in sets {
        let vague = set.len() > 2 * VAGUE;
        let members = if vague { Vec::new() } else { lower(set) };
        if vague || members.len() > VAGUE {
            // Bytes of one kind stand together: digits follow digits.
            let again = after_vague && stretch.is_empty();
            let share = if again { share(set).max(VAGUE_AGAIN) } else { share(set) };
            probability *= of_stretch(&stretch) * share;
            stretch.clear();
            after_vague = true;
        } else {
            stretch.push(members);
        }
    }
    1024.0 * probability * of_stretch(&stretch)
}

/// The probability of bytes in a row, one of some at each place.
fn of_stretch(members: &[Vec<u8>]) -> f64 {
    if members.len() < 3 {
        // Neighbours go together more often than chance has it.
        return members
            .iter()
            .map(|m| m.iter().map(|b| single(*b)).sum::<f64>())
            .reduce(|a, b| (4.0 * a * b).min(a).min(b))
            .unwrap_or(1.0);
    }
    // The probability that what was read so far ends with these three bytes.
    let mut contexts: Vec<([u8; 3], f64)> = Vec::new();
    for &a in &members[0] {
        for &b in &members[1] {
            contexts.extend(members[2].iter().map(|&c| ([a, b, c], triple([a, b, c]))));
        }
    }
    for next in &members[3..] {
        if contexts.len() * next.len() > MAX_CONTEXTS {
            let most = next.iter().map(|b| single(*b)).sum::<f64>();
            return contexts.iter().map(|c| c.1).sum::<f64>() * most.min(1.0);
        }
        contexts = contexts
            .iter()
            .flat_map(|&([a, b, c], before)| {
                next.iter().map(move |&d| {
                    let follows = (quad([a, b, c, d]) / triple([a, b, c])).min(1.0);
                    ([b, c, d], before * follows)
                })
            })
            .collect();
    }
    contexts.iter().map(|c| c.1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> f64 {
        let both = |b: u8| ByteSet::of(&[b.to_ascii_lowercase(), b.to_ascii_uppercase()]);
        per_kib(&text.bytes().map(both).collect::<Vec<_>>())
    }

    #[test]
    fn common_words_are_commoner_than_rare_ones() {
        assert!(rate("the ") > 10.0 * rate("curl"));
        assert!(rate("https://") > 10.0 * rate("password"));
        assert!(rate("function") > 10.0 * rate("exfiltra"));
        assert!(rate("zqxj") < 0.01);
    }

    #[test]
    fn a_longer_anchor_is_never_commoner() {
        for word in ["instructions", "password", "http://169.254"] {
            let mut last = f64::INFINITY;
            for length in 3..=word.len() {
                let now = rate(&word[..length]);
                assert!(now <= last * 1.001, "{word} at {length}: {now} after {last}");
                last = now;
            }
        }
    }
}
