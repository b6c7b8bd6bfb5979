//! `hypersieve man`: the manual page.

use std::fs;
use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::args::{Args, ManArgs};
use crate::exit::Exit;

pub(crate) fn run(args: &ManArgs) -> Result<Exit> {
    let command = Args::command();
    if let Some(folder) = &args.dir {
        fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .with_context(|| format!("{}: the manual pages cannot be written there", folder.display()))?;
        return Ok(Exit::Fine);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(Exit::Fine)
}
