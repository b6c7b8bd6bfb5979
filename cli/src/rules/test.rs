//! `hypersieve rules test PATH...`.

use std::io::{self, Write};

use anyhow::Result;
use hypersieve_rules::{Colour, Diagnostic, DiagnosticKind, Trial, try_examples};

use crate::args::TestArgs;
use crate::console::Paint;
use crate::exit::Exit;
use crate::number::counted;
use crate::visible::visible;

pub(crate) fn run(args: &TestArgs) -> Result<Exit> {
    let paint = Paint::stdout(args.color);
    let colour = if paint.has_colours() { Colour::Always } else { Colour::Never };
    let mut trial = try_examples(&args.paths);
    let warnings: Vec<Diagnostic> = trial.rules.iter().flat_map(|rule| rule.warnings.clone()).collect();
    if !args.warnings {
        trial.rules.iter_mut().for_each(|rule| rule.warnings.clear());
    }
    let mut out = io::stdout().lock();
    write!(out, "{}", trial.render(colour))?;
    if !args.warnings {
        summary(&mut out, &warnings)?;
    }
    let (held, failed) = trial.counts();
    let without = trial.rules.iter().filter(|rule| rule.held + rule.failed.len() == 0).count() as u64;
    write!(out, "{}: ", counted(trial.rules.len() as u64, "rule"))?;
    write!(out, "{} as they should", counted(held as u64, "example"))?;
    write!(out, ", {failed} not")?;
    if without > 0 {
        write!(out, ", {} without examples", counted(without, "rule"))?;
    }
    writeln!(out)?;
    if !trial.left_out.is_empty() {
        writeln!(out, "{} kept rules from being used", counted(trial.left_out.len() as u64, "mistake"))?;
    }
    Ok(exit(&trial))
}

fn exit(trial: &Trial) -> Exit {
    if !trial.left_out.is_empty() {
        Exit::Failed
    } else if trial.counts().1 > 0 {
        Exit::Found
    } else {
        Exit::Fine
    }
}

/// Most rules that are named for one warning.
const NAMED: usize = 6;

/// Each warning once, with the rules that it concerns.
fn summary(out: &mut impl Write, warnings: &[Diagnostic]) -> Result<()> {
    let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
    for warning in warnings {
        // What a slow pattern costs is its own; that it is slow is said together.
        let text = match warning.kind() {
            DiagnosticKind::Slow => "slow patterns, see --warnings for their cost",
            _ => warning.message(),
        };
        let rule = warning.rule().unwrap_or("the file");
        match kinds.iter_mut().find(|(known, _)| known == text) {
            Some((_, rules)) if rules.last() == Some(&rule) => {}
            Some((_, rules)) => rules.push(rule),
            None => kinds.push((text.to_string(), vec![rule])),
        }
    }
    for (text, rules) in kinds {
        let mut named = rules.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        if rules.len() > NAMED {
            named += ", ...";
        }
        writeln!(out, "{}: {} ({})", counted(rules.len() as u64, "rule"), visible(&text), visible(&named))?;
    }
    Ok(())
}
