//! `hypersieve logs verify`: whether the log is what was written.

use anyhow::{Context, Result};
use hypersieve_gateway::audit::{Log, PublicKey};

use super::args::VerifyArgs;
use crate::exit::Exit;

pub(super) fn run(args: &VerifyArgs) -> Result<Exit> {
    let path = args.database.path()?;
    let mut log = Log::open(&path)?;
    let key = match args.key {
        Some(key) => key,
        None => PublicKey::beside(&path).context("name the gateway's public key with --key")?,
    };
    let found = log.verify(&key)?;
    let whole = found.breaks.is_empty();
    let verdict = if whole { "the log is as it was written" } else { "THE LOG IS NOT AS IT WAS WRITTEN" };
    println!("{}: {verdict}", path.display());
    for broken in &found.breaks {
        println!("  {broken}");
    }
    let counted = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    println!("  {}, {}", counted(found.rows, "row"), counted(found.signatures, "signature"));
    if found.cut > 0 {
        println!("  rows up to {} were taken out for their age", found.cut);
    }
    match &found.signed {
        Some((row, hash, time)) => println!("  signed up to row {row}, hash {hash}, at {time}"),
        None => println!("  no row that is there is signed"),
    }
    if found.unsigned > 0 {
        println!(
            "  {} behind that: a gateway signs every second, so one that runs or was killed leaves some",
            counted(found.unsigned, "row")
        );
    }
    println!("  public key {key}");
    Ok(if whole { Exit::Fine } else { Exit::Found })
}
