//! Ordinary text to measure on: the embedded sample, or what the user names.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::scan::walk::{self, Ignored};

/// The benign part of the project's corpus, file by file.
static EMBEDDED: &[&[u8]] = include!(concat!(env!("OUT_DIR"), "/sample.rs"));

/// One text of all the files, each ending in a line break.
pub(crate) struct Sample {
    pub(crate) text: Vec<u8>,
    pub(crate) files: u64,
}

impl Sample {
    /// The files and folders at `paths`, or the embedded sample if there are none.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Sample> {
        let mut sample = Sample { text: Vec::new(), files: 0 };
        if paths.is_empty() {
            for file in EMBEDDED {
                sample.add(file);
            }
            ensure!(
                !sample.text.is_empty(),
                "no sample of ordinary text is embedded in this build: name files to measure on"
            );
            return Ok(sample);
        }
        let found = walk::find(paths, Ignored::LeftOut);
        if let Some(problem) = found.problems.into_iter().next() {
            return Err(problem.error.context(problem.path));
        }
        for path in found.files {
            sample.add(&fs::read(&path).with_context(|| path.display().to_string())?);
        }
        ensure!(!sample.text.is_empty(), "there is no text in these files: name others to measure on");
        Ok(sample)
    }

    /// The text in pieces of `size` bytes; the last one may be shorter.
    pub(crate) fn pieces(&self, size: usize) -> Vec<&[u8]> {
        self.text.chunks(size).collect()
    }

    fn add(&mut self, file: &[u8]) {
        self.files += 1;
        self.text.extend_from_slice(file);
        if !file.ends_with(b"\n") && !file.is_empty() {
            self.text.push(b'\n');
        }
    }
}
