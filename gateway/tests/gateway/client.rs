//! A gateway under test, and a client that sends bytes as the test says.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use hypersieve::{Database, Pattern, Rule, Severity};
use hypersieve_gateway::config::{BackendConfig, Config, Transport};
use hypersieve_gateway::{Reloader, Server};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// Rules for tests: an order that blocks, a hint that flags, and a secret that only a category blocks.
pub(crate) fn database() -> Database {
    let mut key =
        Rule::new("KEY", "credential-leak", Severity::Low).pattern(Pattern::literal("secret-key-1"));
    key.sensitive = true;
    let rules = [
        Rule::new("ORDER", "prompt-injection", Severity::Critical)
            .pattern(Pattern::literal("ignore previous instructions")),
        Rule::new("HINT", "prompt-injection", Severity::Medium).pattern(Pattern::literal("kindly disregard")),
        key,
    ];
    Database::builder().rules(rules).build().unwrap()
}

pub(crate) fn http(name: &str, url: &str) -> BackendConfig {
    BackendConfig::new(name, Transport::Http { url: url.into(), headers: BTreeMap::new() })
}

/// A gateway that ends with the test.
pub(crate) struct Gateway {
    pub(crate) url: String,
    /// What a person is shown at the start.
    pub(crate) banner: String,
    pub(crate) pool: Pool<HttpConnector, Full<Bytes>>,
    pub(crate) reloader: Reloader,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) ended: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
}

impl Gateway {
    pub(crate) async fn start(mut config: Config) -> Gateway {
        config.listen = "127.0.0.1:0".parse().unwrap();
        let server = Server::start(config, &database()).await.unwrap();
        let url = format!("http://{}/mcp", server.address());
        let reloader = server.reloader();
        let banner = server.banner();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        Gateway {
            url,
            banner,
            pool: Pool::builder(TokioExecutor::new()).build(tcp),
            reloader,
            stop: Some(stop),
            ended: Some(ended),
        }
    }

    pub(crate) async fn before(url: &str) -> Gateway {
        Gateway::start(Config::new(vec![http("one", url)])).await
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }

    /// Ends it in good order, with all that it writes at its end.
    pub(crate) async fn end(mut self) {
        self.stop();
        // Connections that are kept open would be waited for.
        self.pool = Pool::builder(TokioExecutor::new()).build(HttpConnector::new());
        self.ended.take().unwrap().await.unwrap().unwrap();
    }

    /// A client that has begun a session.
    pub(crate) async fn client(&self) -> Client {
        self.client_at("").await
    }

    pub(crate) async fn client_at(&self, path: &str) -> Client {
        let mut client = self.stranger(path);
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}}});
        let answer = client.post(&hello.to_string()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let session = answer.headers.get("mcp-session-id").expect("a session").clone();
        client.headers.insert("mcp-session-id", session);
        client.headers.insert("mcp-protocol-version", "2025-11-25".parse().unwrap());
        let answer = client.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        client
    }

    /// A client without a session.
    pub(crate) fn stranger(&self, path: &str) -> Client {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("accept", "application/json, text/event-stream".parse().unwrap());
        Client { url: format!("{}{path}", self.url), pool: self.pool.clone(), headers }
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The document, or the data of the last event.
    pub(crate) fn json(&self) -> Value {
        let text = self.text();
        let last = text.rsplit_once("data: ").map_or(text, |(_, data)| data.trim_end());
        serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    /// The text of the first block of content.
    pub(crate) fn content(&self) -> String {
        let json = self.json();
        json["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("no content: {json}"))
            .to_string()
    }
}

impl Client {
    pub(crate) async fn send(&self, method: Method, body: &str) -> Response<Incoming> {
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
        *request.method_mut() = method;
        *request.uri_mut() = self.url.parse().unwrap();
        *request.headers_mut() = self.headers.clone();
        let sent = tokio::time::timeout(Duration::from_secs(60), self.pool.request(request));
        sent.await.expect("no answer within a minute").unwrap()
    }

    pub(crate) async fn post(&self, body: &str) -> Answer {
        read(self.send(Method::POST, body).await).await
    }

    pub(crate) async fn get(&self) -> Response<Incoming> {
        let mut client = self.clone();
        client.headers.insert("accept", "text/event-stream".parse().unwrap());
        client.send(Method::GET, "").await
    }

    pub(crate) async fn delete(&self) -> Answer {
        read(self.send(Method::DELETE, "").await).await
    }

    /// Calls a tool.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.post(&call(1, tool, &arguments)).await
    }
}

pub(crate) fn call(id: u64, tool: &str, arguments: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}).to_string()
}

pub(crate) async fn read(response: Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    let body =
        tokio::time::timeout(Duration::from_secs(60), body.collect()).await.expect("the answer has no end");
    Answer { status: parts.status, headers: parts.headers, body: body.unwrap().to_bytes() }
}

/// The text of the next piece of a stream; `None` at its end.
pub(crate) async fn piece(body: &mut Incoming) -> Option<String> {
    let frame =
        tokio::time::timeout(Duration::from_secs(20), body.frame()).await.expect("nothing within 20 s")?;
    Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
}
