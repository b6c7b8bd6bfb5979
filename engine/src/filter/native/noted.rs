//! Positions of a section of the text, noted block by block and looked at later.
//!
//! PERF: a loop over the set bits of one mask ends at a place that nothing predicts, which costs more than what is done
//! there. Here every block puts down as many positions as most blocks have, and counts those that are right; and so does
//! every step that leaves fewer of them.

use crate::filter::runs::BLOCK;

/// Positions in a section, in order; at most so many.
///
/// The room for them goes on behind the last one by a block.
#[derive(Clone, Debug)]
pub(crate) struct Noted<const ROOM: usize> {
    positions: [u16; ROOM],
    count: usize,
}

impl<const ROOM: usize> Default for Noted<ROOM> {
    fn default() -> Noted<ROOM> {
        Noted { positions: [0; ROOM], count: 0 }
    }
}

impl<const ROOM: usize> Noted<ROOM> {
    /// Begins a section.
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Notes the set bits of the block at `at`; few blocks should have more than `AT_ONCE`.
    #[inline(always)]
    pub(super) fn block<const AT_ONCE: usize>(&mut self, at: usize, mut mask: u64) {
        let count = mask.count_ones() as usize;
        let places = &mut self.positions[self.count..self.count + BLOCK];
        let mut next = |place: &mut u16| {
            #[expect(clippy::cast_possible_truncation, reason = "below the length of a section")]
            let position = (at + mask.trailing_zeros() as usize) as u16;
            *place = position;
            mask &= mask.wrapping_sub(1);
        };
        places[..AT_ONCE].iter_mut().for_each(&mut next);
        if count > AT_ONCE {
            places[AT_ONCE..count].iter_mut().for_each(&mut next);
        }
        self.count += count;
    }

    /// Keeps the positions for which the answer is 1, not 0.
    #[inline(always)]
    pub(super) fn narrow(&mut self, keep: impl Fn(u16) -> usize) {
        let mut count = 0;
        for i in 0..self.count {
            let position = self.positions[i];
            self.positions[count] = position;
            count += keep(position);
        }
        self.count = count;
    }

    #[inline(always)]
    pub(super) fn positions(&self) -> &[u16] {
        &self.positions[..self.count]
    }
}
