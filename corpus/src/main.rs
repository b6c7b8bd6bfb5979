//! Prints generated ordinary text, or writes the generated files of the repository anew.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use hypersieve_corpus::{Kind, committed, generate};

const USAGE: &str = "\
usage: hypersieve-corpus --kind KIND [--seed N] [--bytes N]
       hypersieve-corpus --write

Prints ordinary text of a kind (prose, json, source, logs, html, mail, tables, shell), made from a seed
(default 1): whole documents, at least --bytes of them (default 100000). The same arguments give the same text.
--write makes the generated files under corpus/benign anew.
";

enum Task {
    Print { kind: Kind, seed: u64, bytes: usize },
    Write,
    Help,
}

fn main() -> ExitCode {
    match task(std::env::args().skip(1)) {
        Ok(Task::Help) => finish(print(USAGE)),
        Ok(Task::Print { kind, seed, bytes }) => finish(print(&generate(kind, seed, bytes))),
        Ok(Task::Write) => finish(committed::write_all(Path::new(env!("CARGO_MANIFEST_DIR")))),
        Err(message) => {
            eprint!("error: {message}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn task(mut args: impl Iterator<Item = String>) -> Result<Task, String> {
    let (mut kind, mut seed, mut bytes, mut write) = (None, 1, 100_000, false);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--kind" => kind = Some(value()?.parse().map_err(|error| format!("{error}"))?),
            "--seed" => seed = number(&arg, &value()?)?,
            "--bytes" => bytes = number(&arg, &value()?)?,
            "--write" => write = true,
            "--help" | "-h" => return Ok(Task::Help),
            _ => return Err(format!("unknown argument {arg:?}")),
        }
    }
    match kind {
        _ if write => Ok(Task::Write),
        Some(kind) => Ok(Task::Print { kind, seed, bytes }),
        None => Err("say which --kind of text to print".to_owned()),
    }
}

fn number<T: std::str::FromStr>(arg: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{arg} {value:?} is no number in range"))
}

fn print(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

/// A reader that went away early (`| head`) is no error.
fn finish(result: io::Result<()>) -> ExitCode {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
