//! The files to scan.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Error;
use ignore::WalkBuilder;

/// What becomes of files that `.gitignore` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// They are left out, unless they are named themselves.
    LeftOut,
    /// They are files like all others.
    Included,
}

/// Something that could not be read, and why.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) path: String,
    pub(crate) error: Error,
}

/// The files found, each once: in the order of the paths given, and in the order of their names within a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
}

/// The name of standard input among the paths.
pub(crate) const STDIN: &str = "-";

/// All files at and below `paths`; `-` stays as it is.
pub(crate) fn find(paths: &[PathBuf], ignored: Ignored) -> Found {
    let mut found = Found::default();
    for path in paths {
        if path.as_os_str() == STDIN {
            found.files.push(path.clone());
            continue;
        }
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => walk(path, ignored, &mut found),
            Ok(_) => found.files.push(path.clone()),
            Err(error) => {
                found.problems.push(Problem { path: path.display().to_string(), error: error.into() })
            }
        }
    }
    let mut seen = HashSet::new();
    found.files.retain(|file| seen.insert(file.clone()));
    found
}

fn walk(folder: &Path, ignored: Ignored, found: &mut Found) {
    let respected = ignored == Ignored::LeftOut;
    let entries = WalkBuilder::new(folder)
        .standard_filters(false)
        .git_ignore(respected)
        .git_exclude(respected)
        .git_global(respected)
        .parents(respected)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .sort_by_file_name(|a, b| a.cmp(b))
        .build();
    for entry in entries {
        match entry {
            Ok(entry) => {
                // A faulty ignore file leaves out too little, never too much.
                if entry.file_type().is_some_and(|kind| kind.is_file()) {
                    let path = entry.into_path();
                    found.files.push(path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path));
                }
            }
            Err(error) => {
                let problem = Problem { path: folder.display().to_string(), error: error.into() };
                found.problems.push(problem);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, if file.ends_with(".gitignore") { "*.log\n" } else { "x" }).unwrap();
        }
        folder
    }

    fn names(folder: &Path, found: &Found) -> Vec<String> {
        found.files.iter().map(|f| f.strip_prefix(folder).unwrap().display().to_string()).collect()
    }

    #[test]
    fn hidden_files_are_found_and_ignored_ones_are_not() {
        let folder = tree(&[
            ".gitignore",
            ".mcp.json",
            ".github/w.yml",
            ".git/config",
            "b/x.log",
            "b/.ignore",
            "a.txt",
        ]);
        let paths = [folder.path().to_path_buf()];
        let found = find(&paths, Ignored::LeftOut);
        assert_eq!(
            names(folder.path(), &found),
            [".github/w.yml", ".gitignore", ".mcp.json", "a.txt", "b/.ignore"]
        );
        let found = find(&paths, Ignored::Included);
        assert_eq!(found.files.len(), 6, "all but .git");
    }

    #[test]
    fn a_named_file_is_found_even_if_ignored_and_only_once() {
        let folder = tree(&[".gitignore", "b.log"]);
        let file = folder.path().join("b.log");
        let found = find(&[file.clone(), file.clone(), folder.path().join("none")], Ignored::LeftOut);
        assert_eq!(found.files, [file]);
        assert_eq!(found.problems.len(), 1);
    }
}
