//! The scan of items in JSON lines: one line in, one line out, in order.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use hypersieve::mask::sensitive_spans;
use hypersieve::{Action, Cache, Channel, Scanner, Verdict};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::exit::Exit;
use crate::ruleset::Engine;
use crate::scan::input::nanoseconds;
use crate::scan::item::Item;
use crate::scan::record::Record;
use crate::scan::report::name;
use crate::scan::walk::STDIN;
use crate::scan::window::Window;

/// So much is read at a time, at most; what is there is answered before more is waited for.
const BLOCK: usize = 1 << 20;
/// The item of a longer line is not scanned, and so it is blocked.
const LONGEST: usize = 256 << 20;

/// Scans the items of `path` (`-` is standard input) and prints a line for each.
pub(crate) fn run(
    engine: &Engine,
    path: &Path,
    channel: Channel,
    chunk: Option<NonZeroUsize>,
) -> Result<Exit> {
    let stdin = path.as_os_str() == STDIN;
    // Opened here, so that a wrong name is an error before anything else.
    let file = if stdin { None } else { Some(File::open(path).with_context(|| path.display().to_string())?) };
    let (sender, batches) = sync_channel::<Vec<Line>>(2);
    let reader = thread::spawn(move || match file {
        Some(file) => read(BufReader::with_capacity(BLOCK, file), LONGEST, &sender),
        None => read(BufReader::with_capacity(BLOCK, io::stdin()), LONGEST, &sender),
    });
    let scan = Scan { engine, channel, chunk };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut exit = Exit::Fine;
    for batch in batches {
        let init = || engine.scanner().create_cache();
        let answers: Vec<Answer> =
            batch.par_iter().map_init(init, |cache, line| scan.line(cache, line)).collect();
        for answer in answers {
            out.write_all(&answer.line)?;
            exit = exit.max(answer.exit);
        }
        out.flush()?;
    }
    let read = reader.join().map_err(|_| anyhow::anyhow!("the thread that reads panicked"))?;
    read.with_context(|| name(path))?;
    Ok(exit)
}

/// A line of the input.
struct Line {
    /// From 1.
    number: u64,
    /// Without its line break; `None` if it is too long.
    bytes: Option<Vec<u8>>,
}

/// Reads lines of at most `longest` bytes, and hands over what is complete before each wait for more.
fn read(mut input: impl BufRead, longest: usize, sender: &SyncSender<Vec<Line>>) -> io::Result<()> {
    let mut number = 0;
    let mut partial = Some(Vec::new());
    let mut begun = false;
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let at_end = buffer.is_empty();
        let length = buffer.len();
        let mut batch = Vec::new();
        let mut end_line = |bytes: Option<Vec<u8>>| {
            number += 1;
            batch.push(Line { number, bytes });
        };
        for piece in buffer.split_inclusive(|&b| b == b'\n') {
            let (content, ends) = piece.split_last().map_or((piece, false), |(last, content)| {
                if *last == b'\n' { (content, true) } else { (piece, false) }
            });
            begun = !ends;
            partial = partial.filter(|line| line.len() + content.len() <= longest);
            if let Some(line) = &mut partial {
                line.extend_from_slice(content);
            }
            if ends {
                end_line(partial.replace(Vec::new()));
            }
        }
        if at_end && begun {
            end_line(partial.take());
        }
        input.consume(length);
        // An error: nobody listens any more, and whoever stopped says why.
        if !batch.is_empty() && sender.send(batch).is_err() || at_end {
            return Ok(());
        }
    }
}

/// What every line is scanned with.
struct Scan<'e> {
    engine: &'e Engine,
    channel: Channel,
    chunk: Option<NonZeroUsize>,
}

/// An output line, and what it means for the program's end.
struct Answer {
    line: Vec<u8>,
    exit: Exit,
}

#[derive(Serialize)]
struct VerdictLine<'a> {
    id: Option<&'a RawValue>,
    verdict: &'static str,
    findings: Vec<Record<'a>>,
    limits: Vec<String>,
    ns: u64,
}

#[derive(Serialize)]
struct ErrorLine {
    line: u64,
    verdict: &'static str,
    error: String,
}

impl Scan<'_> {
    fn line(&self, cache: &mut Cache, line: &Line) -> Answer {
        self.answer(cache, line).unwrap_or_else(|error| {
            let line = ErrorLine { line: line.number, verdict: Action::Block.name(), error };
            Answer { line: json_line(&line), exit: Exit::Failed }
        })
    }

    fn answer(&self, cache: &mut Cache, line: &Line) -> Result<Answer, String> {
        let Some(bytes) = &line.bytes else {
            return Err(format!("longer than {} MiB: not scanned", LONGEST >> 20));
        };
        // Some editors begin a file with a byte order mark.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| line.number == 1).unwrap_or(bytes);
        let item = Item::parse(bytes, self.channel)?;
        let started = Instant::now();
        let verdict = self.scan(self.engine.scanner(), cache, &item).map_err(|error| format!("{error:#}"))?;
        let ns = nanoseconds(started);
        let hidden = self.hidden(cache, &item, &verdict).map_err(|error| format!("{error:#}"))?;
        let window = Window::whole(&item.text, hidden);
        let matches: Vec<String> = verdict.findings().iter().map(|f| window.shown_match(f)).collect();
        let shown = verdict.findings().iter().zip(&matches);
        let answer = VerdictLine {
            id: item.id,
            verdict: verdict.action().name(),
            findings: shown.map(|(finding, matched)| Record::new(finding, matched)).collect(),
            limits: verdict.limits().iter().map(ToString::to_string).collect(),
            ns,
        };
        let exit = if verdict.action() == Action::Allow { Exit::Fine } else { Exit::Found };
        Ok(Answer { line: json_line(&answer), exit })
    }

    /// What must not be shown of an item.
    fn hidden(&self, cache: &mut Cache, item: &Item<'_>, verdict: &Verdict) -> Result<Vec<Range<usize>>> {
        match self.engine.unfiltered() {
            Some(scanner) if !verdict.findings().is_empty() => {
                Ok(sensitive_spans(&item.text, self.scan(scanner, cache, item)?.findings()))
            }
            _ => Ok(sensitive_spans(&item.text, verdict.findings())),
        }
    }

    fn scan(&self, scanner: &Scanner, cache: &mut Cache, item: &Item<'_>) -> Result<Verdict> {
        let Some(chunk) = self.chunk else { return Ok(scanner.scan_with(cache, &item.text, item.channel)?) };
        let mut stream = scanner.stream(item.channel);
        for piece in item.text.chunks(chunk.get()) {
            stream.push_with(cache, piece)?;
        }
        Ok(stream.finish_with(cache)?)
    }
}

fn json_line(line: &impl Serialize) -> Vec<u8> {
    let mut json = serde_json::to_vec(line).expect("strings and numbers can be written to memory as JSON");
    json.push(b'\n');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], capacity: usize) -> Vec<(u64, String)> {
        let (sender, batches) = sync_channel(1000);
        read(BufReader::with_capacity(capacity, input), 5, &sender).unwrap();
        drop(sender);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let text = |line: Line| (line.number, line.bytes.map_or("(too long)".to_string(), text));
        batches.into_iter().flatten().map(text).collect()
    }

    #[test]
    fn lines_are_whole_whatever_is_read_at_a_time() {
        for capacity in 1..12 {
            let one = |n: u64, text: &str| (n, text.to_string());
            assert_eq!(
                lines(b"ab\n\ncde\r\nf", capacity),
                [one(1, "ab"), one(2, ""), one(3, "cde\r"), one(4, "f")]
            );
            assert_eq!(lines(b"ab\n", capacity), [one(1, "ab")]);
            let long = [one(1, "12345"), one(2, "(too long)"), one(3, ""), one(4, "(too long)")];
            assert_eq!(lines(b"12345\n123456\n\n1234567890", capacity), long);
            assert_eq!(lines(b"\n", capacity), [one(1, "")]);
            assert_eq!(lines(b"", capacity), []);
        }
    }
}
