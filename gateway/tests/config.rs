//! The configuration: what loads, what it means, and what is said about what is wrong.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use hypersieve::RuleAction;
use hypersieve_gateway::config::{AlertEvent, Config, Mode, OnFailure, Transport};

fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.yaml");
    std::fs::write(&path, text).unwrap();
    std::fs::write(
        folder.path().join("lists.json"),
        r#"{"servers": {"a": {"mode": "deny", "tools": ["rm"]}}}"#,
    )
    .unwrap();
    Config::load(&path)
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "gateway.yaml"))
}

#[test]
fn the_guide_loads_with_a_warning_for_what_has_no_effect() {
    let config = Config::load(Path::new("tests/config/guide.yaml")).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:9090");
    assert_eq!(config.endpoint, "/mcp");
    assert_eq!(config.mode, Mode::Enforce);
    assert!(
        matches!(&config.backends[0].transport, Transport::Stdio { command, args, .. } if command == "npx" && args.len() == 3)
    );
    assert!(matches!(&config.backends[1].transport, Transport::Http { headers, .. } if headers.len() == 1));
    let researcher = &config.agents["researcher"];
    assert_eq!(
        researcher.allowed_tools.as_deref().unwrap(),
        ["filesystem_read_file", "filesystem_search_files"]
    );
    assert_eq!(researcher.blocked_content, ["credentials"]);
    assert_eq!(config.agents["planner"].allowed_tools, None);
    assert_eq!(config.rules, [("IAP-001".into(), RuleAction::Block), ("CL-001".into(), RuleAction::Block)]);
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "line 4: server.port has no effect",
            "line 7: identity.keys_dir has no effect",
            "line 8: identity.require_signature has no effect: what decides whether calls are stopped is `mode: enforce` or `mode: observe`",
            "line 29: agents.researcher.can_message has no effect",
            "line 35: agents.planner.can_message has no effect",
        ]
    );
}

#[test]
fn mistakes_are_named_with_their_line() {
    for (text, message) in [
        ("gatewy: {}\n", "gateway.yaml:1: unknown field `gatewy`"),
        (
            "version: \"1\"\nagents:\n  a:\n    allowed_tool: [x]\n",
            "gateway.yaml:4: unknown field `allowed_tool`",
        ),
        ("version: \"1\"\nversion: \"1\"\n", "gateway.yaml:2: duplicate"),
        ("version: \"2\"\n", "gateway.yaml:1: version \"2\" is not known"),
        ("mode: watch\n", "gateway.yaml:1: unknown variant `watch`"),
        ("gateway:\n  enabled: false\n", "gateway.yaml:2: gateway.enabled is false"),
        ("gateway:\n  bind: everywhere\n", "gateway.yaml:2: gateway.bind \"everywhere\" is no IP address"),
        ("gateway:\n  endpoint_path: mcp\n", "gateway.yaml:2: gateway.endpoint_path \"mcp\" is no path"),
        ("gateway:\n  port: 99999\n", "gateway.yaml:2: "),
        ("gateway:\n  tool_lists: none.json\n", "gateway.yaml:2: gateway.tool_lists: "),
        ("gateway:\n  tool_lists: lists.json\n", "the tool lists name the server \"a\""),
        (
            "mcp_servers:\n  a:\n    transport: stdio\n",
            "gateway.yaml:3: mcp_servers.a: transport stdio takes a command",
        ),
        (
            "mcp_servers:\n  a:\n    url: ftp://example.com\n",
            "gateway.yaml:3: mcp_servers.a.url \"ftp://example.com\" is no http",
        ),
        (
            "mcp_servers:\n  a: {url: 'http://example.com'}\n  a_b: {command: x}\n",
            "names of tools could mean either",
        ),
        ("quarantine: {expiry_hours: 0}\n", "gateway.yaml:1: quarantine.expiry_hours is 0: write 1 to 8760"),
        ("audit: {on_failure: ignore}\n", "gateway.yaml:1: unknown variant `ignore`"),
        ("webhooks:\n  - {name: team}\n", "gateway.yaml:2: webhooks: one without a url"),
        ("webhooks:\n  - {url: 'mailto:a'}\n", "gateway.yaml:2: webhooks: url \"mailto:a\" is no http"),
        (
            "webhooks:\n  - {url: 'http://127.0.0.1:1/', secret_env: HYPERSIEVE_TEST_UNSET}\n",
            "gateway.yaml:2: the environment variable HYPERSIEVE_TEST_UNSET is not set",
        ),
        ("agents:\n  ../x: {}\n", "gateway.yaml:2: agents: the name \"../x\""),
        ("agents:\n  a: {token_env: HYPERSIEVE_TEST_UNSET}\n", "HYPERSIEVE_TEST_UNSET is not set"),
        ("agents:\n  a: {token_sha256: abc}\n", "not 64 hexadecimal digits"),
        ("rules:\n  - id: X\n    action: alow\n", "gateway.yaml:3: rules: X: unknown action `alow`"),
        (
            "rules:\n  - id: X\n    action: ignore\n    exempt_tools: [Read]\n",
            "gateway.yaml:4: rules: X: apply_to_tools",
        ),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.contains(message), "{text}\n{error}\nshould contain: {message}");
    }
}

#[test]
fn defaults_and_limits() {
    let config = load("gateway: {tool_lists: lists.json, limits: {sessions: 3, session_idle_seconds: 5}}\nmcp_servers: {a: {url: 'http://127.0.0.1:1/mcp', timeout_seconds: 7}}\n").unwrap();
    assert_eq!((config.limits.sessions, config.limits.session_idle), (3, Duration::from_secs(5)));
    assert_eq!(config.limits.response_bytes, 64 << 20);
    assert_eq!(config.backends[0].timeout, Duration::from_secs(7));
    assert!(config.scan_requests && config.scan_responses && config.warnings.is_empty());
    let off = load("gateway:\n  scan_responses: false\n").unwrap();
    assert!(!off.scan_responses);
    assert_eq!(
        off.warnings[0].to_string(),
        "line 2: gateway.scan_responses is false: threats pass in this direction"
    );
}

#[test]
fn records_held_calls_and_alerts() {
    let named = |config: &Config| {
        let database = config.audit.database.as_ref().unwrap();
        let folder = database.parent().unwrap().file_name().unwrap().to_str().unwrap().to_string();
        (folder, database.file_name().unwrap().to_str().unwrap().to_string())
    };
    let plain = load("version: \"1\"\n").unwrap();
    assert_eq!(named(&plain), ("hypersieve-state".into(), "audit.db".into()));
    assert_eq!(plain.approval_expiry, Some(Duration::from_secs(24 * 3600)));
    assert_eq!((plain.audit.retention, plain.audit.on_failure), (None, OnFailure::Refuse));
    let other = load(
        "state: kept\naudit: {retention_days: 2, on_failure: pass, path: x.jsonl}\nquarantine: {expiry_hours: 1}\n",
    );
    let other = other.unwrap();
    assert_eq!(named(&other), ("kept".into(), "audit.db".into()));
    assert_eq!(other.audit.retention, Some(Duration::from_secs(2 * 24 * 3600)));
    assert_eq!(
        (other.audit.on_failure, other.approval_expiry),
        (OnFailure::Pass, Some(Duration::from_secs(3600)))
    );
    assert!(other.audit.lines.is_some());
    let guide = load("state: kept\ndb_path: oktsec.db\nquarantine: {enabled: false}\n").unwrap();
    assert_eq!(named(&guide).1, "oktsec.db");
    assert_eq!(guide.approval_expiry, None);
    let off = load("audit:\n  database: false\n").unwrap();
    assert_eq!(off.audit.database, None);
    assert!(
        off.warnings[0].to_string().starts_with("line 2: audit.database is false: decisions are not kept")
    );
    let hooks =
        load("webhooks:\n  - {name: team, url: 'http://127.0.0.1:1/', events: [block, silence]}\n").unwrap();
    assert_eq!(hooks.webhooks[0].events, [AlertEvent::Blocked]);
    let warnings: Vec<String> = hooks.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "line 2: webhooks: team: the event \"silence\" has no effect: there are blocked and quarantined",
            "line 2: webhooks: team: has no secret_env: its receiver can't tell who sends",
        ]
    );
}
