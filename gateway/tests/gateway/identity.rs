//! Who may call, and from where.

use hyper::StatusCode;
use hypersieve_gateway::config::{AgentConfig, Config};

use crate::backend::Backend;
use crate::client::{Gateway, http};

const HELLO: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_named_by_path_header_or_token() {
    let backend = Backend::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.yaml");
    std::fs::write(
        &path,
        format!("mcp_servers: {{one: {{url: '{}'}}}}\nagents: {{open: {{}}}}\n", backend.url),
    )
    .unwrap();
    let gateway = Gateway::start(Config::load(&path).unwrap()).await;
    gateway.client_at("/open").await;
    let mut client = gateway.stranger("");
    assert_eq!(client.post(HELLO).await.status, StatusCode::FORBIDDEN, "nobody");
    client.headers.insert("x-oktsec-agent", "open".parse().unwrap());
    assert_eq!(client.post(HELLO).await.status, StatusCode::OK);
    client.headers.insert("x-hypersieve-agent", "other".parse().unwrap());
    assert_eq!(client.post(HELLO).await.status, StatusCode::BAD_REQUEST, "two names");
    assert_eq!(gateway.stranger("/other").post(HELLO).await.status, StatusCode::FORBIDDEN);
    assert_eq!(gateway.stranger("/open/more").post(HELLO).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_needed_where_one_is_configured() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    let token = ring::digest::digest(&ring::digest::SHA256, b"a-token-for-tests");
    let token = token.as_ref().try_into().unwrap();
    config.agents.insert("closed".into(), AgentConfig { token: Some(token), ..AgentConfig::default() });
    let gateway = Gateway::start(config).await;
    let mut client = gateway.stranger("/closed");
    let got = client.post(HELLO).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    assert!(got.headers.contains_key("www-authenticate"));
    client.headers.insert("authorization", "Bearer a-token-for-tests".parse().unwrap());
    assert_eq!(client.post(HELLO).await.status, StatusCode::OK);
    let sent = backend.last("initialize");
    assert!(!sent.headers.contains_key("authorization"), "the token is for the gateway");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_others_are_refused() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    for (header, value) in
        [("origin", "http://evil.example.com"), ("host", "evil.example.com"), ("origin", "null")]
    {
        let mut client = gateway.stranger("");
        client.headers.insert(hyper::header::HeaderName::from_static(header), value.parse().unwrap());
        assert_eq!(client.post(HELLO).await.status, StatusCode::FORBIDDEN, "{header}: {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_the_wrong_form_are_refused() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    for (header, value, status) in [
        ("content-type", "text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("content-encoding", "gzip", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("accept", "application/json", StatusCode::NOT_ACCEPTABLE),
    ] {
        let mut client = gateway.stranger("");
        client.headers.insert(hyper::header::HeaderName::from_static(header), value.parse().unwrap());
        assert_eq!(client.post(HELLO).await.status, status, "{header}: {value}");
    }
    assert_eq!(
        gateway.stranger("").send(hyper::Method::PUT, HELLO).await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}
