//! From the text of the file to a [`Config`].

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use hypersieve::RuleAction;
use serde_saphyr::Spanned;

use super::file::{self, File};
use super::{
    AgentConfig, AgentTrust, BackendConfig, BlockedAnswer, Config, Limits, Mode, Prefix, ToolList, Transport,
    Warning, tool_lists,
};
use crate::digest::{sha256, unhex};

/// What is wrong with a configuration, where, and what to do.
#[derive(Clone, Debug)]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> ConfigError {
        ConfigError { message: message.into() }
    }

    fn at(file: &str, line: u64, message: impl fmt::Display) -> ConfigError {
        ConfigError::new(format!("{file}:{line}: {message}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads and checks a file; paths in it are relative to its folder.
    ///
    /// # Errors
    /// If it can't be read, has a key that is not known, or says something that makes no sense. The message names the line.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(format!("{name}: {error}: name the configuration with --config"))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut config = Loader { name: &name, folder, warnings: Vec::new() }.load(&text)?;
        config.files.insert(0, path.to_path_buf());
        Ok(config)
    }
}

pub(super) struct Loader<'a> {
    name: &'a str,
    pub(super) folder: &'a Path,
    warnings: Vec<Warning>,
}

impl Loader<'_> {
    fn load(mut self, text: &str) -> Result<Config, ConfigError> {
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |place| place.line());
            ConfigError::at(self.name, line, error.without_snippet())
        })?;
        if let Some(version) = file.version.as_ref().filter(|v| v.value != "1") {
            let line = version.referenced.line();
            return Err(
                self.error(line, format!("version {:?} is not known: write version: \"1\"", version.value))
            );
        }
        self.warn("", file.inert());
        if let Some(identity) = &file.identity {
            self.warn("identity.", identity.inert());
        }
        let mut lists = self.tool_lists(file.gateway.as_ref())?;
        let mut backends = Vec::new();
        for (name, backend) in &file.mcp_servers {
            backends.push(self.backend(name, backend, lists.remove(name))?);
        }
        if let Some(name) = lists.keys().next() {
            return Err(ConfigError::new(format!(
                "{}: the tool lists name the server {name:?}, which is not in mcp_servers",
                self.name
            )));
        }
        self.check_names(&file.mcp_servers)?;
        let mut config = Config::new(backends);
        config.mode = match file.mode {
            Some(file::Mode::Observe) => Mode::Observe,
            Some(file::Mode::Enforce) | None => Mode::Enforce,
        };
        if let Some(server) = &file.server {
            self.warn("server.", server.inert());
            if let Some(level) = &server.log_level {
                config.log_level = format!("{:?}", level.value).to_lowercase();
            }
        }
        self.gateway(&mut config, file.gateway.as_ref())?;
        for (name, agent) in &file.agents {
            let agent = self.agent(name, agent)?;
            config.agents.insert(name.clone(), agent);
        }
        for rule in &file.rules {
            config.rules.extend(self.rule(rule)?);
        }
        self.recording(&mut config, &file)?;
        let own_rules = file.custom_rules_dir.as_ref().filter(|path| !path.as_os_str().is_empty());
        config.own_rules = own_rules.map(|path| self.folder.join(path));
        config.rate_limit = self.rate_limit(file.rate_limit.as_ref())?;
        self.warnings.sort_by_key(|warning| warning.line);
        config.warnings = self.warnings;
        Ok(config)
    }

    fn gateway(&mut self, config: &mut Config, gateway: Option<&file::Gateway>) -> Result<(), ConfigError> {
        let Some(gateway) = gateway else { return Ok(()) };
        self.warn("gateway.", gateway.inert());
        self.warn("gateway.limits.", gateway.limits.inert());
        if let Some(enabled) = gateway.enabled.as_ref().filter(|enabled| !enabled.value) {
            return Err(self.error(
                enabled.referenced.line(),
                "gateway.enabled is false: there is nothing else to serve",
            ));
        }
        let mut address = config.listen.ip();
        if let Some(bind) = gateway.bind.as_ref().filter(|bind| !bind.value.is_empty()) {
            address = match bind.value.as_str() {
                "localhost" => address,
                text => text.parse::<IpAddr>().map_err(|_| {
                    self.error(
                        bind.referenced.line(),
                        format!("gateway.bind {text:?} is no IP address: write one such as 127.0.0.1"),
                    )
                })?,
            };
        }
        config.listen = SocketAddr::new(address, gateway.port.unwrap_or(config.listen.port()));
        if let Some(path) = &gateway.endpoint_path {
            let fine = path.value.starts_with('/') && path.value.len() > 1 && !path.value.ends_with('/');
            if !fine || path.value.contains(|c: char| !c.is_ascii_graphic() || "?#%".contains(c)) {
                let line = path.referenced.line();
                return Err(self
                    .error(line, format!("gateway.endpoint_path {:?} is no path such as /mcp", path.value)));
            }
            config.endpoint = path.value.clone();
        }
        for (name, scan) in
            [("scan_requests", &gateway.scan_requests), ("scan_responses", &gateway.scan_responses)]
        {
            if let Some(off) = scan.as_ref().filter(|scan| !scan.value) {
                let message = format!("gateway.{name} is false: threats pass in this direction");
                self.warnings.push(Warning { line: off.referenced.line(), message });
            }
        }
        config.scan_requests = gateway.scan_requests.as_ref().is_none_or(|scan| scan.value);
        config.scan_responses = gateway.scan_responses.as_ref().is_none_or(|scan| scan.value);
        config.blocked_answer = match gateway.blocked_answer {
            Some(file::BlockedAnswer::Error) => BlockedAnswer::Error,
            Some(file::BlockedAnswer::Result) | None => BlockedAnswer::Result,
        };
        config.agent_trust = match gateway.agent_trust {
            Some(file::AgentTrust::Token) => AgentTrust::Token,
            Some(file::AgentTrust::Loopback) | None => AgentTrust::Loopback,
        };
        config.files.extend(gateway.tool_lists.as_ref().map(|path| self.folder.join(&path.value)));
        config.allowed_hosts = gateway.allowed_hosts.clone();
        config.allowed_origins = gateway.allowed_origins.clone();
        config.limits = limits(&gateway.limits);
        Ok(())
    }

    fn tool_lists(&self, gateway: Option<&file::Gateway>) -> Result<BTreeMap<String, ToolList>, ConfigError> {
        let Some(path) = gateway.and_then(|gateway| gateway.tool_lists.as_ref()) else {
            return Ok(BTreeMap::new());
        };
        let full = self.folder.join(&path.value);
        let failed = |error: &dyn fmt::Display| {
            self.error(path.referenced.line(), format!("gateway.tool_lists: {}: {error}", full.display()))
        };
        let json = std::fs::read_to_string(&full).map_err(|error| failed(&error))?;
        tool_lists::read(&json).map_err(|error| failed(&error))
    }

    fn backend(
        &mut self,
        name: &str,
        backend: &Spanned<file::Backend>,
        tools: Option<ToolList>,
    ) -> Result<BackendConfig, ConfigError> {
        let (line, file) = (backend.referenced.line(), &backend.value);
        self.warn(&format!("mcp_servers.{name}."), file.inert());
        let error = |message: &str| Err(self.error(line, format!("mcp_servers.{name}: {message}")));
        let key = format!("mcp_servers.{name}.url");
        let transport = match (file.transport.as_ref().map(|t| t.value), &file.command, &file.url) {
            (Some(file::Transport::Stdio) | None, Some(command), None) => Transport::Stdio {
                command: command.clone(),
                args: file.args.clone(),
                env: file.env.clone(),
                working_dir: file.working_dir.as_ref().map(|dir| self.folder.join(dir)),
            },
            (Some(file::Transport::Http) | None, None, Some(url)) => {
                Transport::Http { url: self.url(&key, url)?, headers: file.headers.clone() }
            }
            (Some(file::Transport::Sse), None, Some(url)) => {
                Transport::Sse { url: self.url(&key, url)?, headers: file.headers.clone() }
            }
            (Some(file::Transport::Stdio), _, _) => {
                return error("transport stdio takes a command and no url");
            }
            (Some(_), _, _) => return error("transport http or sse takes a url and no command"),
            (None, _, _) => return error("write either a command or a url"),
        };
        let timeout = file.timeout_seconds.map_or(Duration::from_secs(300), Duration::from_secs);
        let prefix = match file.prefix {
            Some(file::Prefix::Always) => Prefix::Always,
            Some(file::Prefix::Clash) | None => Prefix::Clash,
        };
        Ok(BackendConfig { name: name.to_string(), transport, timeout, prefix, tools })
    }

    /// Checks an address; `key` is what it stands behind.
    pub(super) fn url(&self, key: &str, url: &Spanned<String>) -> Result<String, ConfigError> {
        let scheme =
            url.value.parse::<hyper::Uri>().ok().and_then(|uri| uri.scheme_str().map(str::to_string));
        match scheme.as_deref() {
            Some("http") => Ok(url.value.clone()),
            Some("https") if cfg!(feature = "tls") => Ok(url.value.clone()),
            Some("https") => Err(self.error(
                url.referenced.line(),
                format!("{key} is https, and this program was built without the feature tls"),
            )),
            _ => Err(self
                .error(url.referenced.line(), format!("{key} {:?} is no http or https address", url.value))),
        }
    }

    /// Names must tell servers apart, also where they stand in front of a tool's name.
    fn check_names(&self, servers: &BTreeMap<String, Spanned<file::Backend>>) -> Result<(), ConfigError> {
        for (name, server) in servers {
            let line = server.referenced.line();
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) {
                return Err(self.error(
                    line,
                    format!("mcp_servers: the name {name:?} must be letters, digits, `_`, `-` and `.`"),
                ));
            }
            if let Some(other) = servers.keys().find(|other| other.starts_with(&format!("{name}_"))) {
                return Err(self.error(
                    line,
                    format!("mcp_servers: {other:?} begins with \"{name}_\", so that names of tools could mean either: rename one"),
                ));
            }
        }
        Ok(())
    }

    fn agent(&mut self, name: &str, agent: &Spanned<file::Agent>) -> Result<AgentConfig, ConfigError> {
        let (line, file) = (agent.referenced.line(), &agent.value);
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        {
            return Err(
                self.error(line, format!("agents: the name {name:?} must be letters, digits, `_` and `-`"))
            );
        }
        self.warn(&format!("agents.{name}."), file.inert());
        let token = match (&file.token_env, &file.token_sha256) {
            (None, None) => None,
            (Some(variable), None) => match std::env::var(&variable.value) {
                Ok(token) if token.len() >= 16 => Some(sha256(token.as_bytes())),
                Ok(_) => {
                    return Err(self.error(
                        variable.referenced.line(),
                        format!("the token in ${} is shorter than 16 characters", variable.value),
                    ));
                }
                Err(_) => {
                    return Err(self.error(
                        variable.referenced.line(),
                        format!("the environment variable {} is not set", variable.value),
                    ));
                }
            },
            (None, Some(digest)) => match unhex(&digest.value) {
                Some(digest) => Some(digest),
                None => {
                    return Err(self.error(
                        digest.referenced.line(),
                        format!("agents.{name}.token_sha256 is not 64 hexadecimal digits"),
                    ));
                }
            },
            (Some(_), Some(_)) => {
                return Err(
                    self.error(line, format!("agents.{name}: write token_env or token_sha256, not both"))
                );
            }
        };
        let allowed_tools = match file.allowed_tools.as_slice() {
            [] => None,
            // The one name by which the guide's configuration says: none.
            [none] if none == "__oktsec_deny_all__" => Some(Vec::new()),
            tools => Some(tools.to_vec()),
        };
        Ok(AgentConfig {
            allowed_tools,
            blocked_content: file.blocked_content.iter().map(|category| category.value.clone()).collect(),
            token,
            suspended: file.suspended,
            rate_limit: self.agent_rate(name, file.rate_limit.as_ref())?,
            max_concurrent_calls: self.concurrency(name, file.max_concurrent_calls.as_ref())?,
            tool_policies: self.tool_policies(name, &file.tool_policies)?,
        })
    }

    fn rule(&mut self, rule: &Spanned<file::Rule>) -> Result<Option<(String, RuleAction)>, ConfigError> {
        let (line, file) = (rule.referenced.line(), &rule.value);
        self.warn(&format!("rules: {}: ", file.id), file.inert());
        if let Some(scoped) = file.apply_to_tools.as_ref().or(file.exempt_tools.as_ref()) {
            // Without the scope the action would hold for all tools, which may be less safe than what was meant.
            let message = "apply_to_tools and exempt_tools are not supported: leave the action out, or let it hold for all tools";
            return Err(self.error(scoped.referenced.line(), format!("rules: {}: {message}", file.id)));
        }
        if file.id.is_empty() {
            return Err(self.error(line, "rules: a rule without an id"));
        }
        let Some(action) = &file.action else { return Ok(None) };
        let known = action.value.parse::<RuleAction>();
        let known = known
            .map_err(|error| self.error(action.referenced.line(), format!("rules: {}: {error}", file.id)))?;
        Ok(Some((file.id.clone(), known)))
    }

    /// Says something about a line that is no error.
    pub(super) fn note(&mut self, line: u64, message: String) {
        self.warnings.push(Warning { line, message });
    }

    pub(super) fn warn(&mut self, section: &str, inert: Vec<(&'static str, u64)>) {
        for (key, line) in inert {
            let more = match (section, key) {
                ("identity.", "require_signature") => {
                    ": what decides whether calls are stopped is `mode: enforce` or `mode: observe`"
                }
                (_, "tool_constraints") => ": arguments are not limited",
                _ => "",
            };
            self.warnings.push(Warning { line, message: format!("{section}{key} has no effect{more}") });
        }
    }

    pub(super) fn error(&self, line: u64, message: impl fmt::Display) -> ConfigError {
        ConfigError::at(self.name, line, message)
    }
}

fn limits(file: &file::Limits) -> Limits {
    let default = Limits::default();
    Limits {
        request_bytes: file.request_bytes.unwrap_or(default.request_bytes),
        response_bytes: file.response_bytes.unwrap_or(default.response_bytes),
        header_bytes: file.header_bytes.unwrap_or(default.header_bytes),
        sessions: file.sessions.unwrap_or(default.sessions),
        streams: file.streams.unwrap_or(default.streams),
        connections: file.connections.unwrap_or(default.connections),
        session_idle: file.session_idle_seconds.map_or(default.session_idle, Duration::from_secs),
        request_time: file.request_seconds.map_or(default.request_time, Duration::from_secs),
    }
}
