//! Which backend has which tool, under which name agents see it, and who may call it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::config::{AgentConfig, BackendConfig, Prefix, ToolPolicy};

/// What is listed by name, and so may clash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Tool,
    Prompt,
}

/// What the backends were seen to offer.
#[derive(Debug)]
pub(crate) struct Catalogue {
    backends: Vec<BackendConfig>,
    known: RwLock<Vec<Known>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// The tools, with the rules that make a tool a poisoned one.
    tools: BTreeMap<String, BTreeSet<String>>,
    prompts: BTreeSet<String>,
}

impl Catalogue {
    pub(crate) fn new(backends: &[BackendConfig]) -> Catalogue {
        let known = backends.iter().map(|_| Known::default()).collect();
        Catalogue { backends: backends.to_vec(), known: RwLock::new(known) }
    }

    /// Notes a tool that a backend lists. One that was poisoned stays so until [`replace`](Catalogue::replace).
    pub(crate) fn add_tool(&self, backend: usize, tool: &str, poison: BTreeSet<String>) {
        let mut known = self.write();
        match known[backend].tools.get_mut(tool) {
            Some(rules) => rules.extend(poison),
            None => {
                known[backend].tools.insert(tool.to_string(), poison);
            }
        }
    }

    pub(crate) fn add_prompt(&self, backend: usize, prompt: &str) {
        let mut known = self.write();
        if !known[backend].prompts.contains(prompt) {
            known[backend].prompts.insert(prompt.to_string());
        }
    }

    /// Takes over what another catalogue knows of a backend that stays, until the backend is asked anew.
    pub(crate) fn take_over(&self, backend: usize, other: &Catalogue, was: usize) {
        self.write()[backend] = other.read()[was].clone();
    }

    /// Takes what a backend lists now for all of its tools.
    pub(crate) fn replace(&self, backend: usize, tools: Vec<(String, BTreeSet<String>)>) {
        self.write()[backend].tools = tools.into_iter().collect();
    }

    /// The rules that were found in a tool's description, if it is poisoned.
    pub(crate) fn poison(&self, backend: usize, tool: &str) -> Option<BTreeSet<String>> {
        self.read()[backend].tools.get(tool).filter(|rules| !rules.is_empty()).cloned()
    }

    /// The name under which agents see what a backend calls `name`.
    pub(crate) fn shown(&self, kind: Named, backend: usize, name: &str) -> String {
        self.shown_in(&self.read(), kind, backend, name)
    }

    fn shown_in(&self, known: &[Known], kind: Named, backend: usize, name: &str) -> String {
        let config = &self.backends[backend];
        if self.backends.len() == 1 {
            return name.to_string();
        }
        let clashes = || {
            known.iter().enumerate().any(|(other, known)| other != backend && known.has(kind, name))
                // What looks like another backend's prefixed name must not be taken for it.
                || self.backends.iter().any(|other| name.strip_prefix(&other.name).is_some_and(|rest| rest.starts_with('_')))
        };
        if config.prefix == Prefix::Always || clashes() {
            format!("{}_{name}", config.name)
        } else {
            name.to_string()
        }
    }

    /// The backend that is meant by a name as agents see it, and the backend's own name for it.
    pub(crate) fn resolve(&self, kind: Named, shown: &str) -> Option<(usize, String)> {
        if self.backends.len() == 1 {
            return Some((0, shown.to_string()));
        }
        let known = self.read();
        for (backend, config) in self.backends.iter().enumerate() {
            let own = shown.strip_prefix(&config.name).and_then(|rest| rest.strip_prefix('_'));
            for name in own.into_iter().chain([shown]) {
                if known[backend].has(kind, name) && self.shown_in(&known, kind, backend, name) == shown {
                    return Some((backend, name.to_string()));
                }
            }
        }
        None
    }

    /// Whether an agent may call a tool of a backend.
    pub(crate) fn allows(&self, agent: Option<&AgentConfig>, backend: usize, tool: &str) -> bool {
        let config = &self.backends[backend];
        if config.tools.as_ref().is_some_and(|list| !list.allows(&config.name, tool)) {
            return false;
        }
        let Some(allowed) = agent.and_then(|agent| agent.allowed_tools.as_ref()) else { return true };
        allowed.iter().any(|pattern| self.means(pattern, backend, tool))
    }

    /// The policy of an agent for a tool; all that mean it, if several do.
    pub(crate) fn policy(
        &self,
        agent: Option<&AgentConfig>,
        backend: usize,
        tool: &str,
    ) -> Option<ToolPolicy> {
        let policies = agent?.tool_policies.iter();
        let mine = policies.filter(|(pattern, _)| self.means(pattern, backend, tool));
        mine.map(|(_, policy)| policy).fold(None, |all, policy| match all {
            None => Some(policy.clone()),
            Some(all) => Some(ToolPolicy::and(all, policy)),
        })
    }

    /// Whether a name in a policy means this tool: the name agents see, or `server_tool`, `server__tool` or the bare name where
    /// none of these means another tool.
    fn means(&self, pattern: &str, backend: usize, tool: &str) -> bool {
        let known = self.read();
        if self.shown_in(&known, Named::Tool, backend, tool) == pattern {
            return true;
        }
        let config = &self.backends[backend];
        let rest = pattern.strip_prefix(&config.name).and_then(|rest| rest.strip_prefix('_'));
        let prefixed = rest.is_some_and(|rest| rest == tool || rest.strip_prefix('_') == Some(tool));
        let elsewhere = |name: &str| {
            known.iter().enumerate().any(|(other, k)| other != backend && k.has(Named::Tool, name))
        };
        if !prefixed && (pattern != tool || elsewhere(tool)) {
            return false;
        }
        // A tool that agents see under this very name is what the name means.
        !known.iter().enumerate().any(|(other, k)| {
            k.tools.keys().any(|name| {
                (other != backend || name != tool)
                    && pattern.ends_with(name.as_str())
                    && self.shown_in(&known, Named::Tool, other, name) == pattern
            })
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Known>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn has(&self, kind: Named, name: &str) -> bool {
        match kind {
            Named::Tool => self.tools.contains_key(name),
            Named::Prompt => self.prompts.contains(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Transport;

    fn backend(name: &str) -> BackendConfig {
        BackendConfig::new(
            name,
            Transport::Http { url: "http://127.0.0.1:1/".into(), headers: BTreeMap::new() },
        )
    }

    fn catalogue(tools: &[(&str, &[&str])]) -> Catalogue {
        let backends: Vec<_> = tools.iter().map(|(name, _)| backend(name)).collect();
        let catalogue = Catalogue::new(&backends);
        for (backend, (_, tools)) in tools.iter().enumerate() {
            for tool in *tools {
                catalogue.add_tool(backend, tool, BTreeSet::new());
            }
        }
        catalogue
    }

    fn agent(tools: &[&str]) -> AgentConfig {
        AgentConfig {
            allowed_tools: Some(tools.iter().map(ToString::to_string).collect()),
            ..AgentConfig::default()
        }
    }

    #[test]
    fn names_are_prefixed_only_where_they_clash() {
        let one = catalogue(&[("files", &["read", "files_read"])]);
        assert_eq!(one.shown(Named::Tool, 0, "read"), "read");
        assert_eq!(one.resolve(Named::Tool, "anything"), Some((0, "anything".into())));
        let two = catalogue(&[("files", &["read", "list"]), ("web", &["read", "fetch", "files_list"])]);
        for (backend, name, shown) in [
            (0, "read", "files_read"),
            (1, "read", "web_read"),
            (0, "list", "list"),
            (1, "fetch", "fetch"),
            (1, "files_list", "web_files_list"),
        ] {
            assert_eq!(two.shown(Named::Tool, backend, name), shown);
            assert_eq!(two.resolve(Named::Tool, shown), Some((backend, name.into())), "{shown}");
        }
        for unknown in ["read", "files_list", "web_fetch", "nothing"] {
            assert_eq!(two.resolve(Named::Tool, unknown), None, "{unknown}");
        }
    }

    #[test]
    fn policies_mean_one_tool() {
        let two = catalogue(&[("files", &["read", "list"]), ("web", &["read", "fetch"])]);
        for (pattern, backend, tool, allowed) in [
            ("files_read", 0, "read", true),
            ("files__read", 0, "read", true),
            ("files_read", 1, "read", false),
            ("read", 0, "read", false),
            ("read", 1, "read", false),
            ("list", 0, "list", true),
            ("files_list", 0, "list", true),
            ("web_list", 0, "list", false),
            ("fetch", 1, "fetch", true),
        ] {
            assert_eq!(
                two.allows(Some(&agent(&[pattern])), backend, tool),
                allowed,
                "{pattern} {backend} {tool}"
            );
        }
        let one = catalogue(&[("filesystem", &["read_file", "filesystem_write"])]);
        assert!(one.allows(Some(&agent(&["filesystem_read_file"])), 0, "read_file"), "the guide's names");
        assert!(one.allows(Some(&agent(&["filesystem_write"])), 0, "filesystem_write"));
        assert!(
            !one.allows(Some(&agent(&["filesystem_write"])), 0, "write"),
            "it means the tool of that very name"
        );
        assert!(!one.allows(Some(&agent(&[])), 0, "read_file"));
        assert!(one.allows(None, 0, "read_file"));
    }

    #[test]
    fn poison_stays_until_the_backend_is_asked_anew() {
        let one = catalogue(&[("files", &["read"])]);
        one.add_tool(0, "read", BTreeSet::from(["R".to_string()]));
        one.add_tool(0, "read", BTreeSet::new());
        assert!(one.poison(0, "read").is_some());
        one.replace(0, vec![("read".into(), BTreeSet::new())]);
        assert!(one.poison(0, "read").is_none());
    }
}
