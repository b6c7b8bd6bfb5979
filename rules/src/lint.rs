//! The lint: everything that can be wrong with rule files, at once.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Colour, Diagnostic};
use crate::schema::{Draft, RuleDoc};
use crate::source::Source;
use crate::{compile, duplicates, load, parse};

/// What a lint found.
#[derive(Clone, Debug)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    rules: Vec<RuleDoc>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Each mistake, in the order of files and lines.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// All messages with the lines they are about.
    pub fn render(&self, colour: Colour) -> String {
        Diagnostic::render_all(&self.diagnostics, colour)
    }

    /// The rules whose files state them without a mistake; their patterns and examples may have some.
    pub fn rules(&self) -> &[RuleDoc] {
        &self.rules
    }
}

/// Checks rule files and folders of them: that they can be read, that names are unique over all of them, that each
/// pattern compiles, and that every example holds with every filter.
pub fn lint<P: AsRef<Path>>(paths: &[P]) -> Report {
    let mut diagnostics = Vec::new();
    let drafts = load::load_drafts(paths, &mut diagnostics);
    finish(drafts, diagnostics)
}

/// Checks the rules of a YAML text; `name` is the file name that messages show.
pub fn lint_str(name: &str, yaml: &str) -> Report {
    let mut diagnostics = Vec::new();
    let drafts = parse::drafts(&Arc::new(Source::new(name, yaml)), &mut diagnostics);
    finish(drafts, diagnostics)
}

fn finish(drafts: Vec<Draft>, mut diagnostics: Vec<Diagnostic>) -> Report {
    duplicates::find(&drafts, &mut diagnostics);
    let rules: Vec<RuleDoc> = drafts.into_iter().filter(|d| d.complete).map(|d| d.doc).collect();
    for rule in &rules {
        compile::check(rule, &mut diagnostics);
    }
    Diagnostic::sort(&mut diagnostics);
    Report { diagnostics, rules }
}
