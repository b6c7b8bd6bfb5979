//! Which patterns each anchor belongs to.

/// For each anchor the patterns that it belongs to, in order.
#[derive(Debug)]
pub(crate) struct Owners {
    /// `patterns[starts[a]..starts[a + 1]]` are those of anchor a.
    starts: Box<[u32]>,
    patterns: Box<[u32]>,
}

impl Owners {
    /// Takes the anchors of each pattern, of which there are so many; an anchor may be named more than once.
    pub(crate) fn new<'a>(
        anchors: usize,
        of_patterns: impl Iterator<Item = impl Iterator<Item = u32> + 'a> + Clone,
    ) -> Owners {
        let mut starts = vec![0u32; anchors + 1];
        let mut last = vec![u32::MAX; anchors];
        each(of_patterns.clone(), &mut last, |anchor, _| starts[anchor + 1] += 1);
        for anchor in 0..anchors {
            starts[anchor + 1] += starts[anchor];
        }
        let mut patterns = vec![0; starts[anchors] as usize];
        let mut next = starts.clone();
        last.fill(u32::MAX);
        each(of_patterns, &mut last, |anchor, pattern| {
            patterns[next[anchor] as usize] = pattern;
            next[anchor] += 1;
        });
        Owners { starts: starts.into(), patterns: patterns.into() }
    }

    /// How many anchors there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The patterns of an anchor.
    #[inline]
    pub(crate) fn of(&self, anchor: u32) -> &[u32] {
        let anchor = anchor as usize;
        &self.patterns[self.starts[anchor] as usize..self.starts[anchor + 1] as usize]
    }
}

/// Calls for every anchor of every pattern, but only once for the two; `last` starts with no pattern.
fn each(
    of_patterns: impl Iterator<Item = impl Iterator<Item = u32>>,
    last: &mut [u32],
    mut found: impl FnMut(usize, u32),
) {
    for (pattern, anchors) in (0u32..).zip(of_patterns) {
        for anchor in anchors {
            let anchor = anchor as usize;
            if last[anchor] != pattern {
                last[anchor] = pattern;
                found(anchor, pattern);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_anchor_has_its_patterns_once() {
        let of_patterns: [&[u32]; 3] = [&[2, 0, 2], &[], &[2]];
        let owners = Owners::new(4, of_patterns.iter().map(|anchors| anchors.iter().copied()));
        assert_eq!(owners.len(), 4);
        let all: Vec<&[u32]> = (0..4).map(|a| owners.of(a)).collect();
        assert_eq!(all, [&[0][..], &[], &[0, 2], &[]]);
    }
}
