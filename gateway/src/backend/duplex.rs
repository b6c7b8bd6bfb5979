//! A backend on a connection that carries everything both ways: a child process, or legacy HTTP with events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::router::{Question, Routed, Router};
use super::{Events, LinkError, Outgoing, Reply};
use crate::json::splice;
use crate::message::{Kind, Message};
use crate::sse::Event;

/// Sends bytes to the backend, one message a call.
pub(super) trait Send: std::marker::Send + Sync {
    fn send(&self, message: Bytes) -> BoxFuture<'_, Result<(), String>>;
}

/// The two directions of a connection.
pub(super) struct Wire {
    pub(super) router: Arc<Router>,
    pub(super) sender: Arc<dyn Send>,
    /// The tasks that carry it; they end with the connection.
    pub(super) tasks: Vec<AbortHandle>,
}

/// Whose ids the backend sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// The client's, which are unique since the connection is its own.
    Kept,
    /// The gateway's, since several clients share the connection.
    Own,
}

/// A connection to a backend.
pub(crate) struct Duplex {
    wire: Wire,
    ids: Ids,
    timeout: Duration,
    next: AtomicU64,
}

impl Duplex {
    pub(super) fn new(wire: Wire, ids: Ids, timeout: Duration) -> Duplex {
        Duplex { wire, ids, timeout, next: AtomicU64::new(0) }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.wire.router.dead().is_some()
    }

    pub(super) fn close(&self) {
        self.wire.router.die("the session was ended".into());
        self.wire.tasks.iter().for_each(AbortHandle::abort);
    }

    pub(super) fn listen(&self) -> Reply {
        let events = DuplexEvents { from: self.wire.router.listen(), first: None, open: None };
        Reply::Events { headers: HeaderMap::new(), events: Events::Duplex(events) }
    }

    /// Sends a message; messages go out in the order of these calls.
    ///
    /// # Errors
    /// If the backend is gone, or takes nothing.
    pub(crate) async fn begin(&self, outgoing: Outgoing<'_>) -> Result<Option<DuplexEvents>, LinkError> {
        let message = outgoing.message;
        if message.kind != Kind::Request {
            self.put(message.bytes.clone()).await?;
            return Ok(None);
        }
        let (bytes, sent_id, token) = self.addressed(message);
        let question = Question { sent_id: &sent_id, id: message.raw_id(), token };
        let from = self.wire.router.ask(question).map_err(LinkError::Down)?;
        let (router, sender) = (self.wire.router.clone(), self.wire.sender.clone());
        let open = Open { router, sender, id: sent_id, cancels: outgoing.close_cancels };
        let events = DuplexEvents { from, first: None, open: Some(open) };
        self.put(bytes).await?;
        Ok(Some(events))
    }

    pub(super) async fn send(&self, outgoing: Outgoing<'_>) -> Result<Reply, LinkError> {
        let Some(mut events) = self.begin(outgoing).await? else { return Ok(Reply::Accepted) };
        let first = tokio::time::timeout(self.timeout, events.from.recv()).await;
        let Some(first) = first.map_err(|_| LinkError::Timeout(self.timeout))? else {
            return Err(LinkError::Down(self.why_dead()));
        };
        if first.answers {
            let headers =
                HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
            return Ok(Reply::Whole { status: StatusCode::OK, headers, body: first.bytes.into() });
        }
        events.first = Some(first.bytes);
        Ok(Reply::Events { headers: HeaderMap::new(), events: Events::Duplex(events) })
    }

    /// Why nothing comes any more.
    pub(crate) fn why_dead(&self) -> String {
        self.wire.router.dead().unwrap_or_else(|| "the request was taken back".into())
    }

    /// The request as the backend is to see it, its id, and its token of progress in both forms.
    #[allow(clippy::type_complexity)]
    fn addressed(&self, message: &Message) -> (Bytes, Vec<u8>, Option<(Vec<u8>, Vec<u8>)>) {
        let token = message.params.as_ref().and_then(|params| params.progress_token.clone());
        if self.ids == Ids::Kept {
            let token = token.map(|span| (message.part(&span).to_vec(), message.part(&span).to_vec()));
            return (message.bytes.clone(), message.raw_id().to_vec(), token);
        }
        let own = format!("\"hypersieve-{}\"", self.next.fetch_add(1, Ordering::Relaxed)).into_bytes();
        let mut edits: Vec<_> =
            message.id.iter().chain(&token).map(|span| (span.clone(), own.as_slice())).collect();
        edits.sort_by_key(|(span, _)| span.start);
        let bytes = splice(&message.bytes, &edits);
        let token = token.map(|span| (own.clone(), message.part(&span).to_vec()));
        (bytes, own, token)
    }

    async fn put(&self, bytes: Bytes) -> Result<(), LinkError> {
        match tokio::time::timeout(self.timeout, self.wire.sender.send(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(LinkError::Down(self.wire.router.dead().unwrap_or(why))),
            Err(_) => Err(LinkError::Timeout(self.timeout)),
        }
    }
}

impl Drop for Duplex {
    fn drop(&mut self) {
        self.close();
    }
}

/// What comes for one request, or for who listens.
pub(crate) struct DuplexEvents {
    from: mpsc::Receiver<Routed>,
    first: Option<Bytes>,
    /// The request, as long as it is not answered: dropped before, it is taken back.
    open: Option<Open>,
}

/// A request that is not answered yet.
struct Open {
    router: Arc<Router>,
    sender: Arc<dyn Send>,
    id: Vec<u8>,
    cancels: bool,
}

impl DuplexEvents {
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let message = match self.first.take() {
            Some(first) => first,
            None => {
                let routed = self.from.recv().await?;
                if routed.answers {
                    self.open = None;
                }
                routed.bytes
            }
        };
        // JSON has line breaks only between its tokens; there they are spaces.
        let mut line = message;
        if memchr::memchr2(b'\n', b'\r', &line).is_some() {
            line = single_line(&line);
        }
        Some(Event::message(&line))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.router.forget(&self.id) && self.cancels {
            let notice = [
                &br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"#[..],
                &self.id,
                b"}}",
            ]
            .concat();
            let sender = self.sender.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { sender.send(notice.into()).await });
            }
        }
    }
}

/// A document on one line.
pub(crate) fn single_line(document: &[u8]) -> Bytes {
    document.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect()
}
