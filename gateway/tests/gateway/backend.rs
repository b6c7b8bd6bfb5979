//! An MCP server over Streamable HTTP whose tools do what tests need, and that keeps what it was sent.

use std::convert::Infallible;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

type Body = BoxBody<Bytes, std::io::Error>;

/// What the server was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A server that ends with the test.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) url: String,
    pub(crate) received: Arc<Mutex<Vec<Received>>>,
    /// The entries of `tools/list`.
    pub(crate) tools: Arc<Mutex<Vec<Value>>>,
    /// Answers to the server's own questions, as clients post them.
    pub(crate) answered: watch::Receiver<Option<Value>>,
    /// How many calls are open: a client that goes away closes its call.
    pub(crate) open: Arc<Mutex<i64>>,
    /// What is put here is an event on every stream that is opened with GET.
    pub(crate) events: Arc<Mutex<Vec<mpsc::Sender<Bytes>>>>,
    /// Events of floods.
    pub(crate) sent: Arc<AtomicUsize>,
    answers: watch::Sender<Option<Value>>,
}

/// Counts a call as open until it is dropped.
struct Open(Arc<Mutex<i64>>);

impl Drop for Open {
    fn drop(&mut self) {
        *self.0.lock().unwrap() -= 1;
    }
}

impl Backend {
    pub(crate) async fn start() -> Backend {
        Backend::start_with(&[
            "echo", "words", "pieces", "ask", "die", "invalid", "hang", "big", "gzip", "events", "text",
        ])
        .await
    }

    pub(crate) async fn start_with(tools: &[&str]) -> Backend {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (answers, answered) = watch::channel(None);
        let tool = |name: &&str| json!({"name": name, "description": "for tests", "inputSchema": {"type": "object"}});
        let backend = Backend {
            url: format!("http://{}/mcp", listener.local_addr().unwrap()),
            received: Arc::default(),
            tools: Arc::new(Mutex::new(tools.iter().map(tool).collect())),
            answered,
            open: Arc::default(),
            events: Arc::default(),
            sent: Arc::default(),
            answers,
        };
        let serving = backend.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let backend = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let backend = backend.clone();
                        async move { backend.answer(request).await }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        backend
    }

    /// The last message of a method that was sent.
    pub(crate) fn last(&self, method: &str) -> Received {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .rfind(|r| r.json()["method"] == method)
            .cloned()
            .unwrap_or_else(|| panic!("no {method} was sent"))
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.received.lock().unwrap().iter().filter(|r| r.json()["method"] == method).count()
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let received = Received { method: parts.method.clone(), headers: parts.headers, body: body.clone() };
        let last_event = received.headers.get("last-event-id").map(|id| id.to_str().unwrap().to_string());
        self.received.lock().unwrap().push(received);
        match parts.method {
            Method::DELETE => return Ok(empty(StatusCode::OK)),
            Method::GET => return Ok(self.listen(last_event)),
            _ => {}
        }
        let message: Value = serde_json::from_slice(&body).unwrap();
        if message.get("method").is_none() {
            self.answers.send_replace(Some(message));
            return Ok(empty(StatusCode::ACCEPTED));
        }
        // The id as it was written, which a parser of numbers would lose.
        let text = String::from_utf8(body.to_vec()).unwrap();
        let Some(at) = text.find("\"id\":") else { return Ok(empty(StatusCode::ACCEPTED)) };
        let rest = &text[at + 5..];
        let id = match rest.strip_prefix('"') {
            Some(inner) => &rest[..inner.find('"').unwrap() + 2],
            None => rest[..rest.find([',', '}']).unwrap()].trim_end(),
        };
        let result = |result: Value| document(format!(r#"{{"result":{result},"jsonrpc":"2.0","id":{id}}}"#));
        Ok(match message["method"].as_str().unwrap() {
            "initialize" => {
                let mut response = result(json!({
                    "protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": true}},
                    "serverInfo": {"name": "test", "version": "0"},
                }));
                let session = format!("session-{}", self.count("initialize"));
                response.headers_mut().insert("mcp-session-id", session.parse().unwrap());
                response
            }
            "tools/list" => result(json!({"tools": *self.tools.lock().unwrap()})),
            "resources/read" => result(
                json!({"contents": [{"uri": message["params"]["uri"], "text": message["params"]["uri"]}]}),
            ),
            "tools/call" => return self.call(&message, id).await,
            "ping" => result(json!({})),
            method => document(format!(
                r#"{{"error":{{"code":-32601,"message":"Method not found: {method}"}},"jsonrpc":"2.0","id":{id}}}"#
            )),
        })
    }

    async fn call(&self, message: &Value, id: &str) -> Result<Response<Body>, std::io::Error> {
        *self.open.lock().unwrap() += 1;
        let open = Open(self.open.clone());
        let arguments = &message["params"]["arguments"];
        let content = |text: &Value| json!({"content": [{"type": "text", "text": text}]});
        let answer = |result: Value| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
        let progress = move |text: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":1,"progress":1,"message":"{text}"}}}}"#
            )
        };
        let done = answer(content(&"done".into()));
        Ok(match message["params"]["name"].as_str().unwrap() {
            // The whole result as the arguments say.
            "echo" => document(answer(arguments["result"].clone())),
            "text" => document(answer(content(&arguments["text"]))),
            // A stream of the given texts as progress, and an answer.
            "words" => {
                let words =
                    arguments["words"].as_array().unwrap().iter().map(|w| progress(w.as_str().unwrap()));
                let events = words
                    .chain([done])
                    .enumerate()
                    .map(|(n, data)| Ok(format!("id: e{n}\ndata: {data}\n\n")));
                events_of(stream::iter(events.collect::<Vec<_>>()).boxed(), open)
            }
            // The bytes of the stream as the arguments say, in the given pieces.
            "events" => {
                let pieces: Vec<_> = arguments["pieces"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|p| p.as_str().unwrap().to_string())
                    .collect();
                let pause = arguments["pause_ms"].as_u64().unwrap_or(0);
                let id = id.to_string();
                let slow = stream::iter(pieces).then(move |piece| {
                    let piece = piece.replace("$ID", &id);
                    async move {
                        tokio::time::sleep(Duration::from_millis(pause)).await;
                        Ok(piece)
                    }
                });
                events_of(slow.boxed(), open)
            }
            // A document in the given pieces, which then ends, breaks off, or never ends.
            "pieces" => {
                let pieces = arguments["pieces"].as_array().unwrap().iter();
                let pieces: Vec<_> =
                    pieces.map(|piece| Ok(piece.as_str().unwrap().replace("$ID", id))).collect();
                let then = arguments["then"].as_str().unwrap_or_default().to_string();
                let last = stream::once(async move {
                    // What was sent before arrives before.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    if then == "hang" {
                        std::future::pending::<()>().await;
                    }
                    if then == "break" {
                        Err(std::io::Error::other("breaks off"))
                    } else {
                        Ok(" ".to_string())
                    }
                });
                let mut response = events_of(stream::iter(pieces).chain(last).boxed(), open);
                response.headers_mut().insert("content-type", "application/json".parse().unwrap());
                response
            }
            // Events without an end, as fast as they are taken.
            "flood" => {
                let sent = self.sent.clone();
                let events = stream::repeat_with(move || {
                    sent.fetch_add(1, Ordering::Relaxed);
                    Ok(format!("data: {}\n\n", progress(&"x".repeat(1000))))
                });
                events_of(events.boxed(), open)
            }
            // Asks the client, and answers when the client has.
            "ask" => {
                let question = r#"{"jsonrpc":"2.0","id":0,"method":"elicitation/create","params":{"message":"who are you?","requestedSchema":{}}}"#;
                let first = stream::iter([Ok(format!("data: {question}\n\n"))]);
                let mut answers = self.answered.clone();
                let id = id.to_string();
                let second = stream::once(async move {
                    let answer = answers.wait_for(Option::is_some).await.unwrap().clone().unwrap();
                    let text = answer["result"]["content"]["name"].clone();
                    Ok(format!("data: {}\n\n", json!({"jsonrpc": "2.0", "id": "ID", "result": {"content": [{"type": "text", "text": text}]}})).replace("\"ID\"", &id))
                });
                events_of(first.chain(second).boxed(), open)
            }
            "die" => {
                let first = stream::iter([Ok(format!("data: {}\n\n", progress("half")))]);
                let cut = stream::once(async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Err(std::io::Error::other("dies"))
                });
                events_of(first.chain(cut).boxed(), open)
            }
            "invalid" => document("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{".into()),
            "hang" => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                drop(open);
                document(done)
            }
            "big" => {
                let size = usize::try_from(arguments["bytes"].as_u64().unwrap()).unwrap();
                document(answer(content(&"lorem ipsum ".repeat(size / 12).into())))
            }
            "gzip" => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(answer(content(&arguments["text"])).as_bytes()).unwrap();
                let mut response = document(String::new());
                *response.body_mut() =
                    Full::new(Bytes::from(encoder.finish().unwrap())).map_err(never).boxed();
                response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
                response
            }
            other => {
                document(answer(json!({"content": [{"type": "text", "text": format!("called {other}")}]})))
            }
        })
    }

    fn listen(&self, last_event: Option<String>) -> Response<Body> {
        let (to, from) = mpsc::channel(16);
        if let Some(id) = last_event {
            to.try_send(format!("id: {id}-next\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{{\"level\":\"info\",\"data\":\"resumed\"}}}}\n\n").into()).unwrap();
        }
        self.events.lock().unwrap().push(to);
        let events =
            stream::unfold(from, |mut from| async move { Some((Ok(Frame::data(from.recv().await?)), from)) });
        let mut response = Response::new(BodyExt::boxed(StreamBody::new(events)));
        response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
        response
    }
}

fn events_of(
    events: stream::BoxStream<'static, Result<String, std::io::Error>>,
    open: Open,
) -> Response<Body> {
    let frames = stream::unfold((events, open), |(mut events, open)| async move {
        let next = events.next().await?;
        Some((next.map(|text| Frame::data(Bytes::from(text))), (events, open)))
    });
    // The body must be shareable between threads; the stream in it need not be.
    let (to, from) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut frames = Box::pin(frames);
        loop {
            tokio::select! {
                next = frames.next() => match next {
                    Some(frame) => if to.send(frame).await.is_err() { return },
                    None => return,
                },
                () = to.closed() => return,
            }
        }
    });
    let frames = stream::unfold(from, |mut from| async move { Some((from.recv().await?, from)) });
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(frames)));
    response.headers_mut().insert("content-type", "text/event-stream; charset=utf-8".parse().unwrap());
    response
}

fn document(text: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(text)).map_err(never).boxed());
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().map_err(never).boxed());
    *response.status_mut() = status;
    response
}

fn never(never: Infallible) -> std::io::Error {
    match never {}
}
