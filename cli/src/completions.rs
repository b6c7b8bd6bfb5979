//! `hypersieve completions`: a script that completes our command lines.

use std::io::{self, Write};

use anyhow::Result;
use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs};
use crate::exit::Exit;

pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit> {
    // `generate` panics where it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "hypersieve", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Fine)
}
