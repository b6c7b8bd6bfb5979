//! `hypersieve logs export`: the log for other programs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Error, Result};
use hypersieve_gateway::audit::Log;
use serde::Serialize;

use super::args::ExportArgs;
use super::filter;
use crate::exit::Exit;

pub(super) fn run(args: &ExportArgs) -> Result<Exit> {
    let mut log = Log::open(&args.database.path()?)?;
    let out: Box<dyn Write> = match &args.output {
        None => Box::new(io::stdout().lock()),
        Some(path) => Box::new(make(path).with_context(|| path.display().to_string())?),
    };
    let mut out = BufWriter::new(out);
    log.rows(&filter(&args.rows), |row| document(&mut out, row))?;
    log.signatures(|signature| document(&mut out, signature))?;
    out.flush()?;
    Ok(Exit::Fine)
}

/// As private as the log itself.
fn make(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn document(out: &mut impl Write, document: &impl Serialize) -> Result<(), Error> {
    serde_json::to_writer(&mut *out, document)?;
    writeln!(out)?;
    Ok(())
}
