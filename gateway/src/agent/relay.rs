//! What a backend answers, on its way to the agent.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};

use super::body::{BACKEND_FAILED, Body, empty, error, events, json};
use super::stream::{Relay, Slot, Source};
use crate::backend::{LinkError, Reply};
use crate::exchange::{Checked, Exchange};
use crate::session::InUse;

/// Passes a reply on as it is judged.
pub(super) fn relay(
    exchange: Exchange,
    backend: usize,
    reply: Reply,
    session: Option<InUse>,
) -> Response<Body> {
    match reply {
        Reply::Accepted => empty(StatusCode::ACCEPTED),
        Reply::Whole { status, headers, body } => document(exchange, backend, status, &headers, body),
        Reply::Events { headers, events: source } => {
            let mut response = stream(exchange, Source::One(backend, source), session);
            copy(&headers, &mut response);
            response
        }
    }
}

/// Opens a stream to the agent, if one more may be open.
pub(super) fn stream(exchange: Exchange, source: Source, session: Option<InUse>) -> Response<Body> {
    match Slot::take(exchange.gateway()) {
        Some(slot) => events(Relay::new(exchange, source, session, slot).into_stream()),
        None => {
            let id = exchange.raw_id().cloned().unwrap_or_else(|| "null".into());
            error(
                StatusCode::SERVICE_UNAVAILABLE,
                &id,
                super::body::REFUSED,
                "too many streams are open (limits.streams)",
            )
        }
    }
}

fn document(
    mut exchange: Exchange,
    backend: usize,
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if body.is_empty() {
        if status.is_success() && exchange.raw_id().is_some() {
            return failed(exchange, &LinkError::Protocol("it answered a request with nothing".into()));
        }
        let mut response = empty(status);
        copy(headers, &mut response);
        return response;
    }
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with(b"application/json") {
        let (status, body) = match exchange.answer(body, backend) {
            Checked::Pass(body) => (status, body),
            Checked::Stop(stopped) => (StatusCode::OK, exchange.refusal(&stopped)),
        };
        let mut response = json(status, body);
        copy(headers, &mut response);
        return response;
    }
    if status.is_success() {
        return failed(
            exchange,
            &LinkError::Protocol("it answered with something other than JSON or events".into()),
        );
    }
    match exchange.plain(&body) {
        Ok(()) => {
            let mut response = json(status, body);
            response.headers_mut().remove(CONTENT_TYPE);
            copy(headers, &mut response);
            response
        }
        Err(stopped) => json(status, exchange.refusal(&stopped)),
    }
}

/// Says that a backend gave no answer.
pub(super) fn failed(mut exchange: Exchange, why: &LinkError) -> Response<Body> {
    exchange.failed(&why.to_string());
    let id = exchange.raw_id().cloned().unwrap_or_else(|| "null".into());
    error(why.status(), &id, BACKEND_FAILED, &format!("the server behind the gateway failed: {why}"))
}

fn copy(headers: &HeaderMap, response: &mut Response<Body>) {
    for (name, value) in headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
}
