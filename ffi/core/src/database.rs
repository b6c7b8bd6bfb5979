//! Databases: rules compiled into one matcher.

use std::collections::HashMap;
use std::ffi::c_char;
use std::path::Path;
use std::sync::Arc;

use hypersieve::{Config, Policy, Scanner};
use hypersieve_rules::RuleDoc;

use crate::buffer::Buffer;
use crate::call::{self, Call};
use crate::failure::{Error, Failure, Outcome};
use crate::handle::{self, Kind};
use crate::rule::{Lists, Rule};
use crate::status::Status;

/// Rules compiled into one matcher.
///
/// Never changes: any number of threads may use it at the same time. What is made with it keeps what it needs of it, so
/// that it may be freed first.
pub struct Database {
    _opaque: (),
}

impl Kind for Database {
    type Value = Arc<Shared>;
    const TAG: u64 = 0x6879_7065_6461_7461;
    const NAME: &'static str = "database";
}

/// In `flags`: the built-in rules come along; none of the others may have a name of theirs.
pub const RULES_WITH_BUILTIN: u32 = 1;

/// A database, and its rules as callers see them.
pub(crate) struct Shared {
    database: hypersieve::Database,
    /// Finds secrets whatever a policy says, so that they can be masked.
    unfiltered: Scanner,
    rules: Box<[Rule]>,
    /// What `rules` points to.
    _lists: Box<[Lists]>,
    /// Where the engine keeps a rule, and its place in `rules`.
    places: HashMap<usize, usize>,
}

impl Shared {
    fn new(database: hypersieve::Database) -> Shared {
        let kept = database.rules();
        let lists: Box<[Lists]> = kept.iter().map(|rule| Lists::of(rule)).collect();
        let unfiltered = Scanner::new(&database, Policy::new());
        Shared {
            rules: kept.iter().zip(&lists).map(|(rule, lists)| lists.tell(rule)).collect(),
            places: kept.iter().zip(0..).map(|(rule, place)| (address(rule), place)).collect(),
            unfiltered: unfiltered.expect("a policy that names nothing suits every database"),
            _lists: lists,
            database,
        }
    }

    pub(crate) fn database(&self) -> &hypersieve::Database {
        &self.database
    }

    /// A scanner that leaves out nothing.
    pub(crate) fn unfiltered(&self) -> &Scanner {
        &self.unfiltered
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule of this database as callers see it.
    pub(crate) fn told(&self, rule: &hypersieve::Rule) -> &Rule {
        &self.rules[self.place(rule)]
    }

    /// The place of a rule of this database in its order.
    pub(crate) fn place(&self, rule: &hypersieve::Rule) -> usize {
        *self.places.get(&address(rule)).expect("a database finds only its own rules")
    }
}

fn address(rule: &hypersieve::Rule) -> usize {
    std::ptr::from_ref(rule).addr()
}

/// The built-in rules. They were compiled when the library was built, so this takes little time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_builtin(
    database: *mut *mut Database,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| make(call, database, || Ok(hypersieve_builtin::database(Config::new())));
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Rules from YAML text, compiled. `name` stands in messages where a file's name would; it may be NULL.
///
/// `flags`: 0, or `HYPERSIEVE_RULES_WITH_BUILTIN`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_from_yaml(
    yaml: *const c_char,
    yaml_len: usize,
    name: *const c_char,
    name_len: usize,
    flags: u32,
    database: *mut *mut Database,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        make(call, database, || {
            let yaml = call.text(yaml, yaml_len, "yaml")?;
            let name = call.text(name, name_len, "name")?;
            let name = if name.is_empty() { "rules" } else { name };
            compile(flags, hypersieve_rules::parse_str(name, yaml))
        })
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Rules from a YAML file, or from all `*.yaml` and `*.yml` files in a folder and its subfolders, compiled.
///
/// `flags` as in `hypersieve_database_from_yaml`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_from_path(
    path: *const c_char,
    path_len: usize,
    flags: u32,
    database: *mut *mut Database,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        make(call, database, || {
            let path = call.text(path, path_len, "path")?;
            compile(flags, hypersieve_rules::load_path(Path::new(path)))
        })
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// What `hypersieve_database_to_bytes` wrote, with the same version of this library. That takes far less time than to
/// compile.
///
/// The bytes are checked, not trusted. But whoever can write them decides what is found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_from_bytes(
    bytes: *const u8,
    bytes_len: usize,
    database: *mut *mut Database,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        make(call, database, || {
            let bytes = call.slice(bytes, bytes_len, "bytes")?;
            let loaded = hypersieve::Database::from_bytes(bytes, Config::new());
            loaded.map_err(|e| Failure::new(Status::InvalidDatabase, e.to_string()))
        })
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// The database as bytes for `hypersieve_database_from_bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_to_bytes(
    database: *const Database,
    buffer: *mut *mut Buffer,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.handle_out(buffer, "buffer")?;
        let bytes = call.shared(database)?.database.to_bytes();
        out.set(handle::create::<Buffer>(bytes));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// A number that tells sets of rules apart. It is no signature: anybody can make up rules with any digest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_digest(database: *const Database, digest: *mut u64) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.out(digest, "digest")?;
        out.set(call.shared(database)?.database.digest());
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(body) }
}

/// The most bytes that a stream can have pushed and not yet cleared: how much a proxy must be able to hold back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_max_holdback(
    database: *const Database,
    bytes: *mut u64,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.out(bytes, "bytes")?;
        out.set(call.shared(database)?.database.max_holdback());
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(body) }
}

/// Prepares now what is otherwise prepared by the first scans that need it, so that they take no longer than others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_warm(database: *const Database) -> Status {
    let body = |call: &Call<'_>| {
        call.shared(database)?.database.warm();
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(body) }
}

/// Frees a database. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_database_free(database: *mut Database) -> Status {
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(|call| call.free(database)) }
}

fn make(
    call: &Call<'_>,
    out: *mut *mut Database,
    database: impl FnOnce() -> Outcome<hypersieve::Database>,
) -> Outcome<()> {
    let out = call.handle_out(out, "database")?;
    out.set(handle::create::<Database>(Arc::new(Shared::new(database()?))));
    Ok(())
}

fn compile(
    flags: u32,
    rules: Result<Vec<RuleDoc>, hypersieve_rules::LoadError>,
) -> Outcome<hypersieve::Database> {
    if flags & !RULES_WITH_BUILTIN != 0 {
        return Err(Failure::argument(format!("flags: {flags:#x} has bits that mean nothing")));
    }
    let invalid = |message: String| Failure::new(Status::InvalidRules, message);
    let rules = rules.map_err(|e| invalid(e.to_string()))?;
    let builtin = if flags & RULES_WITH_BUILTIN != 0 { hypersieve_builtin::rules() } else { Vec::new() };
    let all = builtin.into_iter().chain(rules.into_iter().map(|doc| doc.rule));
    hypersieve::Database::builder().rules(all).build().map_err(|e| invalid(e.to_string()))
}
