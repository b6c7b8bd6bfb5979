//! Which of the ways to scan the command line asks for.

use anyhow::{Result, bail};

use crate::args::{ScanArgs, ScanFormat};
use crate::exit::Exit;
use crate::ruleset::Engine;
use crate::scan::{files, jsonl, manifest};

/// Scans what `args` name.
pub(crate) fn run(args: &ScanArgs) -> Result<Exit> {
    if args.jsonl.is_some() && args.format.is_some_and(|f| f != ScanFormat::Jsonl) {
        bail!("--jsonl answers in JSON lines: leave out --format, or say --format jsonl");
    }
    if args.manifest.is_some()
        && args.format.is_some_and(|f| !matches!(f, ScanFormat::Text | ScanFormat::Json))
    {
        bail!("--manifest answers in text or JSON: say --format text or --format json");
    }
    let engine = Engine::new(&args.rules, &args.engine, args.min_severity)?;
    match (&args.jsonl, &args.manifest) {
        (Some(path), _) => jsonl::run(&engine, path, args.channel, args.chunk),
        (None, Some(path)) => manifest::run(&engine, path, args),
        (None, None) => files::run(&engine, args),
    }
}
