//! `hypersieve tokens`: bearer tokens of agents.

use anyhow::{Context, Result, bail};
use hypersieve_gateway::config::Config;
use hypersieve_gateway::tokens::{Issued, TokenFile};

use crate::args::{TokenArgs, TokensAddArgs, TokensCommand, TokensRevokeArgs};
use crate::exit::Exit;

pub(crate) fn run(command: &TokensCommand) -> Result<Exit> {
    match command {
        TokensCommand::Add(args) => add(args),
        TokensCommand::List(args) => list(args),
        TokensCommand::Revoke(args) => revoke(args),
    }
}

fn file(args: &TokenArgs) -> Result<(Config, TokenFile)> {
    let config = Config::load(&args.config)?;
    let state = config.state.as_deref().context("a configuration that was loaded names a state folder")?;
    let file = TokenFile::in_folder(state);
    Ok((config, file))
}

fn add(args: &TokensAddArgs) -> Result<Exit> {
    let (config, file) = file(&args.common)?;
    if !config.agents.contains_key(&args.agent) {
        bail!("{}: it is not in agents of {}", args.agent, args.common.config.display());
    }
    let (issued, token) = file.add(&args.agent)?;
    println!("{token}");
    eprintln!(
        "Token {} of {}: send it as `Authorization: Bearer TOKEN`. It is not shown again; its name alone is not believed any more.",
        issued.id, issued.agent
    );
    Ok(Exit::Fine)
}

fn list(args: &TokenArgs) -> Result<Exit> {
    let tokens = file(args)?.1.list()?;
    let width = tokens.iter().map(|token| token.agent.len()).max().unwrap_or(0).max("AGENT".len());
    println!("{:<8}  {:<width$}  {:<27}  STATE", "ID", "AGENT", "ISSUED");
    for Issued { id, agent, created, revoked, .. } in &tokens {
        let state = revoked.as_ref().map_or_else(|| "valid".into(), |when| format!("revoked {when}"));
        println!("{id:<8}  {agent:<width$}  {created:<27}  {state}");
    }
    Ok(Exit::Fine)
}

fn revoke(args: &TokensRevokeArgs) -> Result<Exit> {
    match file(&args.common)?.1.revoke(&args.id)? {
        Some(token) => {
            println!("revoked {} of {}", token.id, token.agent);
            Ok(Exit::Fine)
        }
        None => bail!("{}: there is no token of this id; `hypersieve tokens list` shows all", args.id),
    }
}
