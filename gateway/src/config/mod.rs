//! The configuration: what the file may say, what it means, and what is wrong with it.

mod file;
mod load;
mod policies;
mod recording;
mod tool_lists;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use hypersieve::RuleAction;

pub use crate::limits::{Amount, AmountError};
pub use load::ConfigError;
pub use policies::{Rate, ToolPolicy};
pub(crate) use tool_lists::ToolList;

/// What a gateway does, checked and with all defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where agents connect.
    pub listen: SocketAddr,
    /// The path of the endpoint, such as `/mcp`.
    pub endpoint: String,
    /// Whether findings stop anything.
    pub mode: Mode,
    /// What agents send is scanned.
    pub scan_requests: bool,
    /// What backends answer is scanned.
    pub scan_responses: bool,
    /// How a blocked call is answered.
    pub blocked_answer: BlockedAnswer,
    /// When an agent's name is believed.
    pub agent_trust: AgentTrust,
    /// Values of `Host` that are accepted beside those of the loopback interface and of `listen`.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are accepted beside those of the loopback interface.
    pub allowed_origins: Vec<String>,
    /// What is refused for its size or number.
    pub limits: Limits,
    /// The folder of what outlives the gateway: its record, what was spent, and the tokens of agents. Without one the counters
    /// end with the gateway, and nothing else is kept.
    pub state: Option<PathBuf>,
    /// What is recorded, and how.
    pub audit: AuditConfig,
    /// How long a quarantined call waits for a person; `None` lets none wait.
    pub approval_expiry: Option<Duration>,
    /// Who is told of what is blocked and held.
    pub webhooks: Vec<WebhookConfig>,
    /// The files that it was read from.
    pub files: Vec<PathBuf>,
    /// A file or a folder with rules of the user's own, for whoever makes the database.
    pub own_rules: Option<PathBuf>,
    /// How many tools an agent may call in a time, unless it has a rate of its own.
    pub rate_limit: Option<Rate>,
    /// The least level that is logged, such as `info`.
    pub log_level: String,
    /// The MCP servers behind the gateway, by name.
    pub backends: Vec<BackendConfig>,
    /// The agents, by name. Without any, nobody has to say who they are.
    pub agents: BTreeMap<String, AgentConfig>,
    /// What is done about single rules.
    pub rules: Vec<(String, RuleAction)>,
    /// What in the file has no effect.
    pub warnings: Vec<Warning>,
}

/// Whether findings stop anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What is found is logged and stopped.
    #[default]
    Enforce,
    /// What is found is logged; nothing is stopped for what it says.
    Observe,
}

/// How a blocked call is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlockedAnswer {
    /// With a result that says `isError: true`, which the model gets to read.
    #[default]
    Result,
    /// With the JSON-RPC error -32600.
    Error,
}

/// When an agent's name is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentTrust {
    /// From the loopback interface by name alone, unless the agent has a token; from elsewhere with its token.
    #[default]
    Loopback,
    /// With the agent's token only.
    Token,
}

/// What is refused for its size or number; each refusal is an error that names the limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request's body.
    pub request_bytes: usize,
    /// Bytes of an answer, or of one event of a stream.
    pub response_bytes: usize,
    /// Bytes of all headers of a request.
    pub header_bytes: usize,
    /// MCP sessions at a time.
    pub sessions: usize,
    /// Streams of events open at a time.
    pub streams: usize,
    /// Connections of agents at a time.
    pub connections: usize,
    /// How long a session may be unused.
    pub session_idle: Duration,
    /// How long a client may take to send a request.
    pub request_time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_bytes: 16 << 20,
            response_bytes: 64 << 20,
            header_bytes: 64 << 10,
            sessions: 4096,
            streams: 4096,
            connections: 8192,
            session_idle: Duration::from_secs(3600),
            request_time: Duration::from_secs(30),
        }
    }
}

/// What is recorded, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditConfig {
    /// The database with a row for every decision; held calls wait in it, too.
    pub database: Option<PathBuf>,
    /// A file with a line of JSON for every decision.
    pub lines: Option<PathBuf>,
    /// How long rows are kept; `None` keeps them for ever.
    pub retention: Option<Duration>,
    /// What happens to calls while the database can't be written.
    pub on_failure: OnFailure,
    /// Whether an answer waits until its row is on the disk. Otherwise rows are written some milliseconds later.
    pub durable_answers: bool,
}

/// What happens to calls while the database can't be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// They are refused.
    #[default]
    Refuse,
    /// They pass, and their rows wait.
    Pass,
}

/// Who is told of what is blocked and held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Its name in the log.
    pub name: String,
    /// Where alerts are posted to.
    pub url: String,
    /// What it is told of.
    pub events: Vec<AlertEvent>,
    /// What alerts are signed with.
    pub secret: Option<Secret>,
}

/// What somebody may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertEvent {
    /// A message was blocked.
    Blocked,
    /// A message was quarantined.
    Quarantined,
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// An MCP server behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendConfig {
    /// Its name in the configuration.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
    /// How long it may take to begin an answer.
    pub timeout: Duration,
    /// When its tools carry its name.
    pub prefix: Prefix,
    /// Which of its tools may be used.
    pub(crate) tools: Option<ToolList>,
}

/// When the tools of a backend carry its name in front of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    /// Where two backends have a tool of the same name.
    #[default]
    Clash,
    /// Always, if there is more than one backend.
    Always,
}

/// How an MCP server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A child process, one for each MCP session.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Added to the gateway's own environment.
        env: BTreeMap<String, String>,
        /// Where it runs.
        working_dir: Option<PathBuf>,
    },
    /// Streamable HTTP.
    Http {
        /// The endpoint.
        url: String,
        /// Sent with every request.
        headers: BTreeMap<String, String>,
    },
    /// HTTP with server-sent events, as before 2025.
    Sse {
        /// Where the stream of events is.
        url: String,
        /// Sent with every request.
        headers: BTreeMap<String, String>,
    },
}

/// What is known of an agent.
#[derive(Clone, Debug, Default)]
pub struct AgentConfig {
    /// The tools it may call; `None` means all.
    pub allowed_tools: Option<Vec<String>>,
    /// The categories it may neither send nor be sent.
    pub blocked_content: Vec<String>,
    /// SHA-256 of its bearer token.
    pub token: Option<[u8; 32]>,
    /// Every call of it is refused.
    pub suspended: bool,
    /// How many tools it may call in a time.
    pub rate_limit: Option<Rate>,
    /// How many of its calls may be open at once; `None` means any number.
    pub max_concurrent_calls: Option<usize>,
    /// Amounts and rates of single tools, by names as in [`allowed_tools`](AgentConfig::allowed_tools).
    pub tool_policies: BTreeMap<String, ToolPolicy>,
}

/// A key of the file that has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line, counted from 1.
    pub line: u64,
    /// What has no effect, and why.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl Config {
    /// A gateway on the loopback interface with these backends and everything else at its default.
    pub fn new(backends: Vec<BackendConfig>) -> Config {
        Config {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
            endpoint: "/mcp".into(),
            mode: Mode::default(),
            scan_requests: true,
            scan_responses: true,
            blocked_answer: BlockedAnswer::default(),
            agent_trust: AgentTrust::default(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            limits: Limits::default(),
            state: None,
            audit: AuditConfig::default(),
            approval_expiry: Some(Duration::from_secs(24 * 3600)),
            webhooks: Vec::new(),
            files: Vec::new(),
            own_rules: None,
            rate_limit: None,
            log_level: "info".into(),
            backends,
            agents: BTreeMap::new(),
            rules: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl BackendConfig {
    /// A backend with everything but its name and transport at its default.
    pub fn new(name: impl Into<String>, transport: Transport) -> BackendConfig {
        BackendConfig {
            name: name.into(),
            transport,
            timeout: Duration::from_secs(300),
            prefix: Prefix::default(),
            tools: None,
        }
    }
}

const DEFAULT_PORT: u16 = 9090;
