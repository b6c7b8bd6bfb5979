//! Servers that die, hang and send nonsense; clients that go away.

use std::time::Duration;

use hyper::{Method, StatusCode};
use hypersieve_gateway::config::Config;
use serde_json::json;

use crate::backend::Backend;
use crate::client::{Gateway, call, http, piece};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_mid_answer_is_an_error_for_this_call() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    let client = gateway.client().await;
    let got = client.call("die", json!({})).await;
    assert!(got.text().contains("half"));
    assert_eq!((got.json()["id"].clone(), got.json()["error"]["code"].clone()), (json!(1), json!(-33003)));
    assert_eq!(client.call("text", json!({"text": "fine"})).await.content(), "fine", "the next call works");
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_not_passed_on() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    let client = gateway.client().await;
    assert!(
        client
            .call("invalid", json!({}))
            .await
            .content()
            .contains("scan_error (the backend sent what is no message")
    );
    for nonsense in ["data: {\"a\":}\n\n", "data: [1]\n\n", "data: plain\n\n"] {
        let got = client.call("events", json!({"pieces": [nonsense]})).await;
        assert!(got.content().contains("scan_error"), "{}", got.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_given_up() {
    let backend = Backend::start().await;
    let mut one = http("one", &backend.url);
    one.timeout = Duration::from_millis(300);
    let gateway = Gateway::start(Config::new(vec![one])).await;
    let client = gateway.client().await;
    let got = client.call("hang", json!({})).await;
    assert_eq!(got.status, StatusCode::GATEWAY_TIMEOUT);
    assert!(got.text().contains("did not answer within 0.3 s"), "{}", got.text());
    assert_eq!(got.json()["id"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_ends_the_call_at_the_server() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    let client = gateway.client().await;
    let pieces: Vec<_> = (0..1000).map(|n| format!(": {n}\n\n")).collect();
    let mut body = client
        .send(Method::POST, &call(1, "events", &json!({"pieces": pieces, "pause_ms": 20})))
        .await
        .into_body();
    piece(&mut body).await.unwrap();
    assert_eq!(*backend.open.lock().unwrap(), 1);
    drop(body);
    for _ in 0..500 {
        if *backend.open.lock().unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the call is still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    let gateway = Gateway::before(&url).await;
    let client = gateway.stranger("");
    let hello = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;
    let got = client.post(hello).await;
    assert_eq!(got.status, StatusCode::BAD_GATEWAY);
    assert!(got.text().contains("the server behind the gateway failed: it is down"), "{}", got.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_has_an_end() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    config.limits.response_bytes = 100_000;
    let gateway = Gateway::start(config).await;
    let client = gateway.client().await;
    let got =
        client.call("events", json!({"pieces": ["data: ", "x".repeat(90_000), "y".repeat(90_000)]})).await;
    assert!(
        got.json()["error"]["message"].as_str().unwrap().contains("longer than 100000 bytes"),
        "{}",
        got.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_are_answered_at_the_end() {
    let backend = Backend::start().await;
    let mut gateway = Gateway::before(&backend.url).await;
    let client = gateway.client().await;
    let listening = client.get().await;
    let answer = "data: {\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"late\"}]}}\n\n";
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.call("events", json!({"pieces": [": wait\n\n", answer], "pause_ms": 300})).await }
    });
    while backend.count("tools/call") == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    gateway.stop();
    assert_eq!(slow.await.unwrap().content(), "late");
    drop(listening);
    drop(client);
    gateway.ended.take().unwrap().await.unwrap().unwrap();
    assert!(
        backend.received.lock().unwrap().iter().any(|r| r.method == Method::DELETE),
        "sessions are ended"
    );
}
