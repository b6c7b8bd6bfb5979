//! What is refused for its size, its number or its slowness, each with an error that names the limit.

use std::time::Duration;

use hyper::StatusCode;
use hypersieve_gateway::config::Config;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::backend::Backend;
use crate::client::{Gateway, http, read};

/// What the gateway answers to these bytes, until it closes the connection.
async fn raw(gateway: &Gateway, pieces: &[&str]) -> String {
    let address = gateway.url.trim_start_matches("http://").trim_end_matches("/mcp");
    let mut stream = TcpStream::connect(address).await.unwrap();
    for piece in pieces {
        stream.write_all(piece.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // A connection that is reset has been closed, too.
    let _ = reading.expect("the connection is still open");
    String::from_utf8(answer).unwrap()
}

const HEAD: &str =
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_ends_its_request_is_let_go() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    config.limits.request_time = Duration::from_secs(1);
    let gateway = Gateway::start(config).await;
    let answer = raw(&gateway, &[HEAD, "Content-Length: 100\r\n\r\n", "{\"jsonrpc\":"]).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("limits.request_seconds"), "{answer}");
    // The head alone: there is no request yet that could be answered.
    let answer = raw(&gateway, &[HEAD, "X-More: "]).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let client = gateway.client().await;
    assert_eq!(client.call("text", json!({"text": "fine"})).await.content(), "fine", "others are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_come_byte_by_byte() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend.url).await;
    let body = r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#;
    let text = format!("{HEAD}Content-Length: {}\r\n\r\n{body}", body.len());
    let bytes: Vec<&str> = (0..text.len()).map(|at| &text[at..=at]).collect();
    let answer = raw(&gateway, &bytes).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"id\":1.0"), "{answer}");
    assert_eq!(backend.last("ping").body, body);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_heads_and_deep_messages_are_refused() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    config.limits.header_bytes = 8 << 10;
    let gateway = Gateway::start(config).await;
    let answer = raw(&gateway, &[HEAD, &format!("X-Long: {}\r\n\r\n", "x".repeat(16 << 10))]).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let client = gateway.client().await;
    let deep = |depth: usize| {
        let nest = "[".repeat(depth) + &"]".repeat(depth);
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"text","arguments":{{"text":{nest}}}}}}}"#
        )
    };
    let got = client.post(&deep(1000)).await;
    assert_eq!((got.status, got.json()["error"]["code"].clone()), (StatusCode::BAD_REQUEST, json!(-32700)));
    assert!(got.text().contains("nested more than 128 deep"), "{}", got.text());
    assert_eq!(client.post(&deep(100)).await.status, StatusCode::OK);
    assert_eq!(backend.count("tools/call"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_limited_in_number() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    config.limits.streams = 1;
    let gateway = Gateway::start(config).await;
    let (one, two) = (gateway.client().await, gateway.client().await);
    let open = one.get().await;
    assert_eq!(open.status(), StatusCode::OK);
    let got = read(two.get().await).await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(got.text().contains("limits.streams"), "{}", got.text());
    drop(open);
    for _ in 0..500 {
        let again = two.get().await;
        if again.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a stream that was closed is still counted");
}
