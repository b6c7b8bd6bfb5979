//! Messages of agents, and their streams and sessions.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Response, StatusCode};

use super::aggregate;
use super::body::{Body, REFUSED, empty, error, json};
use super::relay::{failed, relay};
use crate::answer;
use crate::backend::{Link, LinkError, Outgoing, Reply};
use crate::catalogue::Named;
use crate::era::{self, Era, HEADER_MISMATCH, LEGACY_VERSIONS, PROTOCOL_VERSION};
use crate::exchange::Exchange;
use crate::gateway::Gateway;
use crate::message::{Kind, Message};
use crate::session::{InUse, Session};

/// Who calls, and how.
pub(super) struct Call {
    pub(super) gateway: Arc<Gateway>,
    pub(super) agent: Option<String>,
    pub(super) headers: HeaderMap,
}

/// The session that a request names.
pub(super) enum SessionName {
    None,
    Known(Arc<Session>),
    Unknown,
}

impl Call {
    /// Answers a message.
    pub(super) async fn post(self, body: Bytes) -> Response<Body> {
        let message = match Message::parse(body) {
            Ok(message) => message,
            Err(wrong) => {
                let text = format!("the message can't be read: {wrong}");
                return error(StatusCode::BAD_REQUEST, b"null", -32700, &text);
            }
        };
        let era = match era::of(&self.headers, &message) {
            Ok(era) => era,
            Err(wrong) => return error(StatusCode::BAD_REQUEST, message.raw_id(), HEADER_MISMATCH, &wrong),
        };
        let session = match self.session() {
            _ if era == Era::Modern => None,
            SessionName::Known(session) => Some(session),
            SessionName::Unknown => return self.no_session(message.raw_id()),
            SessionName::None => None,
        };
        if let Some(wrong) = self.wrong_version(era) {
            return error(StatusCode::BAD_REQUEST, message.raw_id(), -32600, &wrong);
        }
        if message.kind != Kind::Request {
            return self.one_way(&message, session.as_ref()).await;
        }
        if session.is_none() && era == Era::Legacy && message.method == "initialize" {
            return self.initialize(message).await;
        }
        self.request(message, session, era).await
    }

    async fn request(self, message: Message, session: Option<Arc<Session>>, era: Era) -> Response<Body> {
        let gateway = &self.gateway;
        let mut exchange = Exchange::new(gateway, self.agent.clone(), Some(&message));
        if session.is_none() && era == Era::Legacy && !self.passes_without_session() {
            return error(
                StatusCode::BAD_REQUEST,
                message.raw_id(),
                REFUSED,
                "the header Mcp-Session-Id is missing",
            );
        }
        let tool = match (message.method.as_str(), message.name()) {
            ("tools/call", Some(name)) => match gateway.catalogue.resolve(Named::Tool, name) {
                Some(tool) => Some(tool),
                None => return self.unknown_tool(exchange, &message).await,
            },
            _ => None,
        };
        if let Some((backend, _)) = &tool
            && let Err(why) = gateway.know(*backend).await
        {
            return failed(exchange, &why);
        }
        let whose = tool.as_ref().map(|(backend, tool)| (*backend, tool.as_str()));
        if let Err(stopped) = exchange.check(&message, whose).await {
            return json(StatusCode::OK, exchange.refusal(&stopped));
        }
        if gateway.backends.len() > 1 {
            return aggregate::request(&self, exchange, message, tool, session, era).await;
        }
        self.pass(exchange, 0, &message, session, era).await
    }

    /// Passes a request to one backend, and its answer back.
    pub(super) async fn pass(
        &self,
        mut exchange: Exchange,
        backend: usize,
        message: &Message,
        session: Option<Arc<Session>>,
        era: Era,
    ) -> Response<Body> {
        let sent = async {
            let link = self.link(backend, session.as_deref()).await?;
            exchange.comes_over(&link, &self.headers);
            let outgoing = Outgoing { message, headers: &self.headers, close_cancels: era == Era::Modern };
            link.send(outgoing).await
        };
        match sent.await {
            Ok(reply) => {
                self.gateway.backends[backend].works();
                relay(exchange, backend, reply, session.map(|session| session.in_use())).await
            }
            Err(why) => self.lost(exchange, backend, session, &why).await,
        }
    }

    async fn lost(
        &self,
        exchange: Exchange,
        backend: usize,
        session: Option<Arc<Session>>,
        why: &LinkError,
    ) -> Response<Body> {
        match (why, session) {
            // The server has forgotten the session: so does the gateway, and the client begins anew.
            (LinkError::NoSession, Some(session)) if self.gateway.backends.len() == 1 => {
                self.gateway.sessions.remove(&session.id);
            }
            (LinkError::NoSession, Some(session)) => {
                *session.slot(&self.gateway.backends[backend]).lock().await = None;
            }
            _ => self.gateway.backends[backend].failed(),
        }
        failed(exchange, why)
    }

    /// The connection to a backend.
    pub(super) async fn link(
        &self,
        backend: usize,
        session: Option<&Session>,
    ) -> Result<Arc<Link>, LinkError> {
        match session {
            Some(session) => self.gateway.session_link(session, backend).await,
            None => self.gateway.shared_link(backend).await,
        }
    }

    /// A notification, or the answer to what a backend asked.
    async fn one_way(&self, message: &Message, session: Option<&Arc<Session>>) -> Response<Body> {
        let gateway = &self.gateway;
        let mut exchange = Exchange::new(gateway, self.agent.clone(), Some(message));
        if session.is_none() && !self.passes_without_session() {
            return error(StatusCode::BAD_REQUEST, b"null", REFUSED, "the header Mcp-Session-Id is missing");
        }
        let _used = session.map(Session::in_use);
        let checked = exchange.check(message, None).await;
        let stopped;
        let message = match (checked, message.kind) {
            (Ok(()), _) => message,
            // The server waits for an answer, and gets one.
            (Err(why), Kind::Response) => {
                let refusal = answer::error(message.raw_id(), answer::POLICY_DENIED, &why.text());
                stopped = Message::parse(refusal).expect("our own messages are well formed");
                &stopped
            }
            (Err(why), _) => {
                return error(StatusCode::FORBIDDEN, b"null", answer::POLICY_DENIED, &why.text());
            }
        };
        if gateway.backends.len() > 1 {
            return aggregate::one_way(self, message, session).await;
        }
        let sent = async {
            let link = self.link(0, session.map(|session| &**session)).await?;
            link.send(Outgoing { message, headers: &self.headers, close_cancels: false }).await
        };
        match sent.await {
            Ok(reply) => relay(exchange, 0, reply, None).await,
            Err(why) => self.lost(exchange, 0, session.cloned(), &why).await,
        }
    }

    /// Begins a session.
    async fn initialize(self, message: Message) -> Response<Body> {
        let gateway = &self.gateway;
        let mut exchange = Exchange::new(gateway, self.agent.clone(), Some(&message));
        if let Err(stopped) = exchange.check(&message, None).await {
            return json(StatusCode::OK, exchange.refusal(&stopped));
        }
        if !gateway.sessions.has_room() {
            return error(
                StatusCode::SERVICE_UNAVAILABLE,
                message.raw_id(),
                REFUSED,
                "too many sessions are open (limits.sessions)",
            );
        }
        let session = Session::new(self.agent.clone(), message.clone());
        let session = Arc::new(session);
        let (response, keep) = if gateway.backends.len() > 1 {
            aggregate::initialize(&self, exchange, &session).await
        } else {
            self.initialize_one(exchange, &session).await
        };
        self.begun(response, session, keep)
    }

    async fn initialize_one(&self, exchange: Exchange, session: &Arc<Session>) -> (Response<Body>, bool) {
        let gateway = &self.gateway;
        let opened = async {
            let link = Arc::new(gateway.backends[0].open().await?);
            let message = &session.initialize;
            let reply = link.send(Outgoing { message, headers: &self.headers, close_cancels: false }).await?;
            Ok((link, reply))
        };
        match opened.await {
            Ok((link, reply)) => {
                gateway.backends[0].works();
                let fine = match &reply {
                    Reply::Whole { status, .. } => status.is_success(),
                    _ => true,
                };
                let keep = fine && link.has_session();
                *session.slot(&gateway.backends[0]).lock().await = Some(link);
                (relay(exchange, 0, reply, None).await, keep)
            }
            Err(why) => {
                gateway.backends[0].failed();
                (failed(exchange, &why), false)
            }
        }
    }

    fn begun(&self, mut response: Response<Body>, session: Arc<Session>, keep: bool) -> Response<Body> {
        if keep && response.status().is_success() {
            let id: HeaderValue = session.id.parse().expect("hexadecimal digits are a header's value");
            if !self.gateway.sessions.add(session) {
                return error(
                    StatusCode::SERVICE_UNAVAILABLE,
                    b"null",
                    REFUSED,
                    "too many sessions are open (limits.sessions)",
                );
            }
            response.headers_mut().insert("mcp-session-id", id);
        }
        response
    }

    /// A tool that no backend has as far as is known; a backend that could not be reached before may have it.
    async fn unknown_tool(&self, exchange: Exchange, message: &Message) -> Response<Body> {
        let name = message.name().unwrap_or_default();
        drop(exchange);
        error(StatusCode::OK, message.raw_id(), -32602, &format!("Unknown tool: {name}"))
    }

    /// Whether a request for a stream is that of a client from before 2025, which begins so. It can't be any other where no
    /// stream is open to those who have no session.
    pub(super) fn begins_as_legacy(&self) -> bool {
        let newer = ["mcp-session-id", "mcp-protocol-version", "last-event-id"];
        !self.passes_without_session() && !newer.iter().any(|name| self.headers.contains_key(*name))
    }

    /// Opens the stream of what the backend says of its own accord.
    pub(super) async fn get(self) -> Response<Body> {
        let gateway = &self.gateway;
        let session = match self.session() {
            SessionName::Known(session) => Some(session),
            SessionName::Unknown => return self.no_session(b"null"),
            SessionName::None if self.passes_without_session() => None,
            SessionName::None => {
                return error(
                    StatusCode::BAD_REQUEST,
                    b"null",
                    REFUSED,
                    "the header Mcp-Session-Id is missing",
                );
            }
        };
        if era::of_headers(&self.headers) == Era::Modern && !self.passes_without_session() {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let mut exchange = Exchange::new(gateway, self.agent.clone(), None);
        if gateway.backends.len() > 1 {
            return aggregate::listen(&self, exchange, session).await;
        }
        let listening = async {
            let link = self.link(0, session.as_deref()).await?;
            exchange.comes_over(&link, &self.headers);
            link.listen(&self.headers).await
        };
        match listening.await {
            Ok(reply) => relay(exchange, 0, reply, session.map(|session| session.in_use())).await,
            Err(why) => self.lost(exchange, 0, session, &why).await,
        }
    }

    /// Ends a session.
    pub(super) async fn delete(self) -> Response<Body> {
        let session = match self.session() {
            SessionName::Known(session) => session,
            SessionName::Unknown => return self.no_session(b"null"),
            SessionName::None if self.passes_without_session() => {
                return empty(StatusCode::METHOD_NOT_ALLOWED);
            }
            SessionName::None => {
                return error(
                    StatusCode::BAD_REQUEST,
                    b"null",
                    REFUSED,
                    "the header Mcp-Session-Id is missing",
                );
            }
        };
        let mut status = None;
        for backend in &self.gateway.backends {
            let link = session.slot(backend).lock().await.clone();
            if let Some(link) = link {
                status = status.or(link.close(&self.headers).await);
            }
        }
        // A server that does not let clients end sessions says so, and the session goes on.
        if self.gateway.backends.len() == 1 && status == Some(StatusCode::METHOD_NOT_ALLOWED) {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        self.gateway.sessions.remove(&session.id);
        empty(status.unwrap_or(StatusCode::OK))
    }

    fn session(&self) -> SessionName {
        match self.headers.get("mcp-session-id") {
            None => SessionName::None,
            Some(id) => {
                let found =
                    id.to_str().ok().and_then(|id| self.gateway.sessions.get(id, self.agent.as_deref()));
                found.map_or(SessionName::Unknown, SessionName::Known)
            }
        }
    }

    fn no_session(&self, id: &[u8]) -> Response<Body> {
        error(
            StatusCode::NOT_FOUND,
            id,
            REFUSED,
            "there is no such session (any more): begin a new one with initialize",
        )
    }

    /// Whether the one backend says for itself what it does with requests that belong to no session.
    fn passes_without_session(&self) -> bool {
        let modern = era::of_headers(&self.headers) == Era::Modern;
        modern || self.gateway.backends.len() == 1 && self.gateway.backends[0].is_http()
    }

    /// Where the gateway itself is the server, it says which revisions it knows.
    fn wrong_version(&self, era: Era) -> Option<String> {
        if era == Era::Modern || self.gateway.backends.len() == 1 && self.gateway.backends[0].is_http() {
            return None;
        }
        let version = self.headers.get(PROTOCOL_VERSION)?.to_str().unwrap_or_default();
        (!LEGACY_VERSIONS.contains(&version)).then(|| {
            format!(
                "the protocol version {version:?} is not known: use one of {}",
                LEGACY_VERSIONS.join(", ")
            )
        })
    }
}

pub(super) fn in_use(session: Option<&Arc<Session>>) -> Option<InUse> {
    session.map(Session::in_use)
}
