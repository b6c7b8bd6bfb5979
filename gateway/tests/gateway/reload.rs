//! Another configuration while calls go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::{Method, StatusCode};
use hypersieve::{Database, Pattern, Rule, Severity};
use hypersieve_gateway::config::{AgentConfig, Config};
use serde_json::json;

use crate::backend::Backend;
use crate::client::{Gateway, call, database, http, piece};

const LIST: &str = r#"{"jsonrpc":"2.0","id":"l","method":"tools/list"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_policies_change_for_the_next_call() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    config.agents.insert("a".into(), AgentConfig::default());
    let gateway = Gateway::start(config.clone()).await;
    let client = gateway.client_at("/a").await;
    let fine = || async { client.call("text", json!({"text": "a new threat"})).await.content() };
    assert_eq!(fine().await, "a new threat");
    let upstream = backend.last("tools/call").headers["mcp-session-id"].clone();
    let rule =
        Rule::new("NEW", "prompt-injection", Severity::Critical).pattern(Pattern::literal("new threat"));
    let rules = Database::builder().rules([rule]).build().unwrap();
    gateway.reloader.reload(config.clone(), &rules).await.unwrap();
    assert_eq!(fine().await, "blocked by hypersieve: content_blocked (1 rule triggered)");
    config.agents.get_mut("a").unwrap().allowed_tools = Some(vec!["echo".into()]);
    gateway.reloader.reload(config.clone(), &database()).await.unwrap();
    assert!(fine().await.contains("tool_not_allowed"));
    let list = client.post(LIST).await.json();
    assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 1, "{list}");
    config.agents.get_mut("a").unwrap().allowed_tools = None;
    gateway.reloader.reload(config, &database()).await.unwrap();
    assert_eq!(fine().await, "a new threat");
    assert_eq!(
        backend.last("tools/call").headers["mcp-session-id"],
        upstream,
        "the session went on all along"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_changes_nothing() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    let gateway = Gateway::start(config.clone()).await;
    let client = gateway.client().await;
    let agent = AgentConfig { blocked_content: vec!["no-such-category".into()], ..AgentConfig::default() };
    config.agents.insert("a".into(), agent);
    let error = gateway.reloader.reload(config, &database()).await.unwrap_err().to_string();
    assert!(error.contains("no-such-category"), "{error}");
    assert!(gateway.reloader.reload(Config::new(Vec::new()), &database()).await.is_err());
    assert_eq!(
        client.call("text", json!({"text": "x"})).await.content(),
        "x",
        "nobody has to say who they are"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn poisoned_tools_are_judged_by_the_new_rules() {
    let backend = Backend::start_with(&["text"]).await;
    let config = Config::new(vec![http("one", &backend.url)]);
    let gateway = Gateway::start(config.clone()).await;
    let client = gateway.client().await;
    assert_eq!(client.call("text", json!({"text": "x"})).await.content(), "x");
    let rule =
        Rule::new("NEW", "prompt-injection", Severity::Critical).pattern(Pattern::literal("for tests"));
    let rules = Database::builder().rules([rule]).build().unwrap();
    gateway.reloader.reload(config.clone(), &rules).await.unwrap();
    let refused = client.call("text", json!({"text": "x"})).await.content();
    assert!(refused.contains("poisoned_tool"), "its description says so: {refused}");
    gateway.reloader.reload(config, &database()).await.unwrap();
    assert_eq!(client.call("text", json!({"text": "x"})).await.content(), "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_come_and_go_and_calls_in_flight_end_as_they_began() {
    let files = Backend::start_with(&["text", "ask"]).await;
    let web = Backend::start_with(&["fetch"]).await;
    let (one, two) = (http("files", &files.url), http("web", &web.url));
    let gateway = Gateway::start(Config::new(vec![one.clone()])).await;
    let client = gateway.client().await;
    let mut open = client.send(Method::POST, &call(1, "ask", &json!({}))).await.into_body();
    assert!(piece(&mut open).await.unwrap().contains("who are you?"));
    gateway.reloader.reload(Config::new(vec![two.clone(), one.clone()]), &database()).await.unwrap();
    assert_eq!(
        client.call("fetch", json!({})).await.content(),
        "called fetch",
        "a session has the new one, too"
    );
    assert_eq!(client.call("text", json!({"text": "x"})).await.content(), "x", "in its new place");
    gateway.reloader.reload(Config::new(vec![two.clone()]), &database()).await.unwrap();
    let list = client.post(LIST).await.json();
    assert_eq!(list["result"]["tools"][0]["name"], "fetch", "{list}");
    // The server that is gone from the configuration still gets to end what it began.
    let mut direct = gateway.stranger("");
    direct.url = files.url.clone();
    direct.post(r#"{"jsonrpc":"2.0","id":0,"result":{"content":{"name":"Ada"}}}"#).await;
    assert!(piece(&mut open).await.unwrap().contains("Ada"));
    assert_eq!(piece(&mut open).await, None);
    for _ in 0..500 {
        let received = files.received.lock().unwrap().clone();
        if received.iter().any(|received| received.method == Method::DELETE && is_clients(&received.headers))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the client's session at the server that is gone is never ended");
}

/// The gateway's own sessions, for lists, are the odd ones: it opens one before each client's.
fn is_clients(headers: &hyper::HeaderMap) -> bool {
    headers.get("mcp-session-id").is_some_and(|id| id == "session-2")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_comes_again() {
    let backend = Backend::start().await;
    let config = Config::new(vec![http("one", &backend.url)]);
    let gateway = Gateway::start(config.clone()).await;
    let client = gateway.client().await;
    let mut listening = client.get().await.into_body();
    gateway.reloader.reload(config, &database()).await.unwrap();
    assert_eq!(piece(&mut listening).await, None, "its stream ends: it was judged by the old rules");
    assert_eq!(client.get().await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_while_reloads_go_on() {
    let (one, two) = (Backend::start_with(&["text"]).await, Backend::start_with(&["fetch"]).await);
    let both = Config::new(vec![http("two", &two.url), http("one", &one.url)]);
    let mut alone = Config::new(vec![http("one", &one.url)]);
    alone.rules.push(("HINT".into(), hypersieve::RuleAction::Block));
    let gateway = Gateway::start(both.clone()).await;
    let (ended, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..8 {
        let (client, ended, calls) = (gateway.client().await, ended.clone(), calls.clone());
        callers.spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                let text = format!("{caller}-{}", calls.fetch_add(1, Ordering::Relaxed));
                let answer = client.call("text", json!({"text": text})).await;
                assert_eq!((answer.status, answer.content()), (StatusCode::OK, text));
            }
        });
    }
    for turn in 0..30 {
        let before = calls.load(Ordering::Relaxed);
        let config = if turn % 2 == 0 { alone.clone() } else { both.clone() };
        gateway.reloader.reload(config, &database()).await.unwrap();
        let mut bad = both.clone();
        bad.backends.clear();
        gateway.reloader.reload(bad, &database()).await.unwrap_err();
        // Calls go on between two reloads, and so during them.
        while calls.load(Ordering::Relaxed) < before + 16 && callers.len() == 8 {
            assert!(callers.try_join_next().is_none(), "a caller ended early");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    ended.store(true, Ordering::Relaxed);
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    assert!(calls.load(Ordering::Relaxed) >= 30 * 16);
    assert_eq!(gateway.client().await.call("text", json!({"text": "x"})).await.content(), "x");
}
