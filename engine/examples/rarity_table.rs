//! Makes `engine/src/anchor/rarity.bin` from a folder of ordinary text.
//!
//! ```text
//! cargo run --release -p hypersieve --example rarity_table -- FOLDER engine/src/anchor/rarity.bin
//! ```
//!
//! Every file below FOLDER is read as bytes. Each kind of text should be there in about the share that it has of real
//! traffic; the table that is committed was made from the first 1 MB of each kind of harmless traffic at hand.

use std::path::{Path, PathBuf};

#[allow(dead_code, reason = "the filter uses the rest")]
#[path = "../src/anchor/hash.rs"]
mod hash;

const TRIPLES: usize = 1 << 16;
const QUADS: usize = 1 << 18;
const WORDS: usize = 1 << 17;
const PAIRS: usize = 1 << 18;

/// How often each byte and each hashed group of bytes was seen.
struct Counts {
    bytes: Vec<u64>,
    triples: Vec<u64>,
    quads: Vec<u64>,
    words: Vec<u64>,
    pairs: Vec<u64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, output] = arguments.as_slice() else {
        return Err("usage: rarity_table FOLDER OUTPUT".into());
    };
    let mut counts = Counts {
        bytes: vec![0; 256],
        triples: vec![0; TRIPLES],
        quads: vec![0; QUADS],
        words: vec![0; WORDS],
        pairs: vec![0; PAIRS],
    };
    counts.add_folder(folder)?;
    let total = counts.bytes.iter().sum::<u64>();
    let table: Vec<u8> = [&counts.bytes, &counts.triples, &counts.quads, &counts.words, &counts.pairs]
        .into_iter()
        .flat_map(|c| quantise(c, total))
        .collect();
    std::fs::write(output, table)?;
    println!("{total} bytes of text counted into {}", output.display());
    Ok(())
}

impl Counts {
    fn add_folder(&mut self, folder: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                self.add_folder(&entry.path())?;
            } else {
                self.add(&std::fs::read(entry.path())?.to_ascii_lowercase());
            }
        }
        Ok(())
    }

    fn add(&mut self, text: &[u8]) {
        for &b in text {
            self.bytes[usize::from(b)] += 1;
        }
        for w in text.windows(3) {
            self.triples[hash::gram_place(u32::from_le_bytes([w[0], w[1], w[2], 0]), TRIPLES)] += 1;
        }
        for w in text.windows(4) {
            self.quads[hash::gram_place(u32::from_le_bytes([w[0], w[1], w[2], w[3]]), QUADS)] += 1;
        }
        let mut before = None;
        for word in text.split(|b| !b.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
            let mut bytes = [0u8; 8];
            let length = word.len().min(8);
            bytes[..length].copy_from_slice(&word[..length]);
            let key = hash::word_key(u64::from_le_bytes(bytes), word.len());
            self.words[hash::word_place(key, WORDS)] += 1;
            let long_key = hash::first_bytes(u64::from_le_bytes(bytes), length);
            self.words[hash::long_word_place(long_key, WORDS)] += 1;
            if let Some(before) = before.replace(key) {
                self.pairs[hash::pair_place(before, key, PAIRS)] += 1;
            }
        }
    }
}

/// `-8 * log2` of each share of all bytes; what was never seen counts as half an occurrence.
#[expect(clippy::cast_possible_truncation, reason = "clamped to what a byte holds")]
fn quantise(counts: &[u64], total: u64) -> impl Iterator<Item = u8> + '_ {
    counts.iter().map(move |&count| {
        let share = (count as f64).max(0.5) / total.max(1) as f64;
        (-8.0 * share.log2()).round().clamp(0.0, 255.0) as u8
    })
}
