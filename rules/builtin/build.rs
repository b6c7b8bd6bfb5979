//! Reads the rule files and writes them as a table of Rust constants, so that no YAML is read at run time.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use hypersieve::{Channel, Expr, Matching, Pattern, Rule, Severity, Validator};
use hypersieve_rules::RuleDoc;

fn main() -> Result<(), Box<dyn Error>> {
    let rules = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    println!("cargo::rerun-if-changed={}", rules.display());
    let mut files = rule_files(&rules)?;
    let extended = rules.join("extended");
    if extended.is_dir() {
        files.extend(rule_files(&extended)?);
    }
    let docs = match hypersieve_rules::load(&files) {
        Ok(docs) => docs,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    let mut text = String::new();
    write_rules(&mut text, &docs, &extended)?;
    write_sources(&mut text, &files, &rules)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("table.rs"), text)?;
    Ok(())
}

/// The rule files that lie in the folder itself, in order.
fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let paths: BTreeSet<PathBuf> =
        fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect::<Result<_, std::io::Error>>()?;
    Ok(paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect())
}

fn write_rules(text: &mut String, docs: &[RuleDoc], extended: &Path) -> Result<(), Box<dyn Error>> {
    writeln!(text, "pub(crate) static RULES: &[RuleRow] = &[")?;
    for doc in docs {
        let set = if Path::new(doc.spans.source.name()).starts_with(extended) { "extended" } else { "core" };
        write_rule(text, &doc.rule, set)?;
    }
    writeln!(text, "];")?;
    Ok(())
}

fn write_rule(text: &mut String, rule: &Rule, set: &str) -> Result<(), Box<dyn Error>> {
    let within = match rule.matching {
        Matching::Any => None,
        Matching::All { within } => Some(within),
        ref other => return Err(format!("{}: the table cannot hold {other:?}", rule.id).into()),
    };
    writeln!(text, "RuleRow {{")?;
    writeln!(text, "    id: {:?}, category: {:?}, set: {set:?},", rule.id, rule.category)?;
    writeln!(text, "    name: {:?},", rule.name)?;
    writeln!(text, "    description: {:?},", rule.description)?;
    writeln!(text, "    severity: {},", severity(rule.severity))?;
    let channels = list(&rule.channels, |(c, s)| format!("({}, {})", channel(*c), severity(*s)));
    writeln!(text, "    channels: {channels}, within: {within:?}, sensitive: {:?},", rule.sensitive)?;
    writeln!(text, "    remediation: {:?},", rule.remediation)?;
    writeln!(
        text,
        "    references: {}, aliases: {},",
        debug_list(&rule.references),
        debug_list(&rule.aliases)
    )?;
    writeln!(text, "    patterns: &[")?;
    for pattern in &rule.patterns {
        write_pattern(text, &rule.id, pattern)?;
    }
    writeln!(text, "    ],\n}},")?;
    Ok(())
}

fn write_pattern(text: &mut String, id: &str, pattern: &Pattern) -> Result<(), Box<dyn Error>> {
    let expr = match &pattern.expr {
        Expr::Regex(expr) => format!("ExprRow::Regex({expr:?})"),
        Expr::Literal(literal) => format!("ExprRow::Literal({literal:?})"),
        Expr::Sequence(sequence) => format!(
            "ExprRow::Sequence {{ words: {}, gap: {}, stop: &{:?} }}",
            list(&sequence.words, |set| debug_list(set)),
            sequence.gap,
            sequence.stop
        ),
        Expr::Run { class, min, max } => {
            format!("ExprRow::Run {{ class: RunClass::{class:?}, min: {min}, max: {max} }}")
        }
        other => return Err(format!("{id}: the table cannot hold {other:?}").into()),
    };
    writeln!(text, "        PatternRow {{ expr: {expr}, on: On::{:?},", pattern.on)?;
    let steps =
        list(&pattern.validate, |Validator { check, after, .. }| format!("(Check::{check:?}, &{after:?})"));
    writeln!(text, "            validate: {steps}, unless: {} }},", debug_list(&pattern.unless))?;
    Ok(())
}

fn write_sources(text: &mut String, files: &[PathBuf], rules: &Path) -> Result<(), Box<dyn Error>> {
    writeln!(text, "pub(crate) static SOURCES: &[(&str, &str)] = &[")?;
    for file in files {
        let name = file.strip_prefix(rules)?.to_string_lossy().replace('\\', "/");
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.display().to_string())?;
    }
    writeln!(text, "];")?;
    Ok(())
}

fn severity(severity: Severity) -> String {
    format!("Severity::{severity:?}")
}

fn channel(channel: Channel) -> String {
    format!("Channel::{channel:?}")
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    format!("&[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
}

fn debug_list<T: Debug>(items: &[T]) -> String {
    list(items, |item| format!("{item:?}"))
}
