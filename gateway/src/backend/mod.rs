//! MCP servers behind the gateway, whatever way they are reached.

mod child;
mod connector;
mod document;
mod duplex;
mod http;
mod inflate;
mod legacy;
mod router;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use tokio::sync::Mutex as AsyncMutex;

use crate::config::{BackendConfig, Transport};
use crate::message::Message;
use crate::sse::Event;

pub(crate) use connector::{Client, client};
pub(crate) use document::Document;
pub(crate) use duplex::single_line;
use duplex::{Duplex, Ids};
use http::HttpLink;

/// An MCP server, with what all sessions share.
pub(crate) struct Backend {
    /// Its own in a gateway and those that follow it: its place among the others changes when they do.
    pub(crate) id: u64,
    pub(crate) config: BackendConfig,
    /// The connection for requests that belong to no session.
    pub(crate) shared: AsyncMutex<Option<Arc<Link>>>,
    client: Client,
    response_bytes: usize,
    trouble: Mutex<Trouble>,
}

/// Failures in a row, and when to try again.
#[derive(Debug, Default)]
struct Trouble {
    failures: u32,
    until: Option<Instant>,
}

/// A connection to an MCP server, for one session or for requests that belong to none.
pub(crate) enum Link {
    Http(Box<HttpLink>),
    Duplex(Duplex),
}

/// What is sent: a message, and the headers of the request it came with.
pub(crate) struct Outgoing<'a> {
    pub(crate) message: &'a Message,
    /// Those that the protocol defines; others are not passed on.
    pub(crate) headers: &'a HeaderMap,
    /// Whether the end of the answer's stream, when the client closes it, means that the call is cancelled.
    pub(crate) close_cancels: bool,
}

/// What comes back.
pub(crate) enum Reply {
    /// The message was taken; there is nothing to say.
    Accepted,
    /// One document; or whatever else an HTTP server says with an error's status.
    Whole { status: StatusCode, headers: HeaderMap, body: Document },
    /// A stream of events.
    Events { headers: HeaderMap, events: Events },
}

/// A stream of events from a backend.
pub(crate) enum Events {
    Http(Box<http::HttpEvents>),
    Duplex(duplex::DuplexEvents),
    /// One answer that is there already.
    Ready(Option<Bytes>),
}

impl Events {
    /// The next event, or `None` at the end of the stream.
    ///
    /// # Errors
    /// If the connection breaks, or an event is too long.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, LinkError> {
        match self {
            Events::Http(events) => events.next().await,
            Events::Duplex(events) => Ok(events.next().await),
            Events::Ready(answer) => Ok(answer.take().map(|answer| Event::message(&single_line(&answer)))),
        }
    }
}

/// Why a backend gave no answer.
#[derive(Clone, Debug)]
pub(crate) enum LinkError {
    /// It can't be reached, or went away.
    Down(String),
    /// It took too long.
    Timeout(Duration),
    /// Its answer is too long.
    TooLarge(usize),
    /// It said what makes no sense.
    Protocol(String),
    /// It knows nothing of the session (any more).
    NoSession,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Down(why) => write!(f, "it is down: {why}"),
            LinkError::Timeout(time) => write!(f, "it did not answer within {} s", time.as_secs_f32()),
            LinkError::TooLarge(limit) => {
                write!(f, "its answer is longer than {limit} bytes (limits.response_bytes)")
            }
            LinkError::Protocol(what) => f.write_str(what),
            LinkError::NoSession => f.write_str("it does not know the session any more"),
        }
    }
}

impl LinkError {
    /// The status of HTTP that says so.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            LinkError::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
            LinkError::NoSession => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}

impl Backend {
    pub(crate) fn new(id: u64, config: BackendConfig, client: Client, response_bytes: usize) -> Backend {
        let (shared, trouble) = (AsyncMutex::default(), Mutex::default());
        Backend { id, config, shared, client, response_bytes, trouble }
    }

    /// Whether it is what another configuration asks for, so that its connections can be kept.
    pub(crate) fn serves(&self, config: &BackendConfig, response_bytes: usize) -> bool {
        let same = self.config.name == config.name && self.config.transport == config.transport;
        same && self.config.timeout == config.timeout && self.response_bytes == response_bytes
    }

    /// Whether requests that belong to no session can each go their own way.
    pub(crate) fn is_http(&self) -> bool {
        matches!(self.config.transport, Transport::Http { .. })
    }

    /// Opens a connection for one session.
    ///
    /// # Errors
    /// If the backend can't be reached, or failed a moment ago.
    pub(crate) async fn open(&self) -> Result<Link, LinkError> {
        self.connect(Ids::Kept).await
    }

    /// Opens a connection for requests of all clients that belong to no session.
    ///
    /// # Errors
    /// As [`open`](Backend::open).
    pub(crate) async fn open_shared(&self) -> Result<Link, LinkError> {
        self.connect(Ids::Own).await
    }

    async fn connect(&self, ids: Ids) -> Result<Link, LinkError> {
        self.check()?;
        let link = match &self.config.transport {
            Transport::Http { url, headers } => {
                HttpLink::new(self.client.clone(), url, headers, self.config.timeout, self.response_bytes)
                    .map(|link| Link::Http(Box::new(link)))
            }
            Transport::Stdio { command, args, env, working_dir } => child::start(
                &self.config.name,
                command,
                args,
                env,
                working_dir.as_deref(),
                self.response_bytes,
            )
            .map(|wire| Link::Duplex(Duplex::new(wire, ids, self.config.timeout))),
            Transport::Sse { url, headers } => {
                let wire =
                    legacy::connect(&self.client, url, headers, self.config.timeout, self.response_bytes)
                        .await;
                wire.map(|wire| Link::Duplex(Duplex::new(wire, ids, self.config.timeout)))
            }
        };
        if link.is_err() {
            self.failed();
        }
        link
    }

    fn check(&self) -> Result<(), LinkError> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble.until.and_then(|until| until.checked_duration_since(Instant::now())) {
            Some(left) => Err(LinkError::Down(format!(
                "it failed {} times in a row, the next try is in {:.1} s",
                trouble.failures,
                left.as_secs_f32()
            ))),
            None => Ok(()),
        }
    }

    /// Notes a failure: the next try waits, twice as long each time.
    pub(crate) fn failed(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        // Who is refused while the next try waits has not tried: only tries count, and only they put off the next one.
        if trouble.until.is_some_and(|until| until > Instant::now()) {
            return;
        }
        trouble.failures = trouble.failures.saturating_add(1);
        if trouble.failures > 1 {
            let wait = Duration::from_millis(100) * 2_u32.pow(trouble.failures.min(10) - 2);
            trouble.until = Some(Instant::now() + wait.min(Duration::from_secs(30)));
        }
    }

    /// Notes that it answers.
    pub(crate) fn works(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.failures > 0 {
            *trouble = Trouble::default();
        }
    }

    /// Whether the last try failed.
    pub(crate) fn in_trouble(&self) -> bool {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).failures > 0
    }
}

impl Link {
    /// Sends a message, and waits for what begins to come back.
    ///
    /// # Errors
    /// If the backend can't be reached or answers with nothing that can be used.
    pub(crate) async fn send(&self, outgoing: Outgoing<'_>) -> Result<Reply, LinkError> {
        match self {
            Link::Http(link) => link.send(outgoing).await,
            Link::Duplex(link) => link.send(outgoing).await,
        }
    }

    /// Sends a message, and leaves it to the caller to wait for what comes back; messages go out in the order of these calls.
    ///
    /// # Errors
    /// If the backend can't be reached.
    pub(crate) async fn begin(&self, outgoing: Outgoing<'_>) -> Result<Option<Events>, LinkError> {
        match self {
            Link::Http(link) => match link.send(outgoing).await? {
                Reply::Events { events, .. } => Ok(Some(events)),
                Reply::Whole { body, .. } => Ok(Some(Events::Ready(Some(body.whole().await?)))),
                Reply::Accepted => Ok(None),
            },
            Link::Duplex(link) => Ok(link.begin(outgoing).await?.map(Events::Duplex)),
        }
    }

    /// Why nothing comes any more.
    pub(crate) fn why_dead(&self) -> String {
        match self {
            Link::Http(_) => "it closed its stream without an answer".into(),
            Link::Duplex(link) => link.why_dead(),
        }
    }

    /// Opens the stream on which the backend speaks of its own accord.
    ///
    /// # Errors
    /// If the backend can't be reached.
    pub(crate) async fn listen(&self, headers: &HeaderMap) -> Result<Reply, LinkError> {
        match self {
            Link::Http(link) => link.listen(headers).await,
            Link::Duplex(link) => Ok(link.listen()),
        }
    }

    /// Ends the session at the backend; the status it answers with, if it is asked.
    pub(crate) async fn close(&self, headers: &HeaderMap) -> Option<StatusCode> {
        match self {
            Link::Http(link) => link.delete(headers).await,
            Link::Duplex(link) => {
                link.close();
                None
            }
        }
    }

    /// Whether the link can't be used any more.
    pub(crate) fn is_dead(&self) -> bool {
        match self {
            Link::Http(_) => false,
            Link::Duplex(link) => link.is_dead(),
        }
    }

    /// Whether the backend gave the session a name of its own, or is one that always keeps state.
    pub(crate) fn has_session(&self) -> bool {
        match self {
            Link::Http(link) => link.session().is_some(),
            Link::Duplex(_) => true,
        }
    }
}
