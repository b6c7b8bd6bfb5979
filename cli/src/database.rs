//! Which audit log a command is about.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::ValueHint;
use hypersieve_gateway::audit;
use hypersieve_gateway::config::Config;

/// Which audit log.
#[derive(Debug, clap::Args)]
pub(crate) struct DatabaseArgs {
    /// The gateway's configuration, which says where its audit log is.
    #[arg(long, value_name = "PATH", default_value = "hypersieve.yaml", value_hint = ValueHint::FilePath)]
    config: PathBuf,

    /// The audit log itself: the database, or the state folder that holds it.
    #[arg(long, value_name = "PATH", conflicts_with = "config", value_hint = ValueHint::AnyPath)]
    db: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The path of the database.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        if let Some(path) = &self.db {
            return Ok(audit::database(path));
        }
        let config = Config::load(&self.config)
            .map_err(|error| anyhow!("{error}; or name the audit log itself with --db"))?;
        config.audit.database.ok_or_else(|| anyhow!("{}: it names no audit log", self.config.display()))
    }
}
