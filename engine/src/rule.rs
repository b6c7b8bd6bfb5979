//! What a rule is before it is compiled: metadata and patterns, as a rule file or a caller states them.

use std::fmt;
use std::str::FromStr;

use crate::channel::{Channel, UnknownName};
use crate::severity::Severity;
use crate::validate::Validator;

/// A threat rule: what it looks for, where, and how grave a finding is.
///
/// Built by [`Rule::new`] and then filled in; [`DatabaseBuilder`](crate::DatabaseBuilder) checks and compiles it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Unique id, such as `PROMPT_INJECTION_001`.
    pub id: String,
    /// A short name for people.
    pub name: String,
    /// What the rule sees and what it does not.
    pub description: String,
    /// The severity on every channel that `channels` gives no other.
    pub severity: Severity,
    /// The category, such as `prompt-injection`.
    pub category: String,
    /// The set the rule belongs to: `core`, `extended` or `user`.
    pub set: String,
    /// The channels it watches, each with its severity there; empty means all channels at `severity`.
    pub channels: Vec<(Channel, Severity)>,
    /// Whether one pattern is enough or all must match near each other.
    pub matching: Matching,
    /// The patterns, at least one.
    pub patterns: Vec<Pattern>,
    /// Whether what it matches is a secret or personal data and must be masked wherever it is printed.
    pub sensitive: bool,
    /// What to do about a finding.
    pub remediation: String,
    /// Where to read more.
    pub references: Vec<String>,
    /// Other ids that configurations may use for this rule.
    pub aliases: Vec<String>,
}

impl Rule {
    /// A rule without patterns, on all channels, in the set `user`.
    pub fn new(id: impl Into<String>, category: impl Into<String>, severity: Severity) -> Rule {
        Rule {
            id: id.into(),
            name: String::new(),
            description: String::new(),
            severity,
            category: category.into(),
            set: "user".to_string(),
            channels: Vec::new(),
            matching: Matching::Any,
            patterns: Vec::new(),
            sensitive: false,
            remediation: String::new(),
            references: Vec::new(),
            aliases: Vec::new(),
        }
    }

    /// Adds a pattern.
    #[must_use]
    pub fn pattern(mut self, pattern: Pattern) -> Rule {
        self.patterns.push(pattern);
        self
    }

    /// Whether the fold reads patterns of this rule that do not read it on their own: it wants all of its patterns, and one
    /// of them reads the fold.
    pub(crate) fn is_folded_as_a_whole(&self) -> bool {
        matches!(self.matching, Matching::All { .. }) && self.patterns.iter().any(|p| p.on == On::Text)
    }

    /// The severity of a finding on `channel`, or `None` where the rule does not watch it.
    pub fn severity_on(&self, channel: Channel) -> Option<Severity> {
        if channel == Channel::Any || self.channels.is_empty() {
            return Some(self.severity);
        }
        self.channels.iter().find(|(c, _)| *c == channel).map(|(_, s)| *s)
    }
}

/// How many of a rule's patterns must match for a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Matching {
    /// Each match of each pattern is a finding.
    Any,
    /// One match of each pattern, all inside `within` bytes of one view; the finding is their hull.
    All {
        /// Longest extent of the hull in bytes of the view, 1 to 1,024.
        within: usize,
    },
}

/// One thing to look for: an expression, what it reads, and what a match must pass.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pattern {
    /// What to look for.
    pub expr: Expr,
    /// Which views it reads and whether letter case counts.
    pub on: On,
    /// Checks that the matched span must pass, all of them.
    pub validate: Vec<Validator>,
    /// Expressions of which none may match the whole matched span.
    pub unless: Vec<String>,
    /// What checks and exceptions see of a match.
    pub judged: Judged,
    /// Whether it must be fast.
    pub lane: Lane,
}

impl Pattern {
    /// A pattern that reads every view, without checks.
    pub fn new(expr: Expr) -> Pattern {
        Pattern {
            expr,
            on: On::Text,
            validate: Vec::new(),
            unless: Vec::new(),
            judged: Judged::Match,
            lane: Lane::Fast,
        }
    }

    /// A regular expression in the rules' dialect that reads every view.
    pub fn regex(expr: impl Into<String>) -> Pattern {
        Pattern::new(Expr::Regex(expr.into()))
    }

    /// Literal text that reads every view; a space in it stands for any bounded run of white space.
    pub fn literal(text: impl Into<String>) -> Pattern {
        Pattern::new(Expr::Literal(text.into()))
    }

    /// The same pattern reading other views.
    #[must_use]
    pub fn on(mut self, on: On) -> Pattern {
        self.on = on;
        self
    }

    /// Adds a check.
    #[must_use]
    pub fn validate(mut self, validator: Validator) -> Pattern {
        self.validate.push(validator);
        self
    }

    /// The same pattern whose checks and exceptions see another part of a match.
    #[must_use]
    pub fn judged(mut self, judged: Judged) -> Pattern {
        self.judged = judged;
        self
    }

    /// The same pattern in a lane.
    #[must_use]
    pub fn lane(mut self, lane: Lane) -> Pattern {
        self.lane = lane;
        self
    }

    /// Adds an exception: matches that this expression matches as a whole are dropped.
    #[must_use]
    pub fn unless(mut self, expr: impl Into<String>) -> Pattern {
        self.unless.push(expr.into());
        self
    }
}

/// What a pattern looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expr {
    /// A regular expression: `regex-syntax` without Unicode mode; `.` also matches line breaks, `^` and `$`
    /// mean lines; a space means a bounded run of white space (not in `raw` patterns).
    Regex(String),
    /// Text to be found as it is, but for spaces, which mean the same as in a regular expression.
    Literal(String),
    /// Words of each set in order, with bounded gaps between them.
    Sequence(Sequence),
    /// A run of bytes of one class.
    Run {
        /// The class.
        class: RunClass,
        /// Fewest members (digits, characters, marks).
        min: usize,
        /// Most members.
        max: usize,
    },
}

/// Word sets that must follow each other within bounded gaps.
///
/// A word that begins or ends with a letter, digit or underscore must stand at a word boundary there; `*` at the
/// end of a word lifts that at its end (`instruction*` also matches the beginning of `instructions`). A space in a
/// word means a bounded run of white space. A gap is at most `gap` bytes and holds none of the `stop` bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The sets, at least two.
    pub words: Vec<Vec<String>>,
    /// Longest gap between two neighbours in bytes.
    pub gap: usize,
    /// Bytes that a gap may not hold.
    pub stop: Vec<u8>,
}

/// A class of bytes whose runs serve as anchors where a pattern has no letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RunClass {
    /// Decimal digits with at most one space, dot or hyphen between two of them, ending at word boundaries.
    Digits,
    /// Letters, digits, `_` and `-` (the base64url alphabet), ending where a run of these ends; at least 20.
    Token,
    /// Zero-width characters in UTF-8: U+200B to U+200F, U+2060 to U+2064, U+FEFF.
    ZeroWidth,
    /// Combining marks U+0300 to U+036F in UTF-8; at least 3.
    Marks,
    /// A word of ASCII letters with a Greek or Cyrillic letter right beside one of them.
    MixedScript,
}

impl RunClass {
    /// All classes.
    pub const ALL: [RunClass; 5] =
        [RunClass::Digits, RunClass::Token, RunClass::ZeroWidth, RunClass::Marks, RunClass::MixedScript];

    /// The name used in rule files.
    pub fn name(self) -> &'static str {
        match self {
            RunClass::Digits => "digits",
            RunClass::Token => "token",
            RunClass::ZeroWidth => "zero_width",
            RunClass::Marks => "marks",
            RunClass::MixedScript => "mixed_script",
        }
    }
}

impl fmt::Display for RunClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RunClass {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<RunClass, UnknownName> {
        RunClass::ALL
            .into_iter()
            .find(|c| c.name() == name)
            .ok_or_else(|| UnknownName::new("run class", name, RunClass::ALL.map(RunClass::name)))
    }
}

/// What the checks and the exceptions of a pattern see of a match.
///
/// Groups are those of the match that a backtracking search prefers among all that start where this one does. A group
/// that took no part in it, or is empty, leaves the whole match to be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Judged {
    /// All of it.
    #[default]
    Match,
    /// What this capture group holds; the first one is 1.
    Group(u16),
    /// What the first capture group holds that holds anything.
    FirstGroup,
}

/// How fast a pattern must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lane {
    /// A pattern without a longest match or without an anchor is an error.
    #[default]
    Fast,
    /// Such a pattern is taken as it is, for rules that were written for another engine. Of the matches that begin at a
    /// place the longest of up to 512 bytes counts, and where there is no anchor every byte is tried that a match can begin
    /// with. `unless` may stand behind an open tail.
    Slow,
}

/// What a pattern reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum On {
    /// Every view, ASCII letter case ignored: words and commands.
    Text,
    /// Every view but the fold, letter case counts: tokens and keys.
    Exact,
    /// The bytes as they are, after escapes only: the rules about Unicode itself. A space is just a space.
    Raw,
}

impl On {
    /// All kinds.
    pub const ALL: [On; 3] = [On::Text, On::Exact, On::Raw];

    /// The name used in rule files.
    pub fn name(self) -> &'static str {
        match self {
            On::Text => "text",
            On::Exact => "exact",
            On::Raw => "raw",
        }
    }
}

impl FromStr for On {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<On, UnknownName> {
        On::ALL
            .into_iter()
            .find(|o| o.name() == name)
            .ok_or_else(|| UnknownName::new("value of `on`", name, On::ALL.map(On::name)))
    }
}
