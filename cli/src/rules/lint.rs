//! `hypersieve rules lint PATH...`.

use std::io::{self, Write};

use anyhow::Result;
use hypersieve_rules::{Colour, DiagnosticKind};

use crate::args::LintArgs;
use crate::console::Paint;
use crate::exit::Exit;
use crate::number::counted;

pub(crate) fn run(args: &LintArgs) -> Result<Exit> {
    let paint = Paint::stdout(args.color);
    let report = hypersieve_rules::lint(&args.paths);
    let colour = if paint.has_colours() { Colour::Always } else { Colour::Never };
    let rules = counted(report.rules().len() as u64, "rule");
    let mut out = io::stdout().lock();
    if report.is_clean() {
        writeln!(out, "{rules}, nothing wrong")?;
        return Ok(Exit::Fine);
    }
    let diagnostics = report.diagnostics();
    write!(out, "{}", report.render(colour))?;
    writeln!(out, "{}; {rules} without a mistake of form", counted(diagnostics.len() as u64, "mistake"))?;
    let unread = diagnostics.iter().any(|d| d.kind() == DiagnosticKind::File);
    Ok(if unread { Exit::Failed } else { Exit::Found })
}
