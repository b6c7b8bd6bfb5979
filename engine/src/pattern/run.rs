//! Class runs as expressions, with the anchor that finds them.

use crate::error::{BuildErrorKind, PatternError};
use crate::rule::RunClass;

/// A class run as the expression it means.
pub(crate) struct Lowered {
    pub(crate) regex: String,
    /// The class whose runs of at least this length the filter reports; `None` where the expression has literals
    /// of its own to anchor on.
    pub(crate) anchor: Option<(RunClass, usize)>,
}

/// Longest run that a class anchor asks for: a filter re-reads this much at a chunk's edge.
const MAX_ANCHOR_RUN: usize = 24;

/// One Greek or Cyrillic letter in UTF-8 (the blocks U+0380 to U+03FF and U+0400 to U+047F).
const GREEK_OR_CYRILLIC: &str = r"[\xCE-\xD1][\x80-\xBF]";

pub(crate) fn lower(class: RunClass, min: usize, max: usize) -> Result<Lowered, PatternError> {
    let least = match class {
        RunClass::Digits => 5,
        RunClass::Token => 20,
        RunClass::ZeroWidth => 1,
        RunClass::Marks => 3,
        RunClass::MixedScript => 2,
    };
    if min < least || max < min {
        return Err(PatternError::new(
            BuildErrorKind::InvalidRule,
            format!("a run of `{class}` from {min} to {max} is not possible"),
            format!("`min` must be at least {least} for this class, and `max` not less than `min`"),
        ));
    }
    let (min_rest, max_rest) = (min - 1, max - 1);
    Ok(match class {
        RunClass::Digits => Lowered {
            regex: format!(r"\b[0-9](?:[ .\-]?[0-9]){{{min_rest},{max_rest}}}\b"),
            anchor: Some((class, min.min(MAX_ANCHOR_RUN))),
        },
        RunClass::Token => Lowered {
            regex: format!(r"\b[A-Za-z0-9_\-]{{{min},{max}}}"),
            anchor: Some((class, min.min(MAX_ANCHOR_RUN))),
        },
        RunClass::ZeroWidth => Lowered {
            regex: format!(r"(?:\xE2\x80[\x8B-\x8F]|\xE2\x81[\xA0-\xA4]|\xEF\xBB\xBF){{{min},{max}}}"),
            anchor: None,
        },
        RunClass::Marks => Lowered {
            regex: format!(r"(?:\xCC[\x80-\xBF]|\xCD[\x80-\xAF]){{{min},{max}}}"),
            // The first bytes of three marks, two bytes apart.
            anchor: Some((class, 5)),
        },
        RunClass::MixedScript => {
            let around = max - 2;
            let letter = format!("(?:[A-Za-z]|{GREEK_OR_CYRILLIC})");
            Lowered {
                regex: format!(
                    "{letter}{{0,{around}}}(?:[A-Za-z]{GREEK_OR_CYRILLIC}|{GREEK_OR_CYRILLIC}[A-Za-z]){letter}{{0,{around}}}"
                ),
                // A letter of one script and the two bytes of the other's.
                anchor: Some((class, 3)),
            }
        }
    })
}
