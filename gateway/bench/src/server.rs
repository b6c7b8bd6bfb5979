//! An MCP server with the tools that are called.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::listener::{Body, Service, whole};
use crate::traffic::{Tool, Traffic};

/// The server; it holds nothing but the texts.
#[derive(Clone, Debug)]
pub(crate) struct Server;

static SESSIONS: AtomicU64 = AtomicU64::new(0);
static TRAFFIC: OnceLock<Traffic> = OnceLock::new();

impl Service for Server {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>> {
        match *request.method() {
            Method::POST => post(request.into_body().collect().await?.to_bytes()),
            Method::GET => Ok(listen()),
            _ => Ok(whole(StatusCode::OK, "")),
        }
    }
}

fn post(body: Bytes) -> Result<Response<Body>> {
    // What is read of a call is little, so that the server is a small part of the whole.
    let text = std::str::from_utf8(&body)?;
    for tool in Tool::ALL {
        if text.starts_with(r#"{"method":"tools/call""#) && text.contains(tool.name()) {
            let id = text.rsplit_once("\"id\":").context("a call has an id")?.1;
            let id = id.trim_end_matches('}').parse()?;
            return Ok(document(TRAFFIC.get_or_init(Traffic::new).answer(id, tool)));
        }
    }
    let message: Value = serde_json::from_str(text)?;
    let result = match message["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "bench", "version": "0"},
        }),
        Some("tools/list") => {
            let tool = |tool: Tool| json!({"name": tool.name(), "description": "Reads.", "inputSchema": {"type": "object"}});
            json!({"tools": Tool::ALL.map(tool)})
        }
        Some(method) if method.starts_with("notifications/") => return Ok(whole(StatusCode::ACCEPTED, "")),
        method => bail!("{method:?} is nothing that the driver sends"),
    };
    let mut response = document(json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string());
    if message["method"] == "initialize" {
        let session = SESSIONS.fetch_add(1, Ordering::Relaxed).to_string();
        response.headers_mut().insert("mcp-session-id", session.parse()?);
    }
    Ok(response)
}

fn document(text: String) -> Response<Body> {
    let mut response = whole(StatusCode::OK, text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A stream on which nothing ever comes.
fn listen() -> Response<Body> {
    struct Silence;
    impl hyper::body::Body for Silence {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Pending
        }
    }
    let mut response = Response::new(Silence.boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}
