//! Errors of building a database, of a policy, and of a scan.

use std::fmt;
use std::ops::Range;

use crate::filter::FilterError;

/// Why a set of rules could not be compiled: which rule, which pattern, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    rule: Option<String>,
    pattern: Option<usize>,
    inner: PatternError,
}

/// The kinds of [`BuildError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildErrorKind {
    /// The database would hold no rule, and so call everything clean.
    NoRules,
    /// Two rules share an id or an alias.
    DuplicateId,
    /// A rule or a pattern is put together wrongly.
    InvalidRule,
    /// An expression is not in the dialect.
    Syntax,
    /// An expression looks at the edge of the input or around itself.
    Lookaround,
    /// A pattern can match nothing at all.
    EmptyMatch,
    /// A match has no longest length.
    Unbounded,
    /// A match can be longer than allowed.
    TooWide,
    /// `unless` on a pattern whose end is open.
    OpenTail,
    /// No literal and no class run is contained in every match.
    NoAnchor,
    /// The chosen filter can't take the rules, or does not run on this machine.
    Filter,
}

/// What is wrong with one pattern, before it is known which rule it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatternError {
    pub(crate) kind: BuildErrorKind,
    pub(crate) message: String,
    pub(crate) help: String,
    pub(crate) span: Option<Range<usize>>,
}

impl PatternError {
    pub(crate) fn new(
        kind: BuildErrorKind,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> PatternError {
        PatternError { kind, message: message.into(), help: help.into(), span: None }
    }
}

impl BuildError {
    pub(crate) fn new(
        kind: BuildErrorKind,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> BuildError {
        BuildError { rule: None, pattern: None, inner: PatternError::new(kind, message, help) }
    }

    pub(crate) fn in_rule(mut self, id: &str) -> BuildError {
        self.rule = Some(id.to_string());
        self
    }

    pub(crate) fn in_pattern(id: &str, pattern: usize, inner: PatternError) -> BuildError {
        BuildError { rule: Some(id.to_string()), pattern: Some(pattern), inner }
    }

    /// The id of the rule at fault.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// The index of the pattern at fault within its rule.
    pub fn pattern(&self) -> Option<usize> {
        self.pattern
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> BuildErrorKind {
        self.inner.kind
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// What to do about it.
    pub fn help(&self) -> &str {
        &self.inner.help
    }

    /// The bytes at fault within the pattern's text, where they are known.
    pub fn span(&self) -> Option<Range<usize>> {
        self.inner.span.clone()
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rule) = &self.rule {
            write!(f, "rule {rule}")?;
            if let Some(pattern) = self.pattern {
                write!(f, ", pattern {}", pattern + 1)?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{} ({})", self.inner.message, self.inner.help)
    }
}

impl std::error::Error for BuildError {}

/// Why bytes could not be loaded as a database, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    kind: LoadErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum LoadErrorKind {
    Foreign,
    Version { found: u32, known: u32 },
    Cut,
    Damaged,
    Malformed(&'static str),
    TooLarge,
    Filter(FilterError),
    Rules(BuildError),
}

impl LoadError {
    /// The bytes are something else.
    pub(crate) fn foreign() -> LoadError {
        LoadError { kind: LoadErrorKind::Foreign }
    }

    /// The bytes were written by a version with another format.
    pub(crate) fn version(found: u32, known: u32) -> LoadError {
        LoadError { kind: LoadErrorKind::Version { found, known } }
    }

    /// The end is missing.
    pub(crate) fn cut() -> LoadError {
        LoadError { kind: LoadErrorKind::Cut }
    }

    /// The checksum is not that of the bytes.
    pub(crate) fn damaged() -> LoadError {
        LoadError { kind: LoadErrorKind::Damaged }
    }

    /// The checksum is right, and what the bytes say is not.
    pub(crate) fn malformed(what: &'static str) -> LoadError {
        LoadError { kind: LoadErrorKind::Malformed(what) }
    }

    /// The chosen filter would need too much memory.
    pub(crate) fn too_large() -> LoadError {
        LoadError { kind: LoadErrorKind::TooLarge }
    }

    /// The chosen filter can't be made.
    pub(crate) fn filter(error: FilterError) -> LoadError {
        LoadError { kind: LoadErrorKind::Filter(error) }
    }
}

impl From<BuildError> for LoadError {
    fn from(error: BuildError) -> LoadError {
        LoadError { kind: LoadErrorKind::Rules(error) }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LoadErrorKind::Foreign => {
                write!(f, "these bytes are no database: give those that `Database::to_bytes` wrote")
            }
            LoadErrorKind::Version { found, known } => write!(
                f,
                "the database has format {found}, and this version reads format {known}: write it again from its rules"
            ),
            LoadErrorKind::Cut => {
                write!(
                    f,
                    "the end of the database is missing: copy it again, or write it again from its rules"
                )
            }
            LoadErrorKind::Damaged => {
                write!(f, "the database is damaged: copy it again, or write it again from its rules")
            }
            LoadErrorKind::Malformed(what) => write!(
                f,
                "the database contradicts itself, {what}: it was not written by this program, write it from its rules"
            ),
            LoadErrorKind::TooLarge => {
                write!(f, "the database is too large for the chosen filter: use the native filter")
            }
            LoadErrorKind::Filter(error) => {
                write!(f, "the chosen filter can't be used ({error}): use the native filter")
            }
            LoadErrorKind::Rules(error) => {
                write!(f, "the rules in the database can't be used: {error}")
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// A policy names a rule or a category that the database does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    pub(crate) message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PolicyError {}

/// A scan that could not be carried out. It has no verdict, and whoever sees it must treat the text as blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanError {
    kind: ScanErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScanErrorKind {
    ForeignCache,
    Poisoned,
    InvalidDatabase,
    Filter(FilterError),
}

impl ScanError {
    pub(crate) fn new(kind: ScanErrorKind) -> ScanError {
        ScanError { kind }
    }
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.kind {
            ScanErrorKind::Filter(error) => {
                return write!(f, "the filter could not scan ({error}): treat the text as blocked, and free memory");
            }
            ScanErrorKind::ForeignCache => {
                "the cache was made for another database: make one with `Scanner::create_cache` of this scanner"
            }
            ScanErrorKind::InvalidDatabase => {
                "the database holds a pattern that is none: build it again from its rules"
            }
            ScanErrorKind::Poisoned => "an earlier call on this stream failed: treat what it carried as blocked",
        })
    }
}

impl std::error::Error for ScanError {}
