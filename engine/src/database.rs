//! The compiled form of a set of rules.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::anchor::extract::Contents;
use crate::anchor::list::AnchorList;
use crate::anchor::{Anchor, Located, Planned, extract};
use crate::cache::Cache;
use crate::channel::Channel;
use crate::confirm::{Confirm, FoundBy, Matcher};
use crate::error::{BuildError, BuildErrorKind, LoadError, PatternError};
use crate::filter::classify::Classifier;
use crate::filter::gate::{Comparison, Gate, Group, Offsets};
use crate::filter::native::LookUps;
use crate::filter::{Config, Filter, SimdLevel};
use crate::owners::Owners;
use crate::pattern::{self, Parsed};
use crate::plan::{PatternPlan, Placed, Plans, Strategy};
use crate::rule::{Lane, Matching, Pattern, Rule, RunClass};
use crate::serial::{self, Reader, Writer, frame};
use crate::view;
use crate::view::near::Near;
use crate::view::run::place::Finder;

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
    plans: Plans,
    told_plans: OnceLock<Vec<PatternPlan>>,
    anchors: AnchorList,
    /// The patterns that each anchor belongs to.
    pub(crate) owners: Owners,
    pub(crate) filter: Filter,
    digest: OnceLock<u64>,
    /// The anchor of the patterns that have no other.
    pub(crate) any_byte: Option<u32>,
    /// Bytes of the longest anchor: how far back a filter must read again at a chunk's edge.
    pub(crate) longest_anchor: usize,
    /// No anchor ends farther behind the start of its match than this.
    pub(crate) lead: u64,
    /// More than any match or hull is long.
    pub(crate) reach: u64,
    /// How near to a change of a view a pattern's anchor must be.
    pub(crate) near: Near,
    /// What the views look for.
    pub(crate) triggers: Classifier,
    /// Where runs may begin.
    pub(crate) finder: Finder,
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
        let program = &*self.program;
        program.told_plans.get_or_init(|| program.plans.tell(&program.patterns, &program.anchors))
    }

    /// The knobs it was built with.
    pub fn config(&self) -> Config {
        self.program.config
    }

    /// The most bytes that a stream can have pushed and not yet cleared: `cleared() >= pushed - max_holdback()`.
    pub fn max_holdback(&self) -> u64 {
        view::MAX_HOLDBACK
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

    /// A number that tells sets of rules apart: it changes with whatever a rule states, and with nothing else.
    ///
    /// It is no signature: who wants to can make up rules with any digest.
    pub fn digest(&self) -> u64 {
        let program = &*self.program;
        *program.digest.get_or_init(|| serial::rules::digest(&program.rules_to_bytes()))
    }

    /// The database as bytes, from which [`Database::from_bytes`] makes it again in little time.
    ///
    /// They depend on the rules and on the version of this crate, not on the configuration. It takes a good part of the
    /// time that compiling does.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.program.to_bytes()
    }

    /// Loads what [`Database::to_bytes`] wrote. Findings are those of the database that was written.
    ///
    /// The bytes are checked and not trusted: whatever they hold, neither loading nor scanning panics or reads what it
    /// should not. But who can write them decides what is found, as who writes the rules does.
    ///
    /// # Errors
    /// The bytes are none of a database, are of another version, cut short or damaged.
    pub fn from_bytes(bytes: &[u8], config: Config) -> Result<Database, LoadError> {
        Ok(Database { program: Arc::new(Program::from_bytes(bytes, config)?) })
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
            .field("anchors", &self.program.owners.len())
            .field("filter", &self.program.config.filter)
            .finish()
    }
}

impl Program {
    /// The pattern that a confirm is of.
    pub(crate) fn pattern(&self, confirm: &Confirm) -> &Pattern {
        &self.rules[confirm.rule as usize].patterns[confirm.in_rule as usize]
    }

    /// How far behind its end a text may still lead to a match when something changes there.
    pub(crate) fn keep(&self) -> u64 {
        self.near.most() + self.lead + 2 * self.reach + self.longest_anchor as u64 + 2 * view::layer::AHEAD
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
        let checked = Checked::new(self.rules)?;
        let mut compiled = Vec::new();
        for (index, rule) in checked.rules.iter().enumerate() {
            for (in_rule, pattern) in rule.patterns.iter().enumerate() {
                compiled.push(
                    compile(index, in_rule, pattern, self.config.simd)
                        .map_err(|e| BuildError::in_pattern(&rule.id, in_rule, e))?,
                );
            }
        }
        let all = compiled.iter().flat_map(|c| &c.anchors);
        let mut anchors: Vec<&Anchor> = all.map(|located| &located.anchor).collect();
        anchors.sort_unstable();
        anchors.dedup();
        let index: HashMap<&Anchor, usize> = anchors.iter().copied().zip(0..).collect();
        let planned: Vec<Planned> = anchors.iter().copied().cloned().map(Planned::new).collect();
        let mut plans = Plans::default();
        for compiled in &compiled {
            let place = |l: &Located| Placed::new(index[&l.anchor], l.from, l.to);
            let placed: Vec<Placed> = compiled.anchors.iter().map(place).collect();
            plans.push(compiled.strategy, compiled.worst_steps_per_byte, &placed);
        }
        let anchors = AnchorList::new(&planned);
        let filter = Filter::new(&anchors, || LookUps::new(&planned), self.config).map_err(|error| {
            BuildError::new(
                BuildErrorKind::Filter,
                format!("the filter `{}` can't be used: {error}", self.config.filter),
                "use the native filter",
            )
        })?;
        let patterns = compiled.into_iter().map(|c| c.confirm).collect();
        let program = Program::new(checked, patterns, plans, anchors, filter, self.config);
        Ok(Database { program: Arc::new(program) })
    }
}

/// Rules that are in order as far as that can be said without their patterns.
struct Checked {
    rules: Vec<Arc<Rule>>,
    by_id: HashMap<String, usize>,
    within: Vec<Option<u64>>,
}

impl Checked {
    fn new(rules: Vec<Rule>) -> Result<Checked, BuildError> {
        if rules.is_empty() {
            return Err(BuildError::new(
                BuildErrorKind::NoRules,
                "there is no rule to look for, so every text would pass",
                "add rules, or leave some of them enabled",
            ));
        }
        let by_id = index_ids(&rules)?;
        let within = rules.iter().map(check_rule).collect::<Result<_, _>>()?;
        Ok(Checked { rules: rules.into_iter().map(Arc::new).collect(), by_id, within })
    }
}

impl Program {
    fn new(
        rules: Checked,
        patterns: Vec<Confirm>,
        plans: Plans,
        anchors: AnchorList,
        filter: Filter,
        config: Config,
    ) -> Program {
        let Checked { rules, by_id, within } = rules;
        let lead = patterns.iter().map(|p| p.farthest_end as u64).fold(1, u64::max);
        let widths = patterns.iter().map(|p| p.width as u64);
        let reach = widths.chain(within.iter().copied().flatten()).fold(1, u64::max);
        let near = Near::new(&patterns, &within);
        let of_patterns = plans.anchors().map(|placed| placed.iter().map(|p| p.anchor));
        Program {
            id: next_id(),
            config,
            owners: Owners::new(anchors.len(), of_patterns),
            any_byte: anchors.any(),
            longest_anchor: anchors.longest(),
            lead,
            // The bytes on either side of a match, which assertions read, count, too.
            reach: reach + 2,
            near,
            triggers: view::triggers(config.simd.resolve()),
            finder: Finder::new(config.simd.resolve()),
            rules,
            by_id,
            patterns,
            plans,
            told_plans: OnceLock::new(),
            anchors,
            filter,
            digest: OnceLock::new(),
            within,
        }
    }

    fn rules_to_bytes(&self) -> Vec<u8> {
        serial::rules::to_bytes(self.rules.iter().map(|rule| &**rule))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let rules = self.rules_to_bytes();
        let mut writer = Writer::default();
        writer.block(&rules);
        self.anchors.write(&mut writer);
        for (index, confirm) in self.patterns.iter().enumerate() {
            self.plans.write(index, &mut writer);
            confirm.write(&mut writer);
        }
        let planned: Vec<Planned> =
            (0..self.anchors.len()).map(|i| Planned::new(self.anchors.get(i))).collect();
        LookUps::new(&planned).write(&mut writer);
        frame::close(serial::rules::digest(&rules), &writer.into_bytes())
    }

    fn from_bytes(bytes: &[u8], config: Config) -> Result<Program, LoadError> {
        let (digest, payload) = frame::open(bytes)?;
        let mut reader = Reader::new(payload);
        let rules = reader.block()?;
        if serial::rules::digest(rules) != digest {
            return Err(LoadError::malformed("its digest is not that of its rules"));
        }
        let checked = Checked::new(serial::rules::from_bytes(rules)?)?;
        let anchors = AnchorList::read(&mut reader)?;
        let mut plans = Plans::default();
        let mut patterns = Vec::new();
        for (rule, stated) in (0u32..).zip(&checked.rules) {
            for (in_rule, _) in (0u32..).zip(&stated.patterns) {
                let ends = plans.read(&mut reader, &anchors)?;
                patterns.push(Confirm::read(&mut reader, (rule, in_rule), ends, config.simd)?);
            }
        }
        let look_ups = LookUps::read(&mut reader, anchors.strings().count())?;
        reader.end()?;
        if !Filter::can_take(&anchors, config) {
            return Err(LoadError::too_large());
        }
        let filter = Filter::new(&anchors, || look_ups, config).map_err(LoadError::filter)?;
        let program = Program::new(checked, patterns, plans, anchors, filter, config);
        let _ = program.digest.set(digest);
        Ok(program)
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
    strategy: Strategy,
    worst_steps_per_byte: usize,
}

fn compile(
    rule: usize,
    in_rule: usize,
    pattern: &Pattern,
    level: SimdLevel,
) -> Result<Compiled, PatternError> {
    let parsed = pattern::parse(pattern)?;
    let Contents { anchors, others, prefixes } = contents_of(&parsed, pattern.lane)?;
    let prefixes = if prefixes.is_empty() { vec![vec![extract::first_bytes(&parsed.hir)]] } else { prefixes };
    let found_by = FoundBy {
        nearest_end: anchors.iter().map(|a| a.from + a.anchor.len()).min().unwrap_or(0),
        farthest_end: anchors.iter().map(|a| a.to + a.anchor.len()).max().unwrap_or(0),
        beginnings: Comparison::with_prefixes(&prefixes, level),
        gates: gates(&anchors, &others, if parsed.is_cut() { Offsets::Cut } else { Offsets::Whole }, level),
    };
    let width = parsed.width;
    // The matcher itself is made anew when it is needed: most never are, and all together they are large.
    let matcher = Matcher::new(parsed, pattern.judged, level);
    let (strategy, worst_steps_per_byte) = (matcher.strategy(), matcher.worst_steps_per_start(width));
    let confirm = Confirm::new(
        u32::try_from(rule).expect("fewer than 2^32 rules"),
        u32::try_from(in_rule).expect("fewer than 2^32 patterns"),
        width,
        found_by,
    );
    Ok(Compiled { confirm, anchors, strategy, worst_steps_per_byte })
}

fn contents_of(parsed: &Parsed, lane: Lane) -> Result<Contents, PatternError> {
    if let Some((class, length)) = parsed.run {
        // A run of mixed script may have its anchor anywhere, the others begin with theirs.
        let to = if class == RunClass::MixedScript { parsed.width - length } else { 0 };
        let anchors = vec![Located { anchor: Anchor::Run(class, length), from: 0, to }];
        return Ok(Contents { anchors, others: Vec::new(), prefixes: Vec::new() });
    }
    let contents = extract::contents(&parsed.hir);
    if contents.is_none() && lane == Lane::Slow {
        let anchors = vec![Located { anchor: Anchor::Any, from: 0, to: 0 }];
        let prefixes = extract::prefixes(&parsed.hir);
        return Ok(Contents { anchors, others: Vec::new(), prefixes });
    }
    contents.ok_or_else(|| {
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
fn gates(anchors: &[Located], others: &[Vec<Located>], offsets: Offsets, level: SimdLevel) -> Vec<Gate> {
    let mut groups: Vec<Group> =
        others.iter().filter_map(|g| Group::new(g)).filter(|g| g.per_kib < VAGUE_GATE).collect();
    groups.sort_by(|a, b| a.per_kib.total_cmp(&b.per_kib));
    groups.iter().take(MAX_GATES).map(|g| Gate::new(g, anchors, offsets, level)).collect()
}
