//! Makes `engine/src/anchor/rarity.bin` from a folder of ordinary text.
//!
//! ```text
//! cargo run --release -p hypersieve --example rarity_table -- FOLDER engine/src/anchor/rarity.bin
//! ```
//!
//! Every file below FOLDER is read as bytes. Each kind of text should be there in about the share that it has of real
//! traffic; the table that is committed was made from the first 1 MB of each kind of harmless traffic at hand.

use std::path::{Path, PathBuf};

const SYMBOLS: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, output] = arguments.as_slice() else {
        return Err("usage: rarity_table FOLDER OUTPUT".into());
    };
    let mut triples = vec![0u64; SYMBOLS * SYMBOLS * SYMBOLS];
    let mut bytes = [0u64; 256];
    count_folder(folder, &mut triples, &mut bytes)?;
    let table: Vec<u8> = quantise(&triples).chain(quantise(&bytes)).collect();
    std::fs::write(output, table)?;
    println!("{} bytes of text counted into {}", bytes.iter().sum::<u64>(), output.display());
    Ok(())
}

fn count_folder(folder: &Path, triples: &mut [u64], bytes: &mut [u64; 256]) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            count_folder(&entry.path(), triples, bytes)?;
            continue;
        }
        let text = std::fs::read(entry.path())?;
        for &b in &text {
            bytes[usize::from(b)] += 1;
        }
        for window in text.windows(3) {
            let [a, b, c] = [symbol(window[0]), symbol(window[1]), symbol(window[2])];
            triples[(a * SYMBOLS + b) * SYMBOLS + c] += 1;
        }
    }
    Ok(())
}

/// `-8 * log2` of each share; what was never seen counts as half an occurrence.
fn quantise(counts: &[u64]) -> impl Iterator<Item = u8> + '_ {
    let total = counts.iter().sum::<u64>() as f64;
    counts.iter().map(move |&count| {
        let share = (count as f64).max(0.5) / total.max(1.0);
        (-8.0 * share.log2()).round().clamp(0.0, 255.0) as u8
    })
}

/// As `anchor::rarity` maps bytes; the two must stay the same.
fn symbol(byte: u8) -> usize {
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
