//! Where a text came from, and the set of such places that a rule watches.

use std::fmt;
use std::str::FromStr;

/// Where the scanned text came from.
///
/// A rule names the channels it watches and may have another severity on each: `rm -rf /` in the arguments of
/// a call is an act, in a result it may be a manual page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Channel {
    /// Every rule at its catalogue severity: the origin of the text is not known.
    Any,
    /// The arguments of a tool call.
    ToolArgs,
    /// What a tool answered.
    ToolResult,
    /// A tool's own name, description or schema.
    ToolDescription,
    /// A message to or from an agent.
    Message,
}

impl Channel {
    /// All channels, `any` first.
    pub const ALL: [Channel; 5] =
        [Channel::Any, Channel::ToolArgs, Channel::ToolResult, Channel::ToolDescription, Channel::Message];

    /// The channels a rule can name: all but `any`.
    pub const NAMED: [Channel; 4] =
        [Channel::ToolArgs, Channel::ToolResult, Channel::ToolDescription, Channel::Message];

    /// The name used in rule files, on the command line and in output.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Any => "any",
            Channel::ToolArgs => "tool_args",
            Channel::ToolResult => "tool_result",
            Channel::ToolDescription => "tool_description",
            Channel::Message => "message",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Channel {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Channel, UnknownName> {
        Channel::ALL
            .into_iter()
            .find(|c| c.name() == name)
            .ok_or_else(|| UnknownName::new("channel", name, Channel::ALL.map(Channel::name)))
    }
}

/// A name that stands for nothing known; the message lists what would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    message: String,
}

impl UnknownName {
    pub(crate) fn new(what: &str, name: &str, known: impl IntoIterator<Item = &'static str>) -> UnknownName {
        let known: Vec<&str> = known.into_iter().collect();
        UnknownName { message: format!("unknown {what} `{name}`: use one of {}", known.join(", ")) }
    }

    /// A name of something that is there only with the feature of the same name.
    pub(crate) fn not_built<const N: usize>(what: &str, name: &str, known: [&'static str; N]) -> UnknownName {
        let message = format!(
            "this build has no {what} `{name}`: build it with the feature of that name, or use one of {}",
            known.join(", ")
        );
        UnknownName { message }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for UnknownName {}
