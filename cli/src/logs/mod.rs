//! `hypersieve logs`: what a gateway decided.

mod args;
mod export;
mod since;
mod text;
mod verify;

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use anyhow::{Error, Result};
use hypersieve_gateway::audit::{Filter, Kind, Log, PublicKey, Row};

pub(crate) use self::args::LogsArgs;
use self::args::{LogsCommand, RowArgs};
use crate::args::Format;
use crate::console::Paint;
use crate::exit::Exit;

/// How often `--follow` looks for new rows.
const LOOK: Duration = Duration::from_millis(200);

/// Rows that `--follow` begins with.
const BEGIN: u32 = 10;

pub(crate) fn run(args: &LogsArgs) -> Result<Exit> {
    match &args.command {
        None => show(args),
        Some(LogsCommand::Verify(args)) => verify::run(args),
        Some(LogsCommand::Export(args)) => export::run(args),
        Some(LogsCommand::Key(args)) => {
            println!("{}", PublicKey::beside(&args.database.path()?)?);
            Ok(Exit::Fine)
        }
    }
}

fn show(args: &LogsArgs) -> Result<Exit> {
    let mut log = Log::open(&args.database.path()?)?;
    let mut filter = filter(&args.rows);
    filter.last = args.last.or((args.follow && args.rows.since.is_none()).then_some(BEGIN));
    let paint = Paint::stdout(args.color);
    let mut out = io::stdout().lock();
    loop {
        let end = log.rows(&filter, |row| print(&mut out, row, args.format, paint))?;
        out.flush()?;
        if !args.follow {
            return Ok(Exit::Fine);
        }
        filter = Filter { after: Some(end), last: None, ..filter };
        thread::sleep(LOOK);
    }
}

fn print(out: &mut impl Write, row: &Row, format: Format, paint: Paint) -> Result<(), Error> {
    match format {
        Format::Text => writeln!(out, "{}", text::line(row, paint))?,
        Format::Json => {
            serde_json::to_writer(&mut *out, row)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn filter(args: &RowArgs) -> Filter {
    let mut filter = Filter { since: args.since, agent: args.agent.clone(), ..Filter::default() };
    if let Some(verdict) = &args.verdict {
        match verdict.parse::<Kind>() {
            Ok(kind) => filter.kind = Some(kind),
            Err(()) => filter.verdict = Some(verdict.clone()),
        }
    }
    filter
}
