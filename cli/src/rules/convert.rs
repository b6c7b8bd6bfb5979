//! `hypersieve rules convert IN OUT`.

use std::fs::OpenOptions;
use std::io::{self, Write};

use anyhow::{Context, Result};

use crate::args::ConvertArgs;
use crate::console;
use crate::exit::Exit;
use crate::number::counted;
use crate::ruleset::{broken, left_out};

pub(crate) fn run(args: &ConvertArgs) -> Result<Exit> {
    let (rules, all) = if args.keep_going {
        let loaded = hypersieve_rules::load_what_can_be(&[&args.from]);
        let all = loaded.left_out.is_empty();
        left_out(&loaded);
        (loaded.rules, all)
    } else {
        (hypersieve_rules::load_path(&args.from).map_err(broken)?, true)
    };
    anyhow::ensure!(!rules.is_empty(), "{}: no rule is left to write", args.from.display());
    let text = hypersieve_rules::to_yaml(&rules);
    if args.to.as_os_str() == "-" {
        io::stdout().lock().write_all(text.as_bytes())?;
    } else {
        // Nobody's own rules are overwritten.
        let file = OpenOptions::new().write(true).create_new(true).open(&args.to);
        let mut file = file.with_context(|| format!("{}: cannot be written", args.to.display()))?;
        file.write_all(text.as_bytes())
            .with_context(|| format!("{}: cannot be written", args.to.display()))?;
        println!("{} written to {}", counted(rules.len() as u64, "rule"), args.to.display());
    }
    let without = rules.iter().filter(|doc| doc.examples.r#match.is_empty()).count() as u64;
    if without > 0 {
        console::warning(&format!(
            "{} without examples: add some of both kinds, and `hypersieve rules lint` says whether they hold",
            counted(without, "rule")
        ));
    }
    Ok(if all { Exit::Fine } else { Exit::Found })
}
