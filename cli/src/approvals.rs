//! `hypersieve approvals`: people decide on held calls.

use anyhow::{Result, bail};
use clap::Subcommand;
use hypersieve_gateway::audit::{Approvals, Held, HeldState, Ruling, RulingError};

use crate::args::Format;
use crate::console;
use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    List(ListArgs),
    Show(ShowArgs),
    Approve(RulingArgs),
    Deny(RulingArgs),
}

/// List the calls that wait.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    database: DatabaseArgs,

    /// Those that do not wait any more, too.
    #[arg(long)]
    all: bool,

    /// Lines for people, or an array.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Show a held call: whose it is, why it is held, its arguments with secrets masked.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The id of the call.
    id: String,

    #[command(flatten)]
    database: DatabaseArgs,

    /// Lines for people, or a document.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Decide on a held call. The first decision counts, and is recorded with who made it.
///
/// After an approval the same agent's identical call passes once, until it expires. The gateway makes no call by itself.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 the decision counts, 1 the call does not wait any more, 2 it could not be written."
)]
pub(crate) struct RulingArgs {
    /// The id of the call.
    id: String,

    #[command(flatten)]
    database: DatabaseArgs,

    /// Who decides; by default the user of this machine.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

pub(crate) fn run(command: &ApprovalsCommand) -> Result<Exit> {
    match command {
        ApprovalsCommand::List(args) => list(args),
        ApprovalsCommand::Show(args) => show(args),
        ApprovalsCommand::Approve(args) => decide(args, Ruling::Approve),
        ApprovalsCommand::Deny(args) => decide(args, Ruling::Deny),
    }
}

fn list(args: &ListArgs) -> Result<Exit> {
    let mut held = Approvals::open(&args.database.path()?)?.list()?;
    held.retain(|held| args.all || held.state == HeldState::Waiting);
    if args.format == Format::Json {
        println!("{}", serde_json::to_string_pretty(&held)?);
        return Ok(Exit::Fine);
    }
    for held in &held {
        println!(
            "{}  {:<8}  {}  {}  {}  {}",
            held.id,
            held.state.name(),
            held.time,
            visible(held.agent.as_deref().unwrap_or("-")),
            visible(&format!("{}/{}", held.backend, held.tool)),
            visible(&why(held)),
        );
    }
    if held.is_empty() {
        println!("no call waits");
    }
    Ok(Exit::Fine)
}

fn show(args: &ShowArgs) -> Result<Exit> {
    let Some(held) = Approvals::open(&args.database.path()?)?.get(&args.id)? else {
        bail!("{}", RulingError::Unknown);
    };
    if args.format == Format::Json {
        println!("{}", serde_json::to_string_pretty(&held)?);
        return Ok(Exit::Fine);
    }
    println!("{}  {}", held.id, held.state.name());
    let line = |name: &str, value: String| println!("  {name:<10} {}", visible(&value));
    line("agent", held.agent.clone().unwrap_or_else(|| "-".into()));
    line("tool", format!("{}/{}", held.backend, held.tool));
    line("reason", why(&held));
    line("held", held.time.to_string());
    line("expires", held.expires.to_string());
    if let (Some(by), Some(decided)) = (&held.by, held.decided) {
        line("decided", format!("{decided} by {by}"));
    }
    if let Some(used) = held.used {
        line("used", used.to_string());
    }
    line("sha-256", held.arguments_sha256);
    line("arguments", held.arguments);
    Ok(Exit::Fine)
}

fn why(held: &Held) -> String {
    match held.rules.as_slice() {
        [] => held.reason.clone(),
        rules => format!("{} [{}]", held.reason, rules.join(" ")),
    }
}

fn decide(args: &RulingArgs, ruling: Ruling) -> Result<Exit> {
    let approvals = Approvals::open(&args.database.path()?)?;
    match approvals.decide(&args.id, ruling, &who(args.by.as_deref())) {
        Ok(held) => {
            let agent = held.agent.as_deref().unwrap_or("the agent");
            println!(
                "{}",
                visible(&match ruling {
                    Ruling::Approve => format!(
                        "{} is approved: {agent} may make this call of {}/{} once until {}",
                        held.id, held.backend, held.tool, held.expires
                    ),
                    Ruling::Deny => format!("{} is denied", held.id),
                })
            );
            Ok(Exit::Fine)
        }
        Err(error @ RulingError::Decided(_)) => {
            console::error(&error.to_string());
            Ok(Exit::Found)
        }
        Err(error) => Err(error.into()),
    }
}

/// The name that was given, and the user as whom this program runs: a name alone can be anybody's.
fn who(name: Option<&str>) -> String {
    let user = || std::env::var("USER").ok().filter(|user| !user.is_empty());
    let name = name.map(str::to_string).or_else(user).unwrap_or_else(|| "somebody".into());
    match uid() {
        Some(uid) => format!("{name} (command line, uid {uid})"),
        None => format!("{name} (command line)"),
    }
}

#[cfg(target_os = "linux")]
fn uid() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").ok().map(|process| process.uid())
}

#[cfg(not(target_os = "linux"))]
fn uid() -> Option<u32> {
    None
}
