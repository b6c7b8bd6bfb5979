//! The command line of `hypersieve logs`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Subcommand, ValueHint};
use hypersieve_gateway::audit::{Kind, PublicKey, Time, verdicts};

use super::since::since;
use crate::args::{ColorWhen, Format};
use crate::database::DatabaseArgs;

/// Show what a gateway decided, or whether its record is whole.
///
/// Reads the audit log beside a gateway that runs, or after it.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct LogsArgs {
    #[command(subcommand)]
    pub(super) command: Option<LogsCommand>,

    #[command(flatten)]
    pub(super) database: DatabaseArgs,

    #[command(flatten)]
    pub(super) rows: RowArgs,

    /// Go on with new rows as they are written.
    #[arg(long, short)]
    pub(super) follow: bool,

    /// Only so many rows, the last ones.
    #[arg(long, short = 'n', value_name = "COUNT")]
    pub(super) last: Option<u32>,

    /// A line a row for people, or a JSON document a line.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,

    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(super) color: ColorWhen,
}

const EXAMPLES: &str = "\
Examples:
  hypersieve logs --follow                              what happens now
  hypersieve logs --since 1h --verdict content_blocked  what was blocked within an hour
  hypersieve logs --agent coder --format json           all that an agent did
  hypersieve logs verify                                whether somebody changed the log
  hypersieve logs export --output audit.jsonl           all of it, with hashes and signatures";

#[derive(Debug, Subcommand)]
pub(super) enum LogsCommand {
    Verify(VerifyArgs),
    Export(ExportArgs),
    Key(KeyArgs),
}

/// Which rows.
#[derive(Debug, clap::Args)]
pub(super) struct RowArgs {
    /// Only rows since then: a time such as 2026-07-28T10:00:00Z or 2026-07-28 (UTC), or how long ago, such as 10m, 2h or 1d.
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(super) since: Option<Time>,

    /// Only rows of this agent.
    #[arg(long, value_name = "NAME")]
    pub(super) agent: Option<String>,

    /// Only decisions with this verdict, or rows of this kind.
    #[arg(long, value_name = "VERDICT", value_parser = names())]
    pub(super) verdict: Option<String>,
}

fn names() -> PossibleValuesParser {
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Decision).map(Kind::name);
    PossibleValuesParser::new(verdicts().into_iter().chain(kinds))
}

/// Check that no row was changed, added, moved or taken out, and that the signatures are the gateway's.
///
/// Rows are bound to each other by hashes, and the gateway signs the last one every second. Who can read its key can forge
/// all that: note the public key and, for what matters, the signed row that this command prints, where they can't reach.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 the log is as it was written, 1 it is not, 2 it could not be read.")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(super) database: DatabaseArgs,

    /// The gateway's public key, as `hypersieve logs key` shows it; without, that of the key beside the database.
    #[arg(long, value_name = "HEX")]
    pub(super) key: Option<PublicKey>,
}

/// Write the log as JSON lines: a document for each row and each signature.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(super) database: DatabaseArgs,

    #[command(flatten)]
    pub(super) rows: RowArgs,

    /// The file to write, which must not be there yet; without, standard output.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,
}

/// Print the public key that the log is verified with.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
}
