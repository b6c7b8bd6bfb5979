//! Which word comes next: the first word of what follows in a concatenation.

use crate::anchor::extract::Part;
use crate::anchor::extract::text::{Behind, Text};

/// What follows a place in an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Follow {
    /// Whether it certainly begins with something other than a letter or digit.
    pub(super) edge: bool,
    /// If a word ends there: the keys of the next one.
    pub(super) keys: Option<Vec<u64>>,
    /// The most bytes before that word.
    pub(super) within: usize,
}

/// Most strings that are followed at once until their first word is known.
const MAX_STRINGS: usize = 256;

/// Most keys.
const MAX_KEYS: usize = 160;

impl Follow {
    /// What the parts of a concatenation begin with.
    pub(super) fn of<'a>(parts: impl Iterator<Item = &'a Part>) -> Follow {
        Follow::known(parts).unwrap_or_default()
    }

    fn known<'a>(parts: impl Iterator<Item = &'a Part>) -> Option<Follow> {
        let mut follow = Follow { edge: true, keys: None, within: 0 };
        let mut keys: Vec<u64> = Vec::new();
        // Of these the first word is not known yet.
        let mut open = vec![Text::default()];
        for part in parts {
            let strings = part.exact.as_ref().unwrap_or(&part.prefixes);
            if strings.is_empty() || open.len() * strings.len() > MAX_STRINGS {
                return None;
            }
            let longer: Vec<Text> =
                open.iter().flat_map(|o| strings.iter().map(move |s| o.then(s))).collect();
            open.clear();
            for text in longer {
                match text.word_behind(0) {
                    Behind::Keys { keys: of_word, within } => {
                        follow.within = follow.within.max(within);
                        follow.edge &= text.begins_with_edge();
                        keys.extend(of_word);
                    }
                    Behind::Beyond if part.exact.is_some() => open.push(text),
                    Behind::Beyond | Behind::Unknown => return None,
                }
            }
            keys.sort_unstable();
            keys.dedup();
            if keys.len() > MAX_KEYS {
                return None;
            }
            if open.is_empty() {
                follow.keys = Some(keys);
                return Some(follow);
            }
        }
        None
    }
}
