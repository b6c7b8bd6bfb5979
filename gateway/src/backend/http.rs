//! A backend that speaks Streamable HTTP.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};

use super::document::Document;
use super::inflate::Inflate;
use super::{Client, Events, LinkError, Outgoing, Reply};
use crate::message::Kind;
use crate::sse::{Event, Framer};

pub(crate) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// A session at an HTTP backend, or none.
pub(crate) struct HttpLink {
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    timeout: Duration,
    response_bytes: usize,
    session: Mutex<Option<HeaderValue>>,
}

impl HttpLink {
    pub(super) fn new(
        client: Client,
        url: &str,
        headers: &BTreeMap<String, String>,
        timeout: Duration,
        response_bytes: usize,
    ) -> Result<HttpLink, LinkError> {
        let uri = url.parse().map_err(|error| LinkError::Down(format!("{url} is no address: {error}")))?;
        Ok(HttpLink {
            client,
            uri,
            headers: configured(headers)?,
            timeout,
            response_bytes,
            session: Mutex::default(),
        })
    }

    pub(super) fn session(&self) -> Option<HeaderValue> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn send(&self, outgoing: Outgoing<'_>) -> Result<Reply, LinkError> {
        let message = outgoing.message;
        let mut request = self.request(Method::POST, outgoing.headers, Full::new(message.bytes.clone()));
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let response = self.call(request).await?;
        if message.kind == Kind::Request
            && message.method == "initialize"
            && response.status().is_success()
            && let Some(session) = response.headers().get(SESSION)
        {
            *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        }
        self.reply(response).await
    }

    pub(super) async fn listen(&self, headers: &HeaderMap) -> Result<Reply, LinkError> {
        let mut request = self.request(Method::GET, headers, Full::default());
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let response = self.call(request).await?;
        self.reply(response).await
    }

    pub(super) async fn delete(&self, headers: &HeaderMap) -> Option<StatusCode> {
        self.session()?;
        let request = self.request(Method::DELETE, headers, Full::default());
        self.call(request).await.ok().map(|response| response.status())
    }

    fn request(&self, method: Method, passed: &HeaderMap, body: Full<Bytes>) -> Request<Full<Bytes>> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        for (name, value) in passed.iter().filter(|(name, _)| is_passed_on(name)) {
            headers.append(name.clone(), value.clone());
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(session) = self.session() {
            headers.insert(SESSION, session);
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        request
    }

    async fn call(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, LinkError> {
        match tokio::time::timeout(self.timeout, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(LinkError::Down(chain(&error))),
            Err(_) => Err(LinkError::Timeout(self.timeout)),
        }
    }

    async fn reply(&self, response: Response<Incoming>) -> Result<Reply, LinkError> {
        let (parts, body) = response.into_parts();
        if parts.status == StatusCode::NOT_FOUND && self.session().is_some() {
            return Err(LinkError::NoSession);
        }
        let inflate = Inflate::of(&parts.headers)?;
        let headers: HeaderMap = parts
            .headers
            .iter()
            .filter(|(name, _)| is_passed_back(name))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        let kind = parts
            .headers
            .get(CONTENT_TYPE)
            .map(HeaderValue::as_bytes)
            .unwrap_or_default()
            .to_ascii_lowercase();
        if kind.starts_with(b"text/event-stream") && parts.status.is_success() {
            let framer = Framer::new(self.response_bytes);
            let events = HttpEvents { body, inflate, framer, limit: self.response_bytes };
            return Ok(Reply::Events { headers, events: Events::Http(Box::new(events)) });
        }
        let body = Document::begin(body, inflate, self.response_bytes, self.timeout).await?;
        if body.is_empty() && parts.status == StatusCode::ACCEPTED {
            return Ok(Reply::Accepted);
        }
        Ok(Reply::Whole { status: parts.status, headers, body })
    }
}

/// The events of an HTTP response.
pub(crate) struct HttpEvents {
    body: Incoming,
    inflate: Option<Inflate>,
    framer: Framer,
    limit: usize,
}

impl HttpEvents {
    pub(super) fn new(body: Incoming, headers: &HeaderMap, limit: usize) -> Result<HttpEvents, LinkError> {
        Ok(HttpEvents { body, inflate: Inflate::of(headers)?, framer: Framer::new(limit), limit })
    }

    pub(super) async fn next(&mut self) -> Result<Option<Event>, LinkError> {
        loop {
            if let Some(event) = self.framer.next().map_err(|_| LinkError::TooLarge(self.limit))? {
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.map_err(|error| LinkError::Down(chain(&error)))?;
            let Ok(piece) = frame.into_data() else { continue };
            match &mut self.inflate {
                Some(inflate) => self.framer.push(&inflate.push(&piece, self.limit)?),
                None => self.framer.push(&piece),
            }
        }
    }
}

/// Headers that the protocol, or tracing, defines. The client's credentials are for the gateway and stay here.
fn is_passed_on(name: &HeaderName) -> bool {
    let name = name.as_str();
    name == "mcp-protocol-version"
        || name == "mcp-method"
        || name == "mcp-name"
        || name.starts_with("mcp-param-")
        || matches!(name, "last-event-id" | "traceparent" | "tracestate" | "baggage")
}

fn is_passed_back(name: &HeaderName) -> bool {
    let name = name.as_str();
    (name.starts_with("mcp-") && name != SESSION.as_str())
        || matches!(name, "content-type" | "retry-after" | "allow" | "cache-control" | "x-accel-buffering")
}

/// The headers of the configuration.
pub(super) fn configured(headers: &BTreeMap<String, String>) -> Result<HeaderMap, LinkError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let wrong = || LinkError::Down(format!("the configured header {name:?} is none"));
        let mut secret: HeaderValue = value.parse().map_err(|_| wrong())?;
        secret.set_sensitive(true);
        map.insert(name.parse::<HeaderName>().map_err(|_| wrong())?, secret);
    }
    Ok(map)
}

/// An error with its causes: the first one alone says too little.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}
