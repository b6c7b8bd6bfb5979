//! Calls that are taken back: by a message, or by closing the stream, and what that means in each era.

use std::path::Path;
use std::time::Duration;

use hyper::Method;
use hypersieve_gateway::config::{BackendConfig, Config, Transport};
use serde_json::json;

use crate::backend::Backend;
use crate::client::{Client, Gateway, call, http, piece};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_reaches_the_server_and_a_late_answer_the_client() {
    let backend = Backend::start().await;
    let mut config = Config::new(vec![http("one", &backend.url)]);
    config.scan_requests = false;
    let gateway = Gateway::start(config).await;
    let client = gateway.client().await;
    let late = "data: {\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"late\"}]}}\n\n";
    let pieces = [": begun\n\n", ": wait\n\n", late];
    let asked = call(7, "events", &json!({"pieces": pieces, "pause_ms": 100}));
    let mut body = client.send(Method::POST, &asked).await.into_body();
    assert_eq!(piece(&mut body).await.unwrap(), ": begun\n\n");
    let cancel =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"enough"}}"#;
    assert_eq!(client.post(cancel).await.status, 202);
    assert_eq!(backend.last("notifications/cancelled").body, cancel, "the same bytes");
    let mut rest = String::new();
    while let Some(piece) = piece(&mut body).await {
        rest += &piece;
    }
    assert!(rest.contains("\"late\"") && rest.contains("\"id\":7"), "{rest}");
    // The server takes back what it asked: over the session's own stream.
    let mut own = client.get().await.into_body();
    let to = backend.events.lock().unwrap()[0].clone();
    let cancel = format!("data: {}\n\n", cancel.replace("7", "\"q-1\""));
    to.send(cancel.clone().into()).await.unwrap();
    assert_eq!(piece(&mut own).await.unwrap(), cancel);
}

/// A server in the shell that begins a call with progress and never answers it; it notes what it is told besides.
const SERVER: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\("[^"]*"\|[0-9.]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"sh","version":"0"}}}\n' "$id" ;;
    *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"wait","inputSchema":{}}]}}\n' "$id" ;;
    *'"tools/call"'*) token=$(printf '%s' "$line" | sed -n 's/.*"progressToken":\("[^"]*"\|[0-9]*\).*/\1/p') ; printf '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}\n' "$token" ;;
    *'"ping"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{}}\n' "$id" ;;
    *'notifications/cancelled'*) printf '%s\n' "$line" >>"$NOTES" ;;
  esac
done
"#;

async fn in_front_of_a_child(notes: &Path) -> Gateway {
    let transport = Transport::Stdio {
        command: "sh".into(),
        args: vec!["-c".into(), SERVER.into()],
        env: [("NOTES".to_string(), notes.display().to_string())].into(),
        working_dir: None,
    };
    Gateway::start(Config::new(vec![BackendConfig::new("shell", transport)])).await
}

/// Calls, and closes the stream once it has begun.
async fn call_and_close(client: &Client, meta: serde_json::Value) {
    let mut meta = meta;
    meta["progressToken"] = 3.into();
    let params = json!({"name": "wait", "arguments": {}, "_meta": meta});
    let message = json!({"jsonrpc": "2.0", "id": 8, "method": "tools/call", "params": params});
    let mut body = client.send(Method::POST, &message.to_string()).await.into_body();
    assert!(piece(&mut body).await.unwrap().contains("\"progressToken\":3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn to_close_the_stream_cancels_where_there_are_no_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    let gateway = in_front_of_a_child(&notes).await;
    let mut client = gateway.stranger("");
    for (name, value) in
        [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "wait")]
    {
        client.headers.insert(name, value.parse().unwrap());
    }
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
    call_and_close(&client, meta).await;
    for _ in 0..500 {
        if let Ok(noted) = std::fs::read_to_string(&notes)
            && noted.ends_with('\n')
        {
            assert!(
                noted.contains("\"requestId\":\"hypersieve-"),
                "by the id that the server knows: {noted}"
            );
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server was not told");
}

#[tokio::test(flavor = "multi_thread")]
async fn to_close_the_stream_cancels_nothing_in_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    let gateway = in_front_of_a_child(&notes).await;
    let client = gateway.client().await;
    call_and_close(&client, json!({})).await;
    // What the child is told before this, it has read before it answers.
    for _ in 0..3 {
        assert_eq!(client.post(r#"{"jsonrpc":"2.0","id":9,"method":"ping"}"#).await.json()["id"], 9);
    }
    assert!(!notes.exists(), "a client that lost its connection may still want the answer");
}
