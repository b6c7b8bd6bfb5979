//! Reads the rule files and compiles them, so that at run time no YAML is read and nothing compiled.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use hypersieve::{Database, Rule};
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
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let database = Database::builder().rules(docs.into_iter().map(|doc| in_set(doc, &extended))).build()?;
    fs::write(out.join("database.bin"), database.to_bytes())?;
    fs::write(out.join("sources.rs"), sources(&files, &rules)?)?;
    Ok(())
}

/// The rule files that lie in the folder itself, in order.
fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let paths: BTreeSet<PathBuf> =
        fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect::<Result<_, std::io::Error>>()?;
    Ok(paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect())
}

/// The rule in the set that the folder of its file stands for.
fn in_set(doc: RuleDoc, extended: &Path) -> Rule {
    let set = if Path::new(doc.spans.source.name()).starts_with(extended) { "extended" } else { "core" };
    let mut rule = doc.rule;
    rule.set = set.to_string();
    rule
}

/// The files as a Rust constant.
fn sources(files: &[PathBuf], rules: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("static SOURCES: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(rules)?.to_string_lossy().replace('\\', "/");
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.display().to_string())?;
    }
    text.push_str("];\n");
    Ok(text)
}
