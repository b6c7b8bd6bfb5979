//! MCP sessions: whose they are, how many, and when they end.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use hyper::StatusCode;
use hypersieve_gateway::config::Config;
use serde_json::json;

use crate::backend::Backend;
use crate::client::{Gateway, http, read};

#[tokio::test(flavor = "multi_thread")]
async fn unknown_sessions_are_not_found() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    let mut client = gateway.client().await;
    assert_eq!(client.delete().await.status, StatusCode::OK);
    assert_eq!(client.call("text", json!({"text": "x"})).await.status, StatusCode::NOT_FOUND, "it was ended");
    client.headers.insert("mcp-session-id", "0123".parse().unwrap());
    assert_eq!(client.call("text", json!({"text": "x"})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.get().await.status(), StatusCode::NOT_FOUND);
    assert_eq!(client.delete().await.status, StatusCode::NOT_FOUND);
    assert_eq!(backend.count("tools/call"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_session_is_one_at_the_server() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    let (one, two) = (gateway.client().await, gateway.client().await);
    assert_ne!(one.headers["mcp-session-id"], two.headers["mcp-session-id"]);
    one.call("text", json!({"text": "x"})).await;
    let first = backend.last("tools/call").headers["mcp-session-id"].clone();
    two.call("text", json!({"text": "x"})).await;
    let second = backend.last("tools/call").headers["mcp-session-id"].clone();
    assert_ne!(first, second);
    assert_ne!(first, one.headers["mcp-session-id"], "the server's own name for it stays with the gateway");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_limited_in_number_and_in_idle_time() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    config.limits.sessions = 2;
    config.limits.session_idle = Duration::from_millis(400);
    let gateway = Gateway::start(config).await;
    let (_one, two) = (gateway.client().await, gateway.client().await);
    let hello = r#"{"jsonrpc":"2.0","id":5,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;
    let got = gateway.stranger("").post(hello).await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(got.text().contains("limits.sessions") && got.json()["id"] == 5, "{}", got.text());
    let mut metrics = gateway.stranger("");
    metrics.url = gateway.url.replace("/mcp", "/metrics");
    for _ in 0..500 {
        if read(metrics.get().await).await.text().contains("hypersieve_sessions 0\n") {
            assert_eq!(two.call("text", json!({"text": "x"})).await.status, StatusCode::NOT_FOUND);
            assert_eq!(gateway.stranger("").post(hello).await.status, StatusCode::OK, "there is room again");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("idle sessions are never ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_sessions_at_once() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    let gateway = &gateway;
    // All are open at once, but not all are opened in the same moment: that would measure the queue of the port.
    let opened = stream::iter(0..1000).map(|_| gateway.client()).buffer_unordered(64);
    let clients: Vec<_> = opened.collect().await;
    let ids: std::collections::HashSet<_> =
        clients.iter().map(|c| c.headers["mcp-session-id"].clone()).collect();
    assert_eq!(ids.len(), 1000);
    let calls = stream::iter(clients.iter().enumerate()).map(|(n, client)| async move {
        client.call("text", json!({"text": format!("number {n}")})).await.content() == format!("number {n}")
    });
    assert!(calls.buffer_unordered(64).all(|fine| async move { fine }).await);
    assert_eq!(backend.count("notifications/initialized"), 1001, "none was lost; one is the gateway's own");
}
