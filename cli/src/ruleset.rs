//! The rules to use: built-in ones, the user's own, without those left out.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use hypersieve::{Config, Database, Policy, Rule, Scanner, Severity};
use hypersieve_rules::{Diagnostic, Examples, LoadError, Loaded, RuleDoc};

use crate::args::{EngineArgs, RuleArgs};
use crate::console;
use crate::number::counted;

/// Rules and, where they were read from files, their examples.
pub(crate) struct RuleSet {
    rules: Vec<(Rule, Option<Examples>)>,
}

impl RuleSet {
    /// What the command line asks for.
    pub(crate) fn load(args: &RuleArgs) -> Result<RuleSet> {
        let mut rules = if args.no_builtin { Vec::new() } else { builtin(&args.sets)? };
        let built_in = rules.len();
        for path in &args.added {
            let docs = if args.keep_going {
                let loaded = hypersieve_rules::load_what_can_be(&[path]);
                left_out(&loaded);
                loaded.rules
            } else {
                hypersieve_rules::load_path(path).map_err(broken)?
            };
            warn(path, &docs);
            for doc in docs {
                add(&mut rules, built_in, doc.rule, doc.examples, args.replace)?;
            }
        }
        let mut rules: Vec<_> = rules.into_iter().flatten().collect();
        disable(&mut rules, &args.disable, |(rule, _)| rule)?;
        Ok(RuleSet { rules })
    }

    /// Every rule, in order.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|(rule, _)| rule)
    }

    /// The rule of an id or an alias.
    pub(crate) fn find(&self, id: &str) -> Result<&Rule> {
        self.rules()
            .find(|rule| is_named(rule, id))
            .ok_or_else(|| anyhow!("no rule has the id or alias `{id}`{}", similar(id, self.rules())))
    }

    /// The examples of every rule, in the order of [`RuleSet::rules`]; those of built-in rules are read from their
    /// embedded files.
    pub(crate) fn examples(&self) -> Result<Vec<Examples>> {
        let mut embedded = Vec::new();
        if self.rules.iter().any(|(_, examples)| examples.is_none()) {
            for (name, yaml) in hypersieve_builtin::sources() {
                embedded.extend(hypersieve_rules::parse_str(name, yaml).map_err(broken)?);
            }
        }
        let of_built_in =
            |rule: &Rule| embedded.iter().find(|doc| doc.rule.id == rule.id).map(|doc| doc.examples.clone());
        let all = self.rules.iter();
        Ok(all.map(|(rule, own)| own.clone().or_else(|| of_built_in(rule)).unwrap_or_default()).collect())
    }

    fn compile(&self, config: Config) -> Result<Database> {
        let database = Database::builder().rules(self.rules().cloned()).config(config).build()?;
        warn_of_slow(&database);
        Ok(database)
    }
}

/// A database of just the rules that the command line asks for: loaded if these are the built-in ones, or compiled.
pub(crate) fn database(args: &RuleArgs, config: Config) -> Result<Database> {
    if built_in_alone(args) && args.disable.is_empty() && args.sets.is_empty() {
        return Ok(hypersieve_builtin::database(config));
    }
    RuleSet::load(args)?.compile(config)
}

/// The scanner that the command line asks for, and what is needed to keep secrets out of its output.
pub(crate) struct Engine {
    scanner: Scanner,
    /// The rules in use; the database may hold more.
    rules: Vec<Arc<Rule>>,
    /// One that leaves out no finding, if the first one does.
    unfiltered: Option<Scanner>,
}

impl Engine {
    /// Gets the rules ready; findings below `least` are to be left out.
    pub(crate) fn new(args: &RuleArgs, engine: &EngineArgs, least: Option<Severity>) -> Result<Engine> {
        let config = config(engine);
        let (database, rules) = if built_in_alone(args) {
            // To leave some out by the policy takes no time, to compile the others does.
            let database = hypersieve_builtin::database(config);
            let mut rules = in_sets(database.rules().to_vec(), &args.sets, |rule| rule)?;
            disable(&mut rules, &args.disable, |rule| rule)?;
            (database, rules)
        } else {
            let database = RuleSet::load(args)?.compile(config)?;
            let rules = database.rules().to_vec();
            (database, rules)
        };
        let in_use: HashSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        let left_out = database.rules().iter().filter(|rule| !in_use.contains(rule.id.as_str()));
        let policy = left_out.fold(Policy::new(), |policy, rule| policy.disable(&rule.id));
        let unfiltered = Scanner::new(&database, policy.clone())?;
        let (scanner, unfiltered) = match least {
            None => (unfiltered, None),
            Some(severity) => (Scanner::new(&database, policy.min_severity(severity))?, Some(unfiltered)),
        };
        Ok(Engine { scanner, rules, unfiltered })
    }

    /// The scanner.
    pub(crate) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// The rules in use, in order.
    pub(crate) fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The rule in use that has an id or an alias.
    pub(crate) fn find(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| is_named(rule, id))
    }

    /// The rule of a finding.
    pub(crate) fn rule(&self, id: &str) -> Result<Arc<Rule>> {
        let rule = self.scanner.database().rule(id).cloned();
        rule.with_context(|| format!("rule {id} is not in the database that found it"))
    }

    /// A scanner that leaves out no finding, if [`Engine::scanner`] does: what it leaves out must still be masked.
    pub(crate) fn unfiltered(&self) -> Option<&Scanner> {
        self.unfiltered.as_ref()
    }
}

/// The engine's knobs.
pub(crate) fn config(args: &EngineArgs) -> Config {
    Config::new().filter(args.filter).simd(args.simd)
}

type Slot = Option<(Rule, Option<Examples>)>;

/// Whether no rule but built-in ones is asked for.
fn built_in_alone(args: &RuleArgs) -> bool {
    args.added.is_empty() && !args.no_builtin
}

fn builtin(sets: &[String]) -> Result<Vec<Slot>> {
    let rules = in_sets(hypersieve_builtin::rules(), sets, |rule| rule)?;
    Ok(rules.into_iter().map(|rule| Some((rule, None))).collect())
}

/// The built-in rules of these sets, or all if there are none.
fn in_sets<R>(mut rules: Vec<R>, sets: &[String], rule: impl Fn(&R) -> &Rule) -> Result<Vec<R>> {
    for set in sets {
        if !rules.iter().any(|r| rule(r).set == *set) {
            let mut known: Vec<&str> = rules.iter().map(|r| rule(r).set.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            bail!("--set {set}: no built-in rule is in it: use one of {}", known.join(", "));
        }
    }
    rules.retain(|r| sets.is_empty() || sets.contains(&rule(r).set));
    Ok(rules)
}

/// Leaves out the rules with these ids or aliases.
fn disable<R>(rules: &mut Vec<R>, ids: &[String], rule: impl Fn(&R) -> &Rule) -> Result<()> {
    for id in ids {
        let before = rules.len();
        rules.retain(|r| !is_named(rule(r), id));
        if rules.len() == before {
            bail!("--disable {id}: no rule has this id or alias{}", similar(id, rules.iter().map(&rule)));
        }
    }
    if rules.is_empty() {
        bail!("no rule is left, and without rules everything would be allowed: leave out fewer");
    }
    Ok(())
}

/// Adds a rule of the user's; the first `built_in` slots are the built-in rules'.
fn add(rules: &mut Vec<Slot>, built_in: usize, rule: Rule, examples: Examples, replace: bool) -> Result<()> {
    let clash = |other: &Rule| names(&rule).find(|name| is_named(other, name)).map(str::to_string);
    for (at, slot) in rules.iter_mut().enumerate() {
        let Some((other, _)) = slot else { continue };
        let Some(name) = clash(other) else { continue };
        if at >= built_in {
            bail!("two rules of yours, {} and {}, share the name `{name}`: rename one", other.id, rule.id);
        }
        if !replace {
            bail!(
                "rule {}: `{name}` is a built-in rule: rename yours, or say --replace to use it instead",
                rule.id
            );
        }
        *slot = None;
    }
    rules.push(Some((rule, Some(examples))));
    Ok(())
}

fn names(rule: &Rule) -> impl Iterator<Item = &str> {
    std::iter::once(&rule.id).chain(&rule.aliases).map(String::as_str)
}

fn is_named(rule: &Rule, name: &str) -> bool {
    names(rule).any(|n| n == name)
}

/// Rules whose id a person may have meant.
fn similar<'r>(id: &str, rules: impl Iterator<Item = &'r Rule>) -> String {
    let stem = |id: &str| id.to_ascii_uppercase().replace(['-', '_'], "");
    let wanted = stem(id);
    let letters = wanted.trim_end_matches(|c: char| c.is_ascii_digit()).to_string();
    let mut found: Vec<&str> = rules
        .flat_map(names)
        .filter(|name| stem(name) == wanted || letters.len() > 2 && stem(name).starts_with(&letters))
        .collect();
    found.sort_by_key(|name| (stem(name) != wanted, *name));
    found.truncate(3);
    match found.as_slice() {
        [] => "; `hypersieve rules list` shows all".to_string(),
        found => format!(": did you mean {}?", found.join(", ")),
    }
}

/// Says which rules were left out, and why.
pub(crate) fn left_out(loaded: &Loaded) {
    if loaded.left_out.is_empty() {
        return;
    }
    for diagnostic in &loaded.left_out {
        console::warning(&format!("left out: {}", told(diagnostic)));
    }
    console::warning(&format!(
        "{} left out rules; {} can be used",
        counted(loaded.left_out.len() as u64, "mistake"),
        counted(loaded.rules.len() as u64, "rule")
    ));
}

/// A message on one line.
fn told(diagnostic: &Diagnostic) -> String {
    let place = diagnostic.place().map(|(file, line)| format!("{file}:{line}: ")).unwrap_or_default();
    format!("{place}{diagnostic} ({})", diagnostic.what_to_do())
}

/// Says that rules mean something else here than where they were written for.
fn warn(path: &Path, docs: &[RuleDoc]) {
    let different = docs.iter().filter(|doc| !doc.warnings.is_empty()).count() as u64;
    if different > 0 {
        let path = path.display();
        let rules = counted(different, "rule");
        console::warning(&format!(
            "{path}: {rules} with limits here that the program does not have which they were written for: \
             `hypersieve rules test {path}` says which"
        ));
    }
}

/// Most rules that are named in one warning.
const NAMED: usize = 6;

/// Says which patterns have nothing to look for, and what that costs.
fn warn_of_slow(database: &Database) {
    let slow: Vec<_> = database.plans().iter().filter(|plan| hypersieve_rules::has_no_anchor(plan)).collect();
    let Some(steps) = slow.iter().map(|plan| plan.worst_steps_per_byte).max() else { return };
    let mut named: Vec<&str> = slow.iter().map(|plan| database.rules()[plan.rule].id.as_str()).collect();
    named.dedup();
    let more = if named.len() > NAMED { ", ..." } else { "" };
    named.truncate(NAMED);
    console::warning(&format!(
        "{} tried at every byte that can begin a match, in up to {steps} steps each ({}{more}): `hypersieve rules cost` \
         measures it",
        if slow.len() == 1 { "a pattern is".to_string() } else { format!("{} patterns are", slow.len()) },
        named.join(", ")
    ));
}

pub(crate) fn broken(error: LoadError) -> anyhow::Error {
    anyhow!("{} in the rules:\n{error}", counted(error.diagnostics().len() as u64, "mistake"))
}
