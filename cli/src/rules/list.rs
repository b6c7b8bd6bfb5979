//! `hypersieve rules list`.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use anyhow::Result;
use hypersieve::Rule;
use hypersieve_rules::{Example, Examples};
use serde::Serialize;

use crate::args::{Format, ListArgs};
use crate::console::{Paint, severity_style};
use crate::exit::Exit;
use crate::rules::describe::{self, Described};
use crate::rules::table::{self, Cell, Side};
use crate::ruleset::RuleSet;
use crate::visible::visible;

#[derive(Serialize)]
struct RuleEntry<'r> {
    id: &'r str,
    name: &'r str,
    category: &'r str,
    severity: &'static str,
    /// Each with the severity there.
    channels: BTreeMap<&'static str, &'static str>,
    set: &'r str,
    patterns: Vec<Described>,
    examples: ExamplesEntry<'r>,
}

#[derive(Serialize)]
struct ExamplesEntry<'r> {
    r#match: Vec<ExampleEntry<'r>>,
    no_match: Vec<ExampleEntry<'r>>,
}

#[derive(Serialize)]
struct ExampleEntry<'r> {
    text: &'r str,
    channel: &'static str,
}

pub(crate) fn run(args: &ListArgs) -> Result<Exit> {
    let set = RuleSet::load(&args.rules)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Text => print_table(&mut out, Paint::stdout(args.color), set.rules())?,
        Format::Json => {
            let examples = set.examples()?;
            let entries: Vec<RuleEntry<'_>> =
                set.rules().zip(&examples).map(|(r, e)| RuleEntry::new(r, e)).collect();
            serde_json::to_writer_pretty(&mut out, &entries)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Fine)
}

fn print_table<'r>(out: &mut impl Write, paint: Paint, rules: impl Iterator<Item = &'r Rule>) -> Result<()> {
    let columns = [
        ("id", Side::Left),
        ("severity", Side::Left),
        ("category", Side::Left),
        ("set", Side::Left),
        ("channels", Side::Left),
        ("patterns", Side::Right),
        ("name", Side::Left),
    ];
    let row = |rule: &Rule| -> Vec<Cell> {
        let severity = rule.severity.name();
        vec![
            visible(&rule.id).into(),
            Cell::painted(severity, paint.paint(severity_style(rule.severity), severity)),
            visible(&rule.category).into(),
            visible(&rule.set).into(),
            watched(rule).into(),
            rule.patterns.len().into(),
            visible(&rule.name).into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = rules.map(row).collect();
    table::print(out, paint, &columns, &rows)?;
    Ok(())
}

/// The channels of a rule, each with its severity where it is another than the rule's.
fn watched(rule: &Rule) -> String {
    let channels = describe::channels(rule);
    if rule.channels.is_empty() {
        return "all".to_string();
    }
    let shown = channels.iter().map(|(channel, severity)| {
        if *severity == rule.severity { channel.to_string() } else { format!("{channel}={severity}") }
    });
    shown.collect::<Vec<_>>().join(" ")
}

impl<'r> RuleEntry<'r> {
    fn new(rule: &'r Rule, examples: &'r Examples) -> RuleEntry<'r> {
        let entries = |examples: &'r [Example]| {
            examples.iter().map(|e| ExampleEntry { text: &e.text, channel: e.channel.name() }).collect()
        };
        RuleEntry {
            id: &rule.id,
            name: &rule.name,
            category: &rule.category,
            severity: rule.severity.name(),
            channels: describe::channels(rule).into_iter().map(|(c, s)| (c.name(), s.name())).collect(),
            set: &rule.set,
            patterns: rule.patterns.iter().map(Described::new).collect(),
            examples: ExamplesEntry {
                r#match: entries(&examples.r#match),
                no_match: entries(&examples.no_match),
            },
        }
    }
}
