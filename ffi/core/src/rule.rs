//! What is to be known about a rule.

use std::ffi::c_char;

use hypersieve::Channel;

use crate::call;
use crate::database::Database;
use crate::failure::Failure;
use crate::names::Severity;
use crate::status::Status;
use crate::text::Text;
use crate::verdict;

/// A rule of a database. It lives as long as the database and everything made with it.
#[derive(Debug)]
#[repr(C)]
pub struct Rule {
    /// Its unique id, such as `PROMPT_INJECTION_001`.
    pub id: Text,
    /// A short name for people.
    pub name: Text,
    /// What it sees and what it does not.
    pub description: Text,
    /// Its category, such as `prompt-injection`.
    pub category: Text,
    /// The set it belongs to: `core`, `extended` or `user`.
    pub set: Text,
    /// What to do about a finding.
    pub remediation: Text,
    /// Other ids that policies may use for it.
    pub aliases: *const Text,
    /// How many aliases there are.
    pub aliases_len: usize,
    /// Where to read more.
    pub references: *const Text,
    /// How many references there are.
    pub references_len: usize,
    /// Its severity on each channel, by the channel's number; `HYPERSIEVE_SEVERITY_NONE` where it does not watch.
    pub severities: *const Severity,
    /// How many channels there are.
    pub severities_len: usize,
    /// Whether what it finds is a secret or personal data.
    pub sensitive: bool,
}

// SAFETY: it points to what is never changed.
unsafe impl Send for Rule {}
// SAFETY: as above.
unsafe impl Sync for Rule {}

/// The lists that a rule points to.
pub(crate) struct Lists {
    aliases: Box<[Text]>,
    references: Box<[Text]>,
    severities: Box<[Severity]>,
}

impl Lists {
    /// The lists of a rule that is kept as long as they are.
    pub(crate) fn of(rule: &hypersieve::Rule) -> Lists {
        let texts = |list: &[String]| list.iter().map(|text| Text::of(text)).collect();
        let severity = |channel| rule.severity_on(channel).map_or(Severity::None, verdict::severity);
        Lists {
            aliases: texts(&rule.aliases),
            references: texts(&rule.references),
            severities: Channel::ALL.into_iter().map(severity).collect(),
        }
    }

    /// The rule as a struct that points into it and into its lists.
    pub(crate) fn tell(&self, rule: &hypersieve::Rule) -> Rule {
        Rule {
            id: Text::of(&rule.id),
            name: Text::of(&rule.name),
            description: Text::of(&rule.description),
            category: Text::of(&rule.category),
            set: Text::of(&rule.set),
            remediation: Text::of(&rule.remediation),
            aliases: self.aliases.as_ptr(),
            aliases_len: self.aliases.len(),
            references: self.references.as_ptr(),
            references_len: self.references.len(),
            severities: self.severities.as_ptr(),
            severities_len: self.severities.len(),
            sensitive: rule.sensitive,
        }
    }
}

/// All rules of a database, in order. They live as long as the database and everything made with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_rules(
    database: *const Database,
    rules: *mut *const Rule,
    rules_len: *mut usize,
) -> Status {
    let body = |call: &call::Call<'_>| {
        let (rules, rules_len) = (call.out(rules, "rules")?, call.out(rules_len, "rules_len")?);
        let told = call.shared(database)?.rules();
        rules.set(told.as_ptr());
        rules_len.set(told.len());
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(body) }
}

/// The rule with an id or an alias; `HYPERSIEVE_STATUS_NOT_FOUND` if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_rule(
    database: *const Database,
    id: *const c_char,
    id_len: usize,
    rule: *mut *const Rule,
) -> Status {
    let body = |call: &call::Call<'_>| {
        let out = call.out(rule, "rule")?;
        out.set(std::ptr::null());
        let shared = call.shared(database)?;
        let found = shared.database().rule(call.text(id, id_len, "id")?);
        let found = found.ok_or_else(|| Failure::new(Status::NotFound, "no rule has this id or alias"))?;
        out.set(shared.told(found));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(body) }
}
