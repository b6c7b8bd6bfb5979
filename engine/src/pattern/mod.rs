//! Patterns: from what a rule states to the expression that is matched.
//!
//! [`dialect`] reads the rules' regular expressions, [`sequence`] word sets with gaps, [`run`] class runs. All three
//! end as one HIR, which is what a match *means*; the anchors are derived from it, and the oracle of the tests
//! searches it with nothing clever.

pub(crate) mod dialect;
#[cfg(all(test, feature = "oracle"))]
mod merging;
pub(crate) mod run;
pub(crate) mod sequence;

use regex_syntax::hir::Hir;

use crate::error::{BuildErrorKind, PatternError};
use crate::rule::{Expr, Judged, Lane, On, Pattern, RunClass};

/// Longest match of a pattern in bytes of the view.
pub(crate) const MAX_WIDTH: usize = 512;

/// A pattern whose meaning is settled.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    /// What the pattern means.
    pub(crate) hir: Hir,
    /// Longest match in bytes. The expression itself may have longer ones in the slow lane: they are none.
    pub(crate) width: usize,
    /// The word sets, where the pattern is a sequence.
    pub(crate) sequence: Option<sequence::WordSets>,
    /// The class run that every match begins or contains, with its least length, where the pattern is a run.
    pub(crate) run: Option<(RunClass, usize)>,
    /// Exceptions, each to match a whole span.
    pub(crate) unless: Vec<Hir>,
}

impl Parsed {
    /// Whether the expression has longer matches than those that count.
    pub(crate) fn is_cut(&self) -> bool {
        self.hir.properties().maximum_len() != Some(self.width)
    }
}

/// Reads a pattern and checks that its matches are bounded and not empty.
pub(crate) fn parse(pattern: &Pattern) -> Result<Parsed, PatternError> {
    let mut sequence = None;
    let mut run = None;
    let hir = match &pattern.expr {
        Expr::Regex(text) => dialect::parse(text, pattern.on)?,
        Expr::Literal(text) => {
            if text.trim().is_empty() {
                return Err(PatternError::new(
                    BuildErrorKind::EmptyMatch,
                    "the literal is empty",
                    "write the text to be found",
                ));
            }
            dialect::parse(&dialect::escape_literal(text), pattern.on)?
        }
        Expr::Sequence(words) => {
            let sets = sequence::WordSets::new(words, pattern.on)?;
            let hir = dialect::parse(&sets.to_regex(), pattern.on)?;
            sequence = Some(sets);
            hir
        }
        Expr::Run { class, min, max } => {
            let lowered = run::lower(*class, *min, *max)?;
            run = lowered.anchor;
            dialect::parse(&lowered.regex, On::Raw)?
        }
    };
    let width = check_width(&hir, pattern.lane)?;
    check_judged(&hir, pattern.judged)?;
    let mut unless = Vec::new();
    for text in &pattern.unless {
        if pattern.lane == Lane::Fast && dialect::has_open_tail(&hir) {
            return Err(PatternError::new(
                BuildErrorKind::OpenTail,
                "the pattern ends in an open repetition, so whoever writes the text decides whether `unless` holds",
                "end the pattern with something definite, or drop `unless`",
            ));
        }
        unless.push(dialect::parse(text, pattern.on)?);
    }
    Ok(Parsed { hir, width, sequence, run, unless })
}

fn check_width(hir: &Hir, lane: Lane) -> Result<usize, PatternError> {
    let properties = hir.properties();
    let least = properties.minimum_len().unwrap_or(0);
    if least == 0 {
        return Err(PatternError::new(
            BuildErrorKind::EmptyMatch,
            "the pattern can match nothing at all",
            "make at least one part of it mandatory",
        ));
    }
    if lane == Lane::Slow {
        if least > MAX_WIDTH {
            return Err(PatternError::new(
                BuildErrorKind::TooWide,
                format!(
                    "every match is at least {least} bytes long, and none of more than {MAX_WIDTH} is reported"
                ),
                "look for a shorter part of it",
            ));
        }
        return Ok(properties.maximum_len().map_or(MAX_WIDTH, |width| width.min(MAX_WIDTH)));
    }
    let Some(width) = properties.maximum_len() else {
        return Err(PatternError::new(
            BuildErrorKind::Unbounded,
            "a match of this pattern has no longest length",
            "give every repetition an upper bound: `.{0,80}` instead of `.*`, `\\s{1,8}` instead of `\\s+`",
        ));
    };
    if width > MAX_WIDTH {
        return Err(PatternError::new(
            BuildErrorKind::TooWide,
            format!("a match can be {width} bytes long, more than the {MAX_WIDTH} allowed"),
            "lower the upper bounds of its repetitions and gaps (a space counts 17 bytes)",
        ));
    }
    Ok(width)
}

fn check_judged(hir: &Hir, judged: Judged) -> Result<(), PatternError> {
    let there = hir.properties().explicit_captures_len();
    let wanted = match judged {
        Judged::Match => return Ok(()),
        Judged::Group(group) => usize::from(group),
        Judged::FirstGroup => 1,
    };
    if (1..=there).contains(&wanted) {
        return Ok(());
    }
    Err(PatternError::new(
        BuildErrorKind::InvalidRule,
        format!("checks are to see the capture group {wanted}, and the pattern has {there}"),
        "put what they are to see into parentheses, and count those from 1",
    ))
}
