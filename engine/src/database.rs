//! The compiled form of a set of rules.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::anchor::extract::Contents;
use crate::anchor::{Anchor, Located, extract, grams, rarity};
use crate::cache::Cache;
use crate::channel::Channel;
use crate::confirm::{Confirm, FoundBy, Matcher};
use crate::error::{BuildError, BuildErrorKind, PatternError};
use crate::filter::gate::{Comparison, Gate, Group};
use crate::filter::{Config, Filter, SimdLevel};
use crate::pattern::{self, Parsed};
use crate::plan::{AnchorPlan, PatternPlan};
use crate::rule::{Matching, Pattern, Rule, RunClass};
use crate::view;

/// Longest hull of an `all` rule in bytes of the view.
const MAX_WITHIN: usize = 1024;

/// Rules compiled into one matcher: immutable, cheap to clone, shared between threads.
#[derive(Clone)]
pub struct Database {
    pub(crate) program: Arc<Program>,
}

/// Everything that a scan reads.
pub(crate) struct Program {
    /// Tells databases apart, so that a cache is not used with another one.
    pub(crate) id: u64,
    pub(crate) config: Config,
    pub(crate) rules: Vec<Arc<Rule>>,
    by_id: HashMap<String, usize>,
    pub(crate) patterns: Vec<Confirm>,
    plans: Vec<PatternPlan>,
    /// The patterns that each anchor belongs to.
    pub(crate) patterns_of: Vec<Box<[u32]>>,
    pub(crate) filter: Filter,
    /// Bytes of the longest anchor: how far back a filter must read again at a chunk's edge.
    pub(crate) longest_anchor: usize,
    /// No anchor ends farther behind the start of its match than this.
    pub(crate) lead: u64,
    /// How far around a change a view is read: more than any match or hull is long.
    pub(crate) reach: u64,
    /// For each rule with `match: all` its longest hull.
    pub(crate) within: Vec<Option<u64>>,
}

/// Collects rules and compiles them.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DatabaseBuilder {
    rules: Vec<Rule>,
    config: Config,
}

impl Database {
    /// A builder without rules.
    pub fn builder() -> DatabaseBuilder {
        DatabaseBuilder::default()
    }

    /// The rules, in the order in which they were added.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.program.rules
    }

    /// The rule with an id or an alias.
    pub fn rule(&self, id: &str) -> Option<&Arc<Rule>> {
        self.program.rule_index(id).map(|i| &self.program.rules[i])
    }

    /// How each pattern is found and confirmed, in the order of the rules and of their patterns.
    pub fn plans(&self) -> &[PatternPlan] {
        &self.program.plans
    }

    /// The knobs it was built with.
    pub fn config(&self) -> Config {
        self.program.config
    }

    /// The most bytes that a stream can have pushed and not yet cleared: `cleared() >= pushed - max_holdback()`.
    pub fn max_holdback(&self) -> u64 {
        // A view's match of `reach` bytes can be this much longer in the original, and the last token incomplete.
        let most = self.program.lead + 2 * self.program.reach;
        most * view::MAX_ORIGINAL_PER_BYTE + view::MAX_TOKEN
    }

    /// The longest extent of a match in the original bytes; what is spread farther is not a match.
    pub fn max_extent(&self) -> u64 {
        view::MAX_EXTENT
    }

    /// Builds every automaton now, rather than at the first candidate that needs it.
    pub fn warm(&self) {
        let program = &*self.program;
        program.patterns.iter().for_each(|confirm| confirm.warm(program.pattern(confirm)));
    }

    /// Memory of the filter's tables in bytes.
    pub fn filter_memory(&self) -> usize {
        self.program.filter.memory()
    }

    pub(crate) fn create_cache(&self) -> Cache {
        Cache::new(self.program.id, self.program.patterns.len())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("rules", &self.program.rules.len())
            .field("patterns", &self.program.patterns.len())
            .field("anchors", &self.program.patterns_of.len())
            .field("filter", &self.program.config.filter)
            .finish()
    }
}

impl Program {
    /// The pattern that a confirm is of.
    pub(crate) fn pattern(&self, confirm: &Confirm) -> &Pattern {
        &self.rules[confirm.rule as usize].patterns[confirm.in_rule as usize]
    }

    pub(crate) fn rule_index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }
}

impl DatabaseBuilder {
    /// Adds a rule.
    pub fn rule(mut self, rule: Rule) -> DatabaseBuilder {
        self.rules.push(rule);
        self
    }

    /// Adds rules.
    pub fn rules(mut self, rules: impl IntoIterator<Item = Rule>) -> DatabaseBuilder {
        self.rules.extend(rules);
        self
    }

    /// Sets the knobs.
    pub fn config(mut self, config: Config) -> DatabaseBuilder {
        self.config = config;
        self
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// The first rule that can't be compiled, with the pattern and what to do about it; and a set without rules,
    /// because it would call everything clean.
    pub fn build(self) -> Result<Database, BuildError> {
        if self.rules.is_empty() {
            return Err(BuildError::new(
                BuildErrorKind::NoRules,
                "there is no rule to look for, so every text would pass",
                "add rules, or leave some of them enabled",
            ));
        }
        let by_id = index_ids(&self.rules)?;
        let mut patterns = Vec::new();
        let mut plans = Vec::new();
        let mut anchors: BTreeMap<Anchor, Vec<u32>> = BTreeMap::new();
        let mut lead = 1;
        let mut reach = 1;
        let mut within = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            within.push(check_rule(rule)?);
            reach = reach.max(within[index].unwrap_or(0));
            for (in_rule, pattern) in rule.patterns.iter().enumerate() {
                let compiled = compile(index, in_rule, pattern, self.config.simd)
                    .map_err(|e| BuildError::in_pattern(&rule.id, in_rule, e))?;
                lead = lead.max(compiled.confirm.farthest_end as u64);
                reach = reach.max(compiled.confirm.width as u64);
                let number = u32::try_from(patterns.len()).expect("fewer than 2^32 patterns");
                for located in compiled.anchors {
                    anchors.entry(located.anchor).or_default().push(number);
                }
                patterns.push(compiled.confirm);
                plans.push(compiled.plan);
            }
        }
        let (anchors, patterns_of): (Vec<Anchor>, Vec<Vec<u32>>) = anchors.into_iter().unzip();
        let patterns_of = patterns_of
            .into_iter()
            .map(|mut patterns| {
                patterns.dedup();
                patterns.into()
            })
            .collect();
        let program = Program {
            id: next_id(),
            config: self.config,
            by_id,
            patterns,
            plans,
            patterns_of,
            filter: Filter::new(&anchors, self.config),
            longest_anchor: anchors.iter().map(Anchor::len).max().unwrap_or(1),
            lead,
            // The bytes on either side of a match, which assertions read, count, too.
            reach: reach + 2,
            within,
            rules: self.rules.into_iter().map(Arc::new).collect(),
        };
        Ok(Database { program: Arc::new(program) })
    }
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn index_ids(rules: &[Rule]) -> Result<HashMap<String, usize>, BuildError> {
    let mut by_id = HashMap::new();
    for (index, rule) in rules.iter().enumerate() {
        for id in std::iter::once(&rule.id).chain(&rule.aliases) {
            if let Some(other) = by_id.insert(id.clone(), index) {
                let other: &Rule = &rules[other];
                return Err(BuildError::new(
                    BuildErrorKind::DuplicateId,
                    format!("the id or alias `{id}` is taken by rule {}", other.id),
                    "give each rule an id and aliases of its own",
                )
                .in_rule(&rule.id));
            }
        }
    }
    Ok(by_id)
}

/// Checks what concerns the rule as a whole, and gives the longest hull if all its patterns must match.
fn check_rule(rule: &Rule) -> Result<Option<u64>, BuildError> {
    let invalid = |message: String, help: &str| {
        Err(BuildError::new(BuildErrorKind::InvalidRule, message, help).in_rule(&rule.id))
    };
    if rule.patterns.is_empty() {
        return invalid("the rule has no pattern".to_string(), "add at least one pattern");
    }
    if rule.channels.iter().any(|(channel, _)| *channel == Channel::Any) {
        return invalid(
            "`any` is not a channel that a rule can watch".to_string(),
            "name the channels, or none of them for all",
        );
    }
    match rule.matching {
        Matching::Any => Ok(None),
        Matching::All { within } => {
            if rule.patterns.len() < 2 {
                return invalid(
                    "`match: all` needs at least two patterns".to_string(),
                    "add the other patterns, or use `match: any`",
                );
            }
            if !(1..=MAX_WITHIN).contains(&within) {
                return invalid(
                    format!("`within` is {within}"),
                    "all patterns must match within 1 to 1,024 bytes of each other",
                );
            }
            Ok(Some(within as u64))
        }
    }
}

struct Compiled {
    confirm: Confirm,
    anchors: Vec<Located>,
    plan: PatternPlan,
}

fn compile(
    rule: usize,
    in_rule: usize,
    pattern: &Pattern,
    level: SimdLevel,
) -> Result<Compiled, PatternError> {
    let parsed = pattern::parse(pattern)?;
    let Contents { anchors, others, prefixes } = contents_of(&parsed)?;
    let prefixes = if prefixes.is_empty() { vec![vec![extract::first_bytes(&parsed.hir)]] } else { prefixes };
    let found_by = FoundBy {
        nearest_end: anchors.iter().map(|a| a.from + a.anchor.len()).min().unwrap_or(0),
        farthest_end: anchors.iter().map(|a| a.to + a.anchor.len()).max().unwrap_or(0),
        beginnings: Comparison::with_prefixes(&prefixes, level),
        gates: gates(&anchors, &others, level),
    };
    let width = parsed.width;
    // The matcher itself is made anew when it is needed: most never are, and all together they are large.
    let matcher = Matcher::new(parsed, level);
    let plan = PatternPlan {
        rule,
        pattern: in_rule,
        strategy: matcher.strategy(),
        anchors: anchors.iter().map(describe).collect(),
        gates: found_by.gates.len(),
        width,
        worst_steps_per_byte: matcher.worst_steps_per_start(width),
    };
    let confirm = Confirm::new(
        u32::try_from(rule).expect("fewer than 2^32 rules"),
        u32::try_from(in_rule).expect("fewer than 2^32 patterns"),
        width,
        found_by,
    );
    Ok(Compiled { confirm, anchors, plan })
}

fn contents_of(parsed: &Parsed) -> Result<Contents, PatternError> {
    if let Some((class, length)) = parsed.run {
        // A run of mixed script may have its anchor anywhere, the others begin with theirs.
        let to = if class == RunClass::MixedScript { parsed.width - length } else { 0 };
        let anchors = vec![Located { anchor: Anchor::Run(class, length), from: 0, to }];
        return Ok(Contents { anchors, others: Vec::new(), prefixes: Vec::new() });
    }
    extract::contents(&parsed.hir).ok_or_else(|| {
        PatternError::new(
            BuildErrorKind::NoAnchor,
            "no literal of three bytes or more is contained in every match",
            "give every branch of the pattern such a literal, the rarer and the longer the better; or use `run`",
        )
    })
}

/// Gates of one pattern: more than two hardly turn away what the first two let pass.
const MAX_GATES: usize = 2;

/// A gate that lets more than this pass, per KiB of ordinary text, is not worth asking.
const VAGUE_GATE: f64 = 6.0;

/// The gates of a pattern: of what else a match must contain, the rarest.
fn gates(anchors: &[Located], others: &[Vec<Located>], level: SimdLevel) -> Vec<Gate> {
    let mut groups: Vec<Group> =
        others.iter().filter_map(|g| Group::new(g)).filter(|g| g.per_kib < VAGUE_GATE).collect();
    groups.sort_by(|a, b| a.per_kib.total_cmp(&b.per_kib));
    groups.iter().take(MAX_GATES).map(|g| Gate::new(g, anchors, level)).collect()
}

fn describe(located: &Located) -> AnchorPlan {
    let (tier, estimated_per_kib) = match &located.anchor {
        Anchor::Bytes(literal) => {
            let plan =
                grams::plan(literal).expect("the compiler only takes anchors that the filter can find");
            let by_grams = rarity::per_kib(&literal.sets);
            let by_word = if plan.tier == grams::AnchorTier::Word { plan.per_kib } else { f64::INFINITY };
            (plan.tier, by_grams.min(by_word))
        }
        Anchor::Run(..) => (grams::AnchorTier::Run, f64::NAN),
    };
    AnchorPlan {
        text: located.anchor.describe(),
        from: located.from,
        to: located.to,
        tier,
        estimated_per_kib,
    }
}
