//! What a verdict says, to compare that of the ABI with that of the engine.

use hypersieve_ffi::{Error, Text, Verdict, hypersieve_error_message};

/// A verdict, however it was told.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    /// The action's place in the order.
    action: usize,
    /// Rule, view, start and end.
    findings: Vec<(String, String, u64, u64)>,
    counts: Vec<(String, u64)>,
    limits: Vec<String>,
}

impl Told {
    /// What the ABI says.
    ///
    /// # Safety
    /// The verdict is one that is still good.
    pub(crate) unsafe fn of(verdict: *const Verdict) -> Told {
        // SAFETY: the caller's promise.
        let verdict = unsafe { &*verdict };
        // SAFETY: pointer and length of a verdict that is still good; so for the next two.
        let findings = unsafe { std::slice::from_raw_parts(verdict.findings, verdict.findings_len) };
        // SAFETY: as above.
        let counts = unsafe { std::slice::from_raw_parts(verdict.counts, verdict.counts_len) };
        // SAFETY: as above.
        let limits = unsafe { std::slice::from_raw_parts(verdict.limits, verdict.limits_len) };
        // SAFETY: a rule lives as long as what was made with its database.
        let id = |rule: *const hypersieve_ffi::Rule| string(unsafe { &*rule }.id);
        Told {
            action: verdict.action as usize,
            findings: findings.iter().map(|f| (id(f.rule), string(f.view), f.start, f.end)).collect(),
            counts: counts.iter().map(|c| (id(c.rule), c.findings)).collect(),
            limits: limits.iter().copied().map(string).collect(),
        }
    }

    /// What the engine says.
    pub(crate) fn by_engine(verdict: &hypersieve::Verdict) -> Told {
        let finding =
            |f: &hypersieve::Finding| (f.rule().id.clone(), f.view().to_string(), f.start(), f.end());
        Told {
            action: place(verdict.action()),
            findings: verdict.findings().iter().map(finding).collect(),
            counts: verdict.counts().map(|(rule, count)| (rule.id.clone(), count)).collect(),
            limits: verdict.limits().iter().map(ToString::to_string).collect(),
        }
    }
}

/// The place of an action in the order from allow to block.
pub(crate) fn place(action: hypersieve::Action) -> usize {
    hypersieve::Action::ALL.iter().position(|a| *a == action).expect("all are listed")
}

/// The message of an error; empty for null.
pub(crate) fn message(error: *const Error) -> String {
    // SAFETY: the error of a call that was just made, or null.
    let message = unsafe { hypersieve_error_message(error) };
    string(message)
}

fn string(text: Text) -> String {
    // SAFETY: the text of something that is still there.
    unsafe { text.as_str() }.to_string()
}
