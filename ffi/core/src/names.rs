//! Numbers of the ABI and the words that stand for them elsewhere.

use std::ffi::{CStr, c_char};
use std::ptr;

use hypersieve::Channel;

use crate::call;
use crate::failure::Failure;
use crate::status::Status;
use crate::verdict;

/// What a verdict asks for, and what a policy can make of a rule's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Action {
    /// Let it through.
    Allow = 0,
    /// Let it through and tell somebody.
    Flag = 1,
    /// Hold it back until somebody decides.
    Quarantine = 2,
    /// Refuse it.
    Block = 3,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Severity {
    /// In a rule's severities: it does not watch this channel. No finding has it.
    None = 0,
    /// Listed, never a reason for a verdict by itself.
    Low = 1,
    /// Flags.
    Medium = 2,
    /// Quarantines.
    High = 3,
    /// Blocks.
    Critical = 4,
}

/// Where a text comes from. It decides which rules watch it, and how grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum TextChannel {
    /// Not known: every rule at its ordinary severity.
    Any = 0,
    /// The arguments of a tool call.
    ToolArgs = 1,
    /// What a tool answered.
    ToolResult = 2,
    /// A tool's own name, description or schema.
    ToolDescription = 3,
    /// A message to or from an agent.
    Message = 4,
}

/// An action in a word, such as `quarantine`: static, ends with NUL; NULL for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn hypersieve_action_name(action: u32) -> *const c_char {
    named(action, &[c"allow", c"flag", c"quarantine", c"block"])
}

/// A severity in a word, such as `critical`: static, ends with NUL; NULL for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn hypersieve_severity_name(severity: u32) -> *const c_char {
    named(severity, &[c"none", c"low", c"medium", c"high", c"critical"])
}

/// A channel in a word, such as `tool_result`: static, ends with NUL; NULL for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn hypersieve_channel_name(channel: u32) -> *const c_char {
    named(channel, &[c"any", c"tool_args", c"tool_result", c"tool_description", c"message"])
}

/// The channel that a word such as `tool_result` stands for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_channel_from_name(
    name: *const c_char,
    name_len: usize,
    channel: *mut TextChannel,
) -> Status {
    let body = |call: &call::Call<'_>| {
        let out = call.out(channel, "channel")?;
        let name = call.text(name, name_len, "name")?;
        let found: Channel =
            name.parse().map_err(|e: hypersieve::UnknownName| Failure::argument(e.to_string()))?;
        out.set(verdict::channel(found));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(body) }
}

fn named(number: u32, names: &[&'static CStr]) -> *const c_char {
    usize::try_from(number).ok().and_then(|n| names.get(n)).map_or(ptr::null(), |name| name.as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;

    fn word(name: *const c_char) -> &'static str {
        assert!(!name.is_null());
        // SAFETY: the names are static and end with NUL.
        unsafe { CStr::from_ptr(name) }.to_str().expect("ASCII")
    }

    #[test]
    fn words_are_the_engines() {
        for channel in Channel::ALL {
            let number = verdict::channel(channel) as u32;
            assert_eq!(word(hypersieve_channel_name(number)), channel.name());
            assert_eq!(input::channel(number).expect("it was just given"), channel);
        }
        for severity in hypersieve::Severity::ALL {
            let number = verdict::severity(severity) as u32;
            assert_eq!(word(hypersieve_severity_name(number)), severity.name());
            assert_eq!(input::severity(number).expect("it was just given"), severity);
        }
        for action in hypersieve::Action::ALL {
            assert_eq!(word(hypersieve_action_name(verdict::action(action) as u32)), action.name());
        }
        assert!(hypersieve_action_name(4).is_null());
        assert!(hypersieve_severity_name(u32::MAX).is_null());
        assert!(input::channel(5).is_err());
        assert!(input::severity(0).is_err());
        assert!(input::rule_action(4).is_err());
    }
}
