//! The `hypersieve` program.

#![forbid(unsafe_code)]

mod approvals;
mod args;
mod bench;
mod completions;
mod console;
mod database;
mod exit;
mod logs;
mod man;
mod number;
mod rules;
mod ruleset;
mod sample;
mod scan;
mod serve;
mod tokens;
mod visible;
mod watch;
mod wrap;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command, RulesCommand};
use crate::exit::Exit;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Command::Scan(args) => scan::run(args),
        Command::Rules(RulesCommand::List(args)) => rules::list::run(args),
        Command::Rules(RulesCommand::Show(args)) => rules::show::run(args),
        Command::Rules(RulesCommand::Lint(args)) => rules::lint::run(args),
        Command::Rules(RulesCommand::Cost(args)) => rules::cost::run(args),
        Command::Rules(RulesCommand::Test(args)) => rules::test::run(args),
        Command::Rules(RulesCommand::Convert(args)) => rules::convert::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Wrap(args) => wrap::run(args),
        Command::Tokens(command) => tokens::run(command),
        Command::Logs(args) => logs::run(args),
        Command::Approvals(command) => approvals::run(command),
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            // Whoever read the output has seen enough; the scan is not finished all the same.
            if !exit::is_broken_pipe(&error) {
                console::error(&format!("{error:#}"));
            }
            Exit::Failed.into()
        }
    }
}
