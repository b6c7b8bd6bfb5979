//! What is wrong in a rule file, where, and what to do: messages in the manner of `rustc`.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, Severity, SourceSpan, SpanContents,
};

use crate::source::Source;

/// One mistake in a rule file.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    kind: DiagnosticKind,
    message: String,
    rule: Option<String>,
    place: Option<Place>,
    /// A second place that the first one clashes with.
    related: Option<Place>,
    help: String,
    severity: Severity,
}

#[derive(Clone, Debug)]
struct Place {
    source: Arc<Source>,
    span: Range<usize>,
    label: String,
}

/// The kinds of [`Diagnostic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiagnosticKind {
    /// A file or a folder cannot be read.
    File,
    /// The YAML is not valid, or uses what rule files do not.
    Yaml,
    /// The TOML is not valid.
    Toml,
    /// A key that the schema does not know.
    UnknownKey,
    /// A key that the schema wants is not there.
    MissingKey,
    /// A value of the wrong type, or a name that stands for nothing.
    Value,
    /// A key, an id or an alias that is there twice.
    Duplicate,
    /// An example that is there twice.
    Examples,
    /// Too few examples: the rule can be used all the same.
    FewExamples,
    /// A pattern that cannot be compiled.
    Pattern,
    /// An example that does not hold.
    ExampleFails,
    /// A rule that was written for another program wants what can't be done here.
    Unsupported,
    /// A warning: it means here what it does not mean there.
    Differs,
    /// A warning: a pattern that costs more than others.
    Slow,
}

impl DiagnosticKind {
    /// The code that messages show.
    pub fn code(self) -> &'static str {
        match self {
            DiagnosticKind::File => "rules::file",
            DiagnosticKind::Yaml => "rules::yaml",
            DiagnosticKind::UnknownKey => "rules::unknown-key",
            DiagnosticKind::MissingKey => "rules::missing-key",
            DiagnosticKind::Value => "rules::value",
            DiagnosticKind::Duplicate => "rules::duplicate",
            DiagnosticKind::Examples | DiagnosticKind::FewExamples => "rules::examples",
            DiagnosticKind::Toml => "rules::toml",
            DiagnosticKind::Unsupported => "rules::unsupported",
            DiagnosticKind::Differs => "rules::differs",
            DiagnosticKind::Slow => "rules::slow",
            DiagnosticKind::Pattern => "rules::pattern",
            DiagnosticKind::ExampleFails => "rules::example-fails",
        }
    }
}

/// Whether a rendered message holds colours for a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// ANSI colours.
    Always,
}

impl Diagnostic {
    pub(crate) fn new(kind: DiagnosticKind, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            kind,
            message: message.into(),
            rule: None,
            place: None,
            related: None,
            help: String::new(),
            severity: Severity::Error,
        }
    }

    /// What is no mistake, but good to know.
    pub(crate) fn warning(kind: DiagnosticKind, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::new(kind, message) }
    }

    pub(crate) fn at(
        mut self,
        source: &Arc<Source>,
        span: Range<usize>,
        label: impl Into<String>,
    ) -> Diagnostic {
        self.place = Some(Place { source: Arc::clone(source), span, label: label.into() });
        self
    }

    pub(crate) fn related(
        mut self,
        source: &Arc<Source>,
        span: Range<usize>,
        label: impl Into<String>,
    ) -> Diagnostic {
        self.related = Some(Place { source: Arc::clone(source), span, label: label.into() });
        self
    }

    pub(crate) fn in_rule(mut self, id: Option<&str>) -> Diagnostic {
        self.rule = id.map(str::to_string);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = help.into();
        self
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> DiagnosticKind {
        self.kind
    }

    /// The rule in which it is, where that is known.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn what_to_do(&self) -> &str {
        &self.help
    }

    /// All messages with the lines they are about, an empty line between two.
    pub(crate) fn render_all(diagnostics: &[Diagnostic], colour: Colour) -> String {
        let rendered: Vec<String> = diagnostics.iter().map(|d| d.render(colour)).collect();
        rendered.join("\n")
    }

    /// Sorts by file and place; what has no place comes first.
    pub(crate) fn sort(diagnostics: &mut [Diagnostic]) {
        let key = |d: &Diagnostic| d.place.as_ref().map(|p| (p.source.name().to_string(), p.span.start));
        diagnostics.sort_by_cached_key(key);
    }

    /// The file's name and the line, from 1.
    pub fn place(&self) -> Option<(&str, usize)> {
        self.place.as_ref().map(|p| (p.source.name(), p.source.line(p.span.start)))
    }

    /// The message with the lines it is about.
    pub fn render(&self, colour: Colour) -> String {
        let theme = match colour {
            Colour::Never => GraphicalTheme::unicode_nocolor(),
            Colour::Always => GraphicalTheme::unicode(),
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_links(false);
        let mut text = String::new();
        if handler.render_report(&mut text, self).is_err() {
            // Only a span outside of its file can do this; the message itself still helps.
            text = format!("{self} ({})\n", self.help);
        }
        text
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rule) = &self.rule {
            write!(f, "{rule}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.kind.code()))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.place.as_ref().map(|p| &*p.source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        // A place in another file cannot be shown beside this one; the message names it.
        let second = self.related.as_ref().filter(|r| Arc::ptr_eq(&r.source, &place.source));
        let labels = std::iter::once(place).chain(second).enumerate().map(|(i, p)| {
            let span = SourceSpan::from(p.span.clone());
            if i == 0 {
                LabeledSpan::new_primary_with_span(Some(p.label.clone()), span)
            } else {
                LabeledSpan::new_with_span(Some(p.label.clone()), span)
            }
        });
        Some(Box::new(labels))
    }
}

impl miette::SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text().read_span(span, before, after)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.name().to_string(),
            contents.data(),
            *contents.span(),
            contents.line(),
            contents.column(),
            contents.line_count(),
        )))
    }
}
