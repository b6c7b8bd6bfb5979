//! A hash table that is made once: entries in buckets by the upper bits of their hash.

/// Entries by hash.
#[derive(Debug)]
pub(super) struct Buckets<T> {
    /// How far a hash is shifted to give a bucket.
    shift: u32,
    /// `entries[starts[b]..starts[b + 1]]` are the entries of bucket b.
    starts: Box<[u32]>,
    /// Each with those bits of its hash that the bucket does not tell.
    entries: Box<[(u32, T)]>,
}

impl<T: Copy + Default> Buckets<T> {
    /// Takes the entries with their hashes; those of one hash stay in their order.
    pub(super) fn new(entries: &[(u64, T)]) -> Buckets<T> {
        let bits = entries.len().next_power_of_two().trailing_zeros().clamp(8, 24);
        let shift = 64 - bits;
        let mut starts = vec![0u32; (1 << bits) + 1];
        for (hash, _) in entries {
            starts[upper(*hash, shift) + 1] += 1;
        }
        for b in 1..starts.len() {
            starts[b] += starts[b - 1];
        }
        let mut next = starts.clone();
        let mut sorted = vec![(0, T::default()); entries.len()];
        for &(hash, entry) in entries {
            let place = &mut next[upper(hash, shift)];
            sorted[*place as usize] = (tag(hash), entry);
            *place += 1;
        }
        Buckets { shift, starts: starts.into(), entries: sorted.into() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries with this hash, and hardly ever another one.
    #[inline]
    pub(super) fn of(&self, hash: u64) -> impl Iterator<Item = T> {
        let b = upper(hash, self.shift);
        let tag = tag(hash);
        self.entries[self.starts[b] as usize..self.starts[b + 1] as usize]
            .iter()
            .filter(move |entry| entry.0 == tag)
            .map(|entry| entry.1)
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.entries)
    }
}

/// The upper bits of a hash: its place in a table of the size that the shift was made for.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what is left of the shift is an index")]
pub(super) fn upper(hash: u64, shift: u32) -> usize {
    (hash >> shift) as usize
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the middle of the hash")]
fn tag(hash: u64) -> u32 {
    (hash >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::hash::of_word;

    #[test]
    fn every_entry_is_found_by_its_hash_in_order() {
        let entries: Vec<(u64, u32)> = (0..1000u32).map(|i| (of_word(u64::from(i % 300)), i)).collect();
        let buckets = Buckets::new(&entries);
        for key in 0..300u32 {
            let found: Vec<u32> = buckets.of(of_word(key.into())).collect();
            let expected: Vec<u32> = (0..1000).filter(|i| i % 300 == key).collect();
            assert_eq!(found, expected);
        }
        assert_eq!(buckets.of(of_word(5000)).count(), 0);
    }
}
