//! Policies: what is done about which findings.

use std::ffi::c_char;

use hypersieve::{Policy as Engine, RuleAction};

use crate::call::{self, Call};
use crate::failure::{Error, Failure};
use crate::handle::{self, Kind};
use crate::input;
use crate::policy_json::PolicyDoc;
use crate::status::Status;

/// What is done about which findings. Without anything set a critical finding blocks, a high one quarantines, a medium
/// one flags and a low one is only listed.
///
/// One thread at a time. Scanners copy it, so that it may be changed or freed afterwards.
pub struct Policy {
    _opaque: (),
}

impl Kind for Policy {
    type Value = Engine;
    const TAG: u64 = 0x6879_7065_706f_6c69;
    const NAME: &'static str = "policy";
}

/// A policy with nothing set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_policy_new(policy: *mut *mut Policy, error: *mut *mut Error) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.handle_out(policy, "policy")?;
        out.set(handle::create::<Policy>(Engine::new()));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// A policy from JSON, all of it optional:
///
/// `{"rule_actions": {"SSRF_001": "block"}, "block_categories": ["pii"], "disable": ["TC-001"], "min_severity": "medium"}`
///
/// The actions are `block`, `quarantine`, `allow-and-flag` and `ignore`. Keys and words that mean nothing, and keys that
/// stand there twice, are errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_policy_from_json(
    json: *const c_char,
    json_len: usize,
    policy: *mut *mut Policy,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.handle_out(policy, "policy")?;
        let read = PolicyDoc::policy(call.text(json, json_len, "json")?);
        let read = read.map_err(|e| Failure::new(Status::InvalidPolicy, format!("policy: {e}")))?;
        out.set(handle::create::<Policy>(read));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Sets what the findings of a rule do, by its id or an alias: a `hypersieve_action`. With `HYPERSIEVE_ACTION_ALLOW` they are only
/// listed; a blocked category blocks all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_policy_rule_action(
    policy: *mut Policy,
    id: *const c_char,
    id_len: usize,
    action: u32,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let id = call.text(id, id_len, "id")?;
        let action: RuleAction = input::rule_action(action)?;
        let mut policy = call.exclusive(policy)?;
        *policy = policy.clone().rule_action(id, action);
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Blocks on every finding of a category: one of the database's, or `credentials`, `pii`, `system-prompts`, `exfiltration` or
/// `command-execution`, which include related rules of other categories.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_policy_block_category(
    policy: *mut Policy,
    category: *const c_char,
    category_len: usize,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let category = call.text(category, category_len, "category")?;
        let mut policy = call.exclusive(policy)?;
        *policy = policy.clone().block_category(category);
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Leaves a rule out, by its id or an alias.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_policy_disable(
    policy: *mut Policy,
    id: *const c_char,
    id_len: usize,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let id = call.text(id, id_len, "id")?;
        let mut policy = call.exclusive(policy)?;
        *policy = policy.clone().disable(id);
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Leaves out findings below a `hypersieve_severity`, but for those whose rule has an action or whose category is blocked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_policy_min_severity(
    policy: *mut Policy,
    severity: u32,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let severity = input::severity(severity)?;
        let mut policy = call.exclusive(policy)?;
        *policy = policy.clone().min_severity(severity);
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Frees a policy. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_policy_free(policy: *mut Policy) -> Status {
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(|call| call.free(policy)) }
}
