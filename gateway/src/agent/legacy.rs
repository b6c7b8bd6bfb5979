//! HTTP with server-sent events as before 2025: a client opens one stream, is told an address on it, and posts its messages
//! there; what answers them comes on the stream.
//!
//! Each message is handled as one of Streamable HTTP; this is only another way in and out.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use tokio::sync::{Semaphore, mpsc, watch};

use super::body::{Body, REFUSED, empty, error, events};
use super::post::Call;
use super::stream::Slot;
use crate::answer;
use crate::backend::single_line;
use crate::gateway::Gateway;
use crate::identity::Refused;
use crate::message::{Kind, Message};
use crate::reload::Current;
use crate::session::{InUse, Session, new_id};
use crate::sse::Event;

/// Events that may wait for a client that does not read.
const WAITING: usize = 16;

/// Requests of one client that may be open: each was taken before it is answered, and so no connection limits them.
const OPEN: usize = 256;

/// How long to wait before a stream of the server's own messages that has ended is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// The clients that have such a stream open, by the ids in their addresses.
#[derive(Default)]
pub(crate) struct LegacyClients {
    open: Mutex<HashMap<String, Arc<Client>>>,
}

struct Client {
    agent: Option<String>,
    to: mpsc::Sender<Bytes>,
    /// The MCP session, once it has begun; it is in use for as long as the stream is open.
    session: Mutex<Option<InUse>>,
    requests: Arc<Semaphore>,
    /// Becomes true when the client must begin anew.
    over: watch::Sender<bool>,
}

impl LegacyClients {
    /// Opens the stream of a client; `path` is where it posts to.
    pub(super) fn open(
        current: &Arc<Current>,
        gateway: &Arc<Gateway>,
        agent: Option<String>,
        path: &str,
    ) -> Response<Body> {
        let Some(slot) = Slot::take(gateway) else {
            let text = "too many streams are open (limits.streams)";
            return error(StatusCode::SERVICE_UNAVAILABLE, b"null", REFUSED, text);
        };
        let (to, from) = mpsc::channel(WAITING);
        let client = Arc::new(Client {
            agent,
            to,
            session: Mutex::default(),
            requests: Arc::new(Semaphore::new(OPEN)),
            over: watch::Sender::new(false),
        });
        let id = new_id();
        let first = format!("event: endpoint\ndata: {path}?sessionId={id}\n\n");
        let ends = (current.ending.subscribe(), client.over.subscribe());
        current.legacy.lock().insert(id.clone(), client);
        let left = Left { current: current.clone(), id, _slot: slot };
        let rest = stream::unfold((from, ends, left), |(mut from, mut ends, left)| async move {
            let bytes = tokio::select! {
                bytes = from.recv() => bytes?,
                _ = ends.0.wait_for(|end| *end) => return None,
                _ = ends.1.wait_for(|end| *end) => return None,
            };
            Some((bytes, (from, ends, left)))
        });
        let first = stream::iter([Bytes::from(first)]);
        events(futures_util::StreamExt::chain(first, rest))
    }

    fn find(&self, id: &str, agent: Option<&str>) -> Option<Arc<Client>> {
        self.lock().get(id).filter(|client| client.agent.as_deref() == agent).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Client>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the session of a client when its stream is closed.
struct Left {
    current: Arc<Current>,
    id: String,
    _slot: Slot,
}

impl Drop for Left {
    fn drop(&mut self) {
        let Some(client) = self.current.legacy.lock().remove(&self.id) else { return };
        client.over.send_replace(true);
        let session = client.lock().take();
        let gateway = self.current.get();
        if let (Some(session), Ok(runtime)) = (session, tokio::runtime::Handle::try_current()) {
            let session = session.0.clone();
            runtime.spawn(async move {
                let ended = gateway.sessions.remove(&session.id);
                gateway.end(ended.into_iter().collect()).await;
            });
        }
    }
}

/// Takes a message of the client with the id `id`, whose answer comes on its stream.
///
/// # Errors
/// If there is no such client, or too much of it is open.
pub(super) async fn post(
    current: &Arc<Current>,
    mut call: Call,
    id: &str,
    body: Bytes,
) -> Result<Response<Body>, Refused> {
    let Some(client) = current.legacy.find(id, call.agent.as_deref()) else {
        let text = "there is no such stream (any more): open a new one with GET";
        return Err(Refused::new(StatusCode::NOT_FOUND, text));
    };
    call.headers.remove("mcp-session-id");
    client.name_session(&mut call.headers);
    let request = match Message::parse(body.clone()) {
        Ok(message) if message.kind == Kind::Request => message,
        // What is no message is told here: whose answer it would be is not known.
        _ => return Ok(call.post(body).await),
    };
    let Ok(permit) = client.requests.clone().try_acquire_owned() else {
        let text = format!("{OPEN} requests of this client are open: wait for answers");
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, text));
    };
    let current = current.clone();
    tokio::spawn(async move {
        let _permit = permit;
        let mut over = client.over.subscribe();
        tokio::select! {
            () = client.answer(current, call, &request) => {}
            _ = over.wait_for(|over| *over) => {}
        }
    });
    Ok(empty(StatusCode::ACCEPTED))
}

impl Client {
    async fn answer(self: &Arc<Client>, current: Arc<Current>, call: Call, request: &Message) {
        let gateway = call.gateway.clone();
        let response = call.post(request.bytes.clone()).await;
        let lost = response.status() == StatusCode::NOT_FOUND && self.lock().is_some();
        let begun = response.headers().get("mcp-session-id").and_then(|id| id.to_str().ok());
        if let Some(session) = begun.and_then(|id| gateway.sessions.get(id, self.agent.as_deref())) {
            *self.lock() = Some(Session::in_use(&session));
            let (client, mut over) = (self.clone(), self.over.subscribe());
            tokio::spawn(async move {
                tokio::select! {
                    () = client.listen(&current) => {}
                    _ = over.wait_for(|over| *over) => {}
                }
            });
        }
        self.pump(response, Some(request)).await;
        if lost {
            // The session is gone, and this client can't begin another on the same stream.
            self.over.send_replace(true);
        }
    }

    /// Passes on what the servers say of their own accord, for as long as they can be listened to.
    async fn listen(&self, current: &Arc<Current>) {
        loop {
            let mut headers = HeaderMap::new();
            self.name_session(&mut headers);
            let call = Call { gateway: current.get(), agent: self.agent.clone(), headers };
            let response = call.get().await;
            if !is_events(&response) {
                return;
            }
            self.pump(response, None).await;
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Puts what a response holds on the stream; `request` is what it answers.
    async fn pump(&self, response: Response<Body>, request: Option<&Message>) {
        let (status, is_stream) = (response.status(), is_events(&response));
        let mut body = pin!(response.into_body());
        if is_stream {
            while let Some(Ok(frame)) = body.frame().await {
                if let Ok(bytes) = frame.into_data()
                    && self.to.send(bytes).await.is_err()
                {
                    return;
                }
            }
            return;
        }
        let Some(request) = request else { return };
        let Ok(body) = body.collect().await;
        let document = body.to_bytes();
        let answer = match Message::parse(document.clone()) {
            Ok(message) if message.raw_id() == request.raw_id() => document,
            // It speaks of no request, but the client waits for this one.
            _ => answer::error(request.raw_id(), REFUSED, &reason(status, &document)),
        };
        // Who is gone hears nothing.
        let _ = self.to.send(Event::message(&single_line(&answer)).raw).await;
    }

    fn name_session(&self, headers: &mut HeaderMap) {
        if let Some(session) = self.lock().as_ref() {
            let id: HeaderValue = session.0.id.parse().expect("hexadecimal digits are a header's value");
            headers.insert("mcp-session-id", id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<InUse>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_events(response: &Response<Body>) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// What a response that is an error says.
fn reason(status: StatusCode, document: &[u8]) -> String {
    let read = serde_json::from_slice::<serde_json::Value>(document).unwrap_or_default();
    let said = read["error"]["message"].as_str();
    said.map_or_else(|| format!("the request was answered with {status}"), str::to_string)
}
