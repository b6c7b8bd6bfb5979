//! A checksum that reads eight bytes at a time: against accidents, not against forgers.

/// The fractional digits of pi, as odd numbers where they multiply.
const SEEDS: [u64; LANES] =
    [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89];
const MULTIPLIER: u64 = 0x4528_21e6_38d0_1377;

const LANES: usize = 4;
const BLOCK: usize = 8 * LANES;

/// The checksum of some bytes. Bytes that differ in one word of eight never share it.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    // PERF: four lanes, because each multiplication waits for the one before it.
    let mut lanes = SEEDS;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for block in blocks {
        take(&mut lanes, block);
    }
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    take(&mut lanes, &last);
    // The length tells the padding from zeros that are there.
    let sum = lanes.into_iter().fold(bytes.len() as u64, mix);
    (sum ^ sum >> 32).wrapping_mul(MULTIPLIER) ^ sum >> 29
}

fn take(lanes: &mut [u64; LANES], block: &[u8; BLOCK]) {
    let (words, _) = block.as_chunks::<8>();
    for (lane, word) in lanes.iter_mut().zip(words) {
        *lane = mix(*lane, u64::from_le_bytes(*word));
    }
}

/// One to one in either argument, so that a difference never vanishes by itself.
fn mix(state: u64, word: u64) -> u64 {
    (state ^ word).wrapping_mul(MULTIPLIER).rotate_left(29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_and_every_length_gives_another_sum() {
        for length in 0..100 {
            let bytes: Vec<u8> = (0..length).collect();
            let sum = checksum(&bytes);
            for at in 0..bytes.len() {
                for change in 1..=255 {
                    let mut other = bytes.clone();
                    other[at] ^= change;
                    assert_ne!(checksum(&other), sum, "{length} bytes, changed at {at}");
                }
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert_ne!(checksum(&longer), sum, "{length} bytes and a zero");
        }
    }

    /// The sum is part of the format: another one makes every database that is stored unreadable.
    #[test]
    fn the_sum_stays_what_it_is() {
        assert_eq!(checksum(b"Hypersieve"), 0x1e3f_a1f7_d43d_cdc0);
    }
}
