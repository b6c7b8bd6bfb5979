//! What limits add to the way of a call: the same call through gateways that differ in nothing else, one after the other, over
//! loopback; `cargo bench -p hypersieve-gateway`. The answer of every call is checked before its time counts.

use std::convert::Infallible;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hypersieve::{Database, Pattern, Rule, Severity};
use hypersieve_gateway::Server;
use hypersieve_gateway::config::Config;

const CALLS: usize = 5000;
const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"amount":"0.01"}}}"#;

/// The policies of the agent, beginning with none.
const POLICIES: [(&str, &str); 5] = [
    ("no limits", ""),
    ("rate and open calls of the agent", "rate_limit: {calls: 100000}, max_concurrent_calls: 8"),
    ("max_amount", "tool_policies: {pay: {max_amount: 5}}"),
    ("rate_limit of the tool", "tool_policies: {pay: {rate_limit: 100000}}"),
    ("daily_limit (waits for the disk)", "tool_policies: {pay: {daily_limit: 100000}}"),
];

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(run());
}

async fn run() {
    let backend = backend().await;
    let state = tempfile::tempdir().expect("a folder can be made");
    let mut urls = Vec::new();
    for (n, (_, policy)) in POLICIES.iter().enumerate() {
        urls.push(gateway(&state.path().join(n.to_string()), &backend, policy).await);
    }
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(tcp);
    let mut times = vec![Vec::with_capacity(CALLS); POLICIES.len()];
    for turn in 0..CALLS + 200 {
        for (url, times) in urls.iter().zip(&mut times) {
            let time = call(&client, url).await;
            // The first calls open connections and fill caches.
            if turn >= 200 {
                times.push(time);
            }
        }
    }
    println!(
        "{:<36} {:>8} {:>8} {:>12}",
        format!("{CALLS} calls each, microseconds"),
        "p50",
        "p99",
        "more at p50"
    );
    let mut base = None;
    for ((name, _), times) in POLICIES.iter().zip(&mut times) {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e6;
        let base = *base.get_or_insert(at(50));
        println!("{name:<36} {:>8.1} {:>8.1} {:>12.1}", at(50), at(99), at(50) - base);
    }
}

async fn call(client: &Client<HttpConnector, Full<Bytes>>, url: &str) -> Duration {
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .body(Full::new(Bytes::from_static(CALL.as_bytes())))
        .expect("the request is well formed");
    let begun = Instant::now();
    let response = client.request(request).await.expect("the gateway answers");
    let body = response.into_body().collect().await.expect("the answer has an end").to_bytes();
    let time = begun.elapsed();
    assert!(body.ends_with(br#""text":"paid"}]}}"#), "{}", String::from_utf8_lossy(&body));
    time
}

async fn gateway(folder: &Path, backend: &str, policy: &str) -> String {
    std::fs::create_dir_all(folder).expect("a folder can be made");
    let file = folder.join("gateway.yaml");
    let text = format!("mcp_servers: {{shop: {{url: '{backend}'}}}}\nagents: {{shopper: {{{policy}}}}}\n");
    std::fs::write(&file, text).expect("a file can be written");
    let mut config = Config::load(&file).expect("the configuration is right");
    config.listen = "127.0.0.1:0".parse().expect("it is an address");
    let rule =
        Rule::new("R", "prompt-injection", Severity::High).pattern(Pattern::literal("ignore previous"));
    let database = Database::builder().rules([rule]).build().expect("the rule is right");
    let server = Server::start(config, &database).await.expect("the gateway starts");
    let url = format!("http://{}/mcp/shopper", server.address());
    tokio::spawn(server.run(std::future::pending()));
    url
}

/// A server that answers everything in the same way.
async fn backend() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}/mcp", listener.local_addr().expect("it has an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer)),
            );
        }
    });
    url
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let message: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let result = match message["method"].as_str() {
        Some("tools/call") => r#"{"content":[{"type":"text","text":"paid"}]}"#,
        Some("tools/list") => r#"{"tools":[{"name":"pay","inputSchema":{}}]}"#,
        _ => {
            r#"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"shop","version":"0"}}"#
        }
    };
    let id = &message["id"];
    let mut response =
        Response::new(Full::new(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#).into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
