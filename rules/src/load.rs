//! Rule files from memory, from files and from folders.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Colour, Diagnostic, DiagnosticKind};
use crate::foreign::{self, Format};
use crate::parse;
use crate::schema::{Draft, RuleDoc};
use crate::source::Source;

/// Everything that is wrong with the rule files that were to be read; at least one thing is.
#[derive(Clone, Debug)]
pub struct LoadError {
    diagnostics: Vec<Diagnostic>,
}

impl LoadError {
    /// Each mistake, in the order of files and lines.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// All messages with the lines they are about.
    pub fn render(&self, colour: Colour) -> String {
        Diagnostic::render_all(&self.diagnostics, colour)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Colour::Never))
    }
}

impl std::error::Error for LoadError {}

/// The rules that can be used, and what is wrong with all else.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// Rules without a mistake.
    pub rules: Vec<RuleDoc>,
    /// Each mistake, in the order of files and lines; the rules that they are in are left out.
    pub left_out: Vec<Diagnostic>,
}

/// Reads files and folders as [`load`] does, and leaves out each rule with a mistake, and what can't be compiled.
pub fn load_what_can_be<P: AsRef<Path>>(paths: &[P]) -> Loaded {
    let mut left_out = Vec::new();
    let drafts = load_drafts(paths, &mut left_out);
    left_out.retain(|d| d.kind() != DiagnosticKind::FewExamples);
    let mut rules: Vec<RuleDoc> = Vec::new();
    let mut names = crate::duplicates::Names::default();
    for draft in drafts.into_iter().filter(|d| d.usable) {
        let before = left_out.len();
        names.add(&draft.doc, &mut left_out);
        // What was written for others is known to compile once it has been read.
        if draft.doc.format == Format::Hypersieve && left_out.len() == before {
            crate::compile::check_patterns(&draft.doc, &mut left_out);
        }
        if left_out.len() == before {
            rules.push(draft.doc);
        }
    }
    Diagnostic::sort(&mut left_out);
    Loaded { rules, left_out }
}

/// Reads the rules of a YAML or TOML text; `name` is the file name that messages show.
///
/// # Errors
/// All mistakes of the text; ids that are there twice among them.
pub fn parse_str(name: &str, yaml: &str) -> Result<Vec<RuleDoc>, LoadError> {
    let mut diagnostics = Vec::new();
    let drafts = parse::drafts(&Arc::new(Source::new(name, yaml)), &mut diagnostics);
    finish(drafts, diagnostics)
}

/// Reads a rule file, or a folder as [`load`] does.
///
/// # Errors
/// All mistakes of all files; names that are there twice, and files that cannot be read, among them.
pub fn load_path(path: impl AsRef<Path>) -> Result<Vec<RuleDoc>, LoadError> {
    load(&[path])
}

/// Reads rule files, and of folders all `*.yaml` and `*.yml` files in them and their subfolders, and `*.toml` files that have
/// rules in them, in the order of their paths; hidden folders and links to folders are left out.
///
/// # Errors
/// All mistakes of all files; names that are there twice, and files that cannot be read, among them.
pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<RuleDoc>, LoadError> {
    let mut diagnostics = Vec::new();
    let drafts = load_drafts(paths, &mut diagnostics);
    finish(drafts, diagnostics)
}

fn finish(drafts: Vec<Draft>, mut diagnostics: Vec<Diagnostic>) -> Result<Vec<RuleDoc>, LoadError> {
    crate::duplicates::find(&drafts, &mut diagnostics);
    // How many examples a rule has is for the lint to say.
    diagnostics.retain(|d| d.kind() != DiagnosticKind::FewExamples);
    if !diagnostics.is_empty() {
        Diagnostic::sort(&mut diagnostics);
        return Err(LoadError { diagnostics });
    }
    Ok(drafts.into_iter().map(|d| d.doc).collect())
}

/// Reads all rules of files and folders, those with mistakes too.
pub(crate) fn load_drafts<P: AsRef<Path>>(paths: &[P], diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for path in paths {
        for file in rule_files(path.as_ref(), diagnostics) {
            match fs::read_to_string(&file) {
                Ok(text) => {
                    let source = Arc::new(Source::new(file.display().to_string(), text));
                    drafts.extend(parse::drafts(&source, diagnostics));
                }
                Err(error) => diagnostics.push(unreadable(&file, &error)),
            }
        }
    }
    drafts
}

/// The rule files at a path: the file itself, or those in the folder.
fn rule_files(path: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_path_buf()];
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                diagnostics.push(unreadable(&folder, &error));
                continue;
            }
        };
        for entry in entries {
            match entry.and_then(|e| Ok((e.path(), e.file_type()?))) {
                Ok((path, kind)) if kind.is_dir() => {
                    if !is_hidden(&path) {
                        folders.push(path);
                    }
                }
                Ok((path, _)) if is_rule_file(&path) => files.push(path),
                Ok(_) => {}
                Err(error) => diagnostics.push(unreadable(&folder, &error)),
            }
        }
    }
    files.sort();
    if files.is_empty() {
        diagnostics.push(
            Diagnostic::new(
                DiagnosticKind::File,
                format!("{}: no rule files in this folder", path.display()),
            )
            .help("rule files end in `.yaml` or `.yml`, or in `.toml` and have `[[rules]]`"),
        );
    }
    files
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|e| {
        // Many programs keep their settings in TOML.
        let has_rules = || fs::read_to_string(path).map_or(true, |text| foreign::is_toml("", &text));
        e == "yaml" || e == "yml" || e == "toml" && has_rules()
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(DiagnosticKind::File, format!("{}: {error}", path.display()))
        .help("check the path and whether you may read it; rule files are UTF-8")
}
