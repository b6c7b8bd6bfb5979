//! The shape of the file. A key that is not here is an error; one of the type [`Inert`] is taken and has no effect.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

/// A key that the guide's configuration knows and that does nothing here.
pub(super) type Inert = Option<Spanned<IgnoredAny>>;

/// Makes a struct, and the list of those of its inert keys that were written, with their lines.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($key:ident: $type:ty,)* } inert { $($inert:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name {
            $(pub(super) $key: $type,)*
            $($inert: Inert,)*
        }

        impl $name {
            #[allow(clippy::vec_init_then_push, unused_mut)]
            pub(super) fn inert(&self) -> Vec<(&'static str, u64)> {
                let mut written = Vec::new();
                $(if let Some(value) = &self.$inert {
                    written.push((stringify!($inert), value.referenced.line()));
                })*
                written
            }
        }
    };
}

section! {
    /// The whole file.
    File {
        version: Option<Spanned<String>>,
        mode: Option<Mode>,
        server: Option<Server>,
        gateway: Option<Gateway>,
        identity: Option<Identity>,
        mcp_servers: BTreeMap<String, Spanned<Backend>>,
        agents: BTreeMap<String, Spanned<Agent>>,
        rules: Vec<Spanned<Rule>>,
        state: Option<PathBuf>,
        db_path: Option<PathBuf>,
        audit: Option<Audit>,
        custom_rules_dir: Option<PathBuf>,
        rate_limit: Option<RateLimit>,
        quarantine: Option<Quarantine>,
        webhooks: Vec<Spanned<Webhook>>,
    } inert {
        deployment, trust_boundaries, default_policy, category_webhooks, db_backend, db_dsn, anomaly, forward_proxy,
        alerting, hooks, llm, telemetry, guard,
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Enforce,
    Observe,
}

section! {
    Server {
        log_level: Option<Spanned<LogLevel>>,
    } inert { port, bind, require_intent, api_key, }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

section! {
    Identity {
    } inert { keys_dir, require_signature, require_delegation, ephemeral, principals, }
}

section! {
    Gateway {
        enabled: Option<Spanned<bool>>,
        port: Option<u16>,
        bind: Option<Spanned<String>>,
        endpoint_path: Option<Spanned<String>>,
        scan_requests: Option<Spanned<bool>>,
        scan_responses: Option<Spanned<bool>>,
        blocked_answer: Option<BlockedAnswer>,
        agent_trust: Option<AgentTrust>,
        allowed_hosts: Vec<String>,
        allowed_origins: Vec<String>,
        tool_lists: Option<Spanned<PathBuf>>,
        limits: Limits,
    } inert {
        dep_check, verify_delegation_scope, disable_auto_register, require_auth, auth_methods, trusted_loopback_headers,
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BlockedAnswer {
    Result,
    Error,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AgentTrust {
    Loopback,
    Token,
}

section! {
    Limits {
        request_bytes: Option<usize>,
        response_bytes: Option<usize>,
        header_bytes: Option<usize>,
        sessions: Option<usize>,
        streams: Option<usize>,
        connections: Option<usize>,
        session_idle_seconds: Option<u64>,
        request_seconds: Option<u64>,
    } inert {}
}

section! {
    Backend {
        transport: Option<Spanned<Transport>>,
        command: Option<String>,
        args: Vec<String>,
        url: Option<Spanned<String>>,
        headers: BTreeMap<String, String>,
        env: BTreeMap<String, String>,
        working_dir: Option<PathBuf>,
        timeout_seconds: Option<u64>,
        prefix: Option<Prefix>,
    } inert { egress_sandbox, }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Transport {
    Stdio,
    Http,
    Sse,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Prefix {
    Clash,
    Always,
}

section! {
    Agent {
        allowed_tools: Vec<String>,
        blocked_content: Vec<Spanned<String>>,
        token_env: Option<Spanned<String>>,
        token_sha256: Option<Spanned<String>>,
        suspended: bool,
        description: Option<String>,
        tags: Vec<String>,
        created_by: Option<String>,
        created_at: Option<String>,
        location: Option<String>,
        rate_limit: Option<AgentRate>,
        max_concurrent_calls: Option<Spanned<i64>>,
        tool_policies: BTreeMap<String, ToolPolicy>,
    } inert {
        can_message, acl_entries, tool_constraints, tool_chain_rules, scan_profile, egress,
        max_delegation_depth, key_version,
    }
}

section! {
    /// Of every agent that has no rate of its own.
    RateLimit {
        per_agent: Option<Spanned<i64>>,
        window: Option<Spanned<i64>>,
    } inert { per_ip, backend, redis_url, }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AgentRate {
    pub(super) calls: Option<Spanned<i64>>,
    pub(super) window: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ToolPolicy {
    pub(super) max_amount: Option<Spanned<String>>,
    pub(super) daily_limit: Option<Spanned<String>>,
    pub(super) require_approval_above: Option<Spanned<String>>,
    pub(super) rate_limit: Option<Spanned<i64>>,
    pub(super) amount_argument: Option<Spanned<String>>,
    pub(super) currency: Option<Spanned<String>>,
}

section! {
    Rule {
        id: String,
        action: Option<Spanned<String>>,
        apply_to_tools: Option<Spanned<IgnoredAny>>,
        exempt_tools: Option<Spanned<IgnoredAny>>,
    } inert { severity, notify, template, managed_by_policy, }
}

section! {
    Audit {
        database: Option<Spanned<bool>>,
        path: Option<PathBuf>,
        retention_days: Option<u32>,
        on_failure: Option<OnFailure>,
        durable_answers: bool,
    } inert { export_blocked, }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OnFailure {
    Refuse,
    Pass,
}

section! {
    Quarantine {
        enabled: Option<bool>,
        expiry_hours: Option<Spanned<u32>>,
    } inert { retention_days, archive_dir, }
}

section! {
    Webhook {
        name: Option<String>,
        url: Option<Spanned<String>>,
        events: Vec<Spanned<String>>,
        secret_env: Option<Spanned<String>>,
    } inert {}
}
