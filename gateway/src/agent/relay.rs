//! What a backend answers, on its way to the agent.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};

use super::body::{BACKEND_FAILED, Body, empty, error, events, json};
use super::stream::{Relay, Slot, Source};
use crate::answer::Stopped;
use crate::backend::{Document, LinkError, Reply};
use crate::exchange::{Checked, Exchange};
use crate::session::InUse;

/// Passes a reply on as it is judged.
pub(super) async fn relay(
    mut exchange: Exchange,
    backend: usize,
    reply: Reply,
    session: Option<InUse>,
) -> Response<Body> {
    match reply {
        Reply::Accepted => empty(StatusCode::ACCEPTED),
        Reply::Whole { status, headers, body } => match arrive(&mut exchange, &headers, body).await {
            Ok(body) => document(exchange, backend, status, &headers, body),
            Err(Halt::Stopped(stopped)) => json(StatusCode::OK, exchange.refusal(&stopped)),
            Err(Halt::Broken(why)) => {
                exchange.gateway().backends[backend].failed();
                failed(exchange, &why)
            }
        },
        Reply::Events { headers, events: source } => {
            let mut response = stream(exchange, Source::One(backend, source), session);
            copy(&headers, &mut response);
            response
        }
    }
}

/// Why an answer does not arrive whole.
enum Halt {
    Stopped(Stopped),
    Broken(LinkError),
}

/// Holds a document until it is whole; what is JSON is judged meanwhile, so that the rest of a hostile one is not waited for.
async fn arrive(exchange: &mut Exchange, headers: &HeaderMap, mut body: Document) -> Result<Bytes, Halt> {
    if is_json(headers) && !body.is_whole() {
        while let Some(piece) = body.next().await.map_err(Halt::Broken)? {
            exchange.arrives(&piece).map_err(Halt::Stopped)?;
        }
    }
    body.whole().await.map_err(Halt::Broken)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.to_ascii_lowercase().starts_with(b"application/json")
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
    if is_json(headers) {
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
