//! Several servers as one.

use serde_json::json;

use crate::backend::Backend;
use crate::client::{Gateway, http};
use hypersieve_gateway::config::Config;

const LIST: &str = r#"{"jsonrpc":"2.0","id":"l","method":"tools/list"}"#;

async fn two() -> (Backend, Backend, Gateway) {
    let files = Backend::start_with(&["read", "text"]).await;
    let web = Backend::start_with(&["read", "fetch", "ask"]).await;
    let config = Config::new(vec![http("files", &files.url), http("web", &web.url)]);
    (files, web, Gateway::start(config).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_together_and_called_by_their_shown_names() {
    let (files, web, gateway) = two().await;
    let client = gateway.client().await;
    let list = client.post(LIST).await.json();
    let mut names: Vec<_> =
        list["result"]["tools"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ask", "fetch", "files_read", "text", "web_read"]);
    assert_eq!(list["id"], "l");
    assert_eq!(client.call("web_read", json!({})).await.content(), "called read");
    assert_eq!(web.last("tools/call").json()["params"]["name"], "read");
    assert_eq!(files.count("tools/call"), 0);
    assert_eq!(client.call("fetch", json!({})).await.content(), "called fetch");
    for unknown in ["read", "files_fetch", "nothing"] {
        let got = client.call(unknown, json!({})).await.json();
        assert_eq!(got["error"]["code"], -32602, "{unknown}: {got}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_server_takes_no_other_down() {
    let files = Backend::start_with(&["text"]).await;
    let config = Config::new(vec![http("files", &files.url), http("gone", "http://127.0.0.1:9/mcp")]);
    let gateway = Gateway::start(config).await;
    let client = gateway.client().await;
    assert_eq!(client.post(LIST).await.json()["result"]["tools"].as_array().unwrap().len(), 1);
    assert_eq!(client.call("text", json!({"text": "fine"})).await.content(), "fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_two_servers_are_told_apart() {
    let (files, web, gateway) = two().await;
    let client = gateway.client().await;
    let message = crate::client::call(1, "ask", &json!({}));
    let mut body = client.send(hyper::Method::POST, &message).await.into_body();
    let question = crate::client::piece(&mut body).await.unwrap();
    assert!(question.contains(r#""id":"1:0""#), "{question}");
    let wrong = client.post(r#"{"jsonrpc":"2.0","id":0,"result":{}}"#).await;
    assert_eq!(wrong.status, 400);
    let answer = client.post(r#"{"jsonrpc":"2.0","id":"1:0","result":{"content":{"name":"Ada"}}}"#).await;
    assert_eq!(answer.status, 202);
    assert!(crate::client::piece(&mut body).await.unwrap().contains("Ada"));
    assert_eq!(web.answered.borrow().as_ref().unwrap()["id"], 0);
    assert!(files.answered.borrow().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_no_server_is_answered_here_or_by_the_first_that_can() {
    let (_files, _web, gateway) = two().await;
    let client = gateway.client().await;
    assert_eq!(client.post(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#).await.json()["result"], json!({}));
    let read = r#"{"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"uri":"file:///a"}}"#;
    assert_eq!(client.post(read).await.json()["result"]["contents"][0]["text"], "file:///a");
    let none = r#"{"jsonrpc":"2.0","id":5,"method":"no/such"}"#;
    assert_eq!(client.post(none).await.json()["error"]["code"], -32601);
    let cursor = r#"{"jsonrpc":"2.0","id":6,"method":"tools/list","params":{"cursor":"x"}}"#;
    assert_eq!(client.post(cursor).await.json()["error"]["code"], -32602);
}
