//! Which tools of a server may be used, in the JSON form of the plugin:
//! `{"servers": {"files": {"mode": "deny", "tools": ["write_file"]}}}`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The tools of one server that may, or may not, be used.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolList {
    pub(crate) mode: ListMode,
    pub(crate) tools: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListMode {
    /// All but those on the list.
    Deny,
    /// Only those on the list.
    Allow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    servers: BTreeMap<String, ToolList>,
}

impl ToolList {
    /// Whether a tool of the server `server` may be used. The list names it alone or as `server__tool`.
    pub(crate) fn allows(&self, server: &str, tool: &str) -> bool {
        let listed = self.tools.contains(tool) || self.tools.contains(&format!("{server}__{tool}"));
        listed == (self.mode == ListMode::Allow)
    }
}

/// Reads the lists of all servers.
pub(super) fn read(json: &str) -> Result<BTreeMap<String, ToolList>, serde_json::Error> {
    serde_json::from_str::<File>(json).map(|file| file.servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_deny_and_allow() {
        let lists = read(
            r#"{"servers": {"files": {"mode": "deny", "tools": ["write_file", "files__move_file"]},
                            "web": {"mode": "allow", "tools": ["search"]}}}"#,
        )
        .unwrap();
        let allows = |server: &str, tool: &str| lists[server].allows(server, tool);
        assert!(allows("files", "read_file"));
        assert!(!allows("files", "write_file") && !allows("files", "move_file"));
        assert!(allows("web", "search") && !allows("web", "fetch"));
        assert!(read(r#"{"servers": {"files": {"mode": "maybe", "tools": []}}}"#).is_err());
        assert!(read(r#"{"servers": {}, "server": {}}"#).is_err());
    }
}
