//! Bodies of what the gateway answers.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::answer;
use crate::identity::Refused;

/// A body, whole or as it comes.
pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The code of errors about HTTP itself; outside of what JSON-RPC and MCP reserve.
pub(super) const REFUSED: i64 = -33002;

/// The code of errors about backends.
pub(super) const BACKEND_FAILED: i64 = -33003;

pub(super) fn whole(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

pub(super) fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    whole(status, "application/json", body)
}

pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = status;
    response
}

pub(super) fn events(stream: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let frames = stream.map(|bytes| Ok(Frame::data(bytes)));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// An error of JSON-RPC for the request `id`, as it is written.
pub(super) fn error(status: StatusCode, id: &[u8], code: i64, message: &str) -> Response<Body> {
    json(status, answer::error(id, code, message))
}

pub(super) fn refused(refused: &Refused) -> Response<Body> {
    let mut response = error(refused.status, b"null", REFUSED, &refused.message);
    if refused.status == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert("www-authenticate", HeaderValue::from_static("Bearer realm=\"hypersieve\""));
    }
    response
}
