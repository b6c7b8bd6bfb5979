//! A proxy that does nothing but pass on: what any program between an agent and a server costs at least.

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::listener::{Body, Service};

/// The proxy: it holds a request and an answer whole, as the gateway does, and reads nothing of either.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    client: Client<HttpConnector, Full<Bytes>>,
    to: Uri,
}

impl Pass {
    pub(crate) fn new(to: &str) -> Pass {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        let to = format!("http://{to}/mcp").parse().expect("the driver names a host and a port");
        Pass { client: Client::builder(TokioExecutor::new()).build(tcp), to }
    }
}

impl Service for Pass {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        parts.uri = self.to.clone();
        parts.headers.remove("host");
        let body = body.collect().await?.to_bytes();
        let answer = self.client.request(Request::from_parts(parts, Full::new(body))).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(parts, Full::new(body).boxed_unsync()))
    }
}
