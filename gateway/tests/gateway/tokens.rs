//! Tokens that are issued and revoked while the gateway runs.

use hyper::StatusCode;
use hypersieve_gateway::config::{AgentConfig, Config};
use hypersieve_gateway::tokens::TokenFile;
use serde_json::json;

use crate::backend::Backend;
use crate::client::{Gateway, http};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_works_from_its_issue_to_its_revocation() {
    let backend = Backend::start().await;
    let state = tempfile::tempdir().unwrap();
    let mut config = Config::new(vec![http("one", &backend.url)]);
    config.state = Some(state.path().to_path_buf());
    config.agents.insert("coder".into(), AgentConfig::default());
    let gateway = Gateway::start(config).await;
    let mut client = gateway.client_at("/coder").await;
    assert_eq!(client.call("text", json!({"text": "by name"})).await.content(), "by name");
    let tokens = TokenFile::in_folder(state.path());
    let (issued, token) = tokens.add("coder").unwrap();
    assert_eq!(client.call("text", json!({"text": "x"})).await.status, StatusCode::UNAUTHORIZED);
    client.headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    assert_eq!(client.call("text", json!({"text": "by token"})).await.content(), "by token");
    assert!(!backend.last("tools/call").headers.contains_key("authorization"), "it is for the gateway");
    tokens.revoke(&issued.id).unwrap();
    let refused = client.call("text", json!({"text": "x"})).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.text().contains("revoked"), "{}", refused.text());
    client.headers.remove("authorization");
    assert_eq!(client.call("text", json!({"text": "x"})).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(backend.count("tools/call"), 2);
}
