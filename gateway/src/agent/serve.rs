//! Connections of agents: accepted, checked, and at the end drained.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hypersieve::Database;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::body::{Body, REFUSED, error, refused, whole};
use super::legacy::{self, LegacyClients};
use super::post::Call;
use super::review;
use crate::config::{Config, Mode};
use crate::gateway::{Gateway, StartError};
use crate::identity::{self, Refused};
use crate::metrics::AuditMetrics;
use crate::reload::{Current, Reloader};

/// How long calls in flight may take once the gateway is to end.
const DRAIN: Duration = Duration::from_secs(30);

/// Where clients open a stream that speak as before 2025.
const LEGACY: &str = "/sse";

/// A gateway that listens for agents.
pub struct Server {
    current: Arc<Current>,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Opens the audit log and the port, and asks the backends for their tools.
    ///
    /// A backend that can't be reached is no error: it is tried again, and the others work.
    ///
    /// # Errors
    /// If the configuration names what does not exist, or the port or the audit log can't be opened.
    pub async fn start(config: Config, database: &Database) -> Result<Server, StartError> {
        let gateway = Gateway::new(config, database)?;
        let listener = TcpListener::bind(gateway.config.listen).await;
        let listener = listener.map_err(|error| StartError::Io("the port can't be opened", error))?;
        let address =
            listener.local_addr().map_err(|error| StartError::Io("the port can't be opened", error))?;
        gateway.begin().await;
        Ok(Server { current: Current::new(gateway), listener, address })
    }

    /// What changes the configuration and the rules while the server runs.
    pub fn reloader(&self) -> Reloader {
        Reloader(self.current.clone())
    }

    /// Where agents connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Some lines for a person that say what runs where, and whether it stops anything.
    pub fn banner(&self) -> String {
        let gateway = self.current.get();
        let config = &gateway.config;
        let mode = match config.mode {
            Mode::Enforce => "enforce: what is found is stopped",
            Mode::Observe => "observe: what is found is logged, NOTHING IS STOPPED",
        };
        let mut text = format!(
            "hypersieve gateway\n  endpoint  http://{}{}\n  mode      {mode}\n",
            self.address, config.endpoint
        );
        for backend in &gateway.backends {
            let state = if backend.in_trouble() { "not reached yet" } else { "reached" };
            text += &format!("  server    {} ({state})\n", backend.config.name);
        }
        if gateway.approvals.is_some() {
            let code = gateway.access_code.as_str();
            text += &format!("  approvals http://{}/approvals (access code {code})\n", self.address);
        }
        text + &format!(
            "  agents    {}\n",
            if config.agents.is_empty() {
                "anyone on this machine".into()
            } else {
                config.agents.keys().cloned().collect::<Vec<_>>().join(", ")
            }
        )
    }

    /// Serves until `stop` is ready; then no connection is accepted, and calls in flight are answered.
    ///
    /// # Errors
    /// If connections can't be accepted any more.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let current = self.current;
        let tidying = tokio::spawn(current.clone().tidy());
        let room = Arc::new(Semaphore::new(current.get().config.limits.connections));
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            // A connection beyond the limit waits to be accepted, as at a busy server.
            let accepted = async {
                let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
                let (stream, peer) = self.listener.accept().await?;
                Ok::<_, io::Error>((stream, peer, permit))
            };
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = accepted => match accepted {
                    Ok((stream, peer, permit)) => {
                        let current = current.clone();
                        connections.spawn(async move {
                            connection(current, stream, peer.ip()).await;
                            drop(permit);
                        });
                    }
                    Err(error) => {
                        // Too many open files pass; what does not is told again and again.
                        tracing::error!(%error, "a connection can't be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        drop(self.listener);
        current.end();
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("calls that take longer than {} s are cut off", DRAIN.as_secs());
        }
        tidying.abort();
        let gateway = current.get();
        gateway.end(gateway.sessions.take_all()).await;
        gateway.alerts.finish().await;
        Ok(())
    }
}

async fn connection(current: Arc<Current>, stream: TcpStream, peer: IpAddr) {
    // Answers are small and awaited.
    let _ = stream.set_nodelay(true);
    let mut stopping = current.ending.subscribe();
    let limits = current.get().config.limits;
    let service = service_fn(|request| {
        let current = current.clone();
        async move { Ok::<_, Infallible>(answer(&current, peer, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.request_time)
        .max_buf_size(limits.header_bytes.max(8 << 10))
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, %peer, "a connection broke");
            }
            return;
        }
        _ = stopping.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn answer(current: &Arc<Current>, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
    let gateway = current.get();
    match route(current, &gateway, peer, request).await {
        Ok(response) => response,
        Err(why) => {
            gateway.metrics.refused();
            tracing::warn!(%peer, status = why.status.as_u16(), why.message, "refused");
            refused(&why)
        }
    }
}

async fn route(
    current: &Arc<Current>,
    gateway: &Arc<Gateway>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refused> {
    let config = &gateway.config;
    identity::check_origin(config, request.headers())?;
    if review::is_here(request.uri().path()) {
        return Ok(review::answer(gateway, peer, request).await);
    }
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    match path {
        "/healthz" if parts.method == Method::GET => return Ok(health(gateway)),
        "/metrics" if parts.method == Method::GET => return Ok(metrics(gateway)),
        _ => {}
    }
    let below = |base: &str| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let (rest, legacy) = match below(&config.endpoint) {
        Some(rest) => (Some(rest), false),
        None => (below(LEGACY), true),
    };
    let named = match rest {
        Some("") | Some("/") => None,
        Some(rest) if !rest[1..].contains('/') => Some(&rest[1..]),
        _ => {
            let text = format!("the endpoint is {}, for legacy clients {LEGACY}", config.endpoint);
            return Err(Refused::new(StatusCode::NOT_FOUND, text));
        }
    };
    let agent = identity::agent(config, &gateway.tokens, peer, named, &parts.headers)?;
    let call = Call { gateway: gateway.clone(), agent, headers: parts.headers };
    match parts.method {
        Method::POST => {
            let id = parts.uri.query().and_then(legacy_id);
            if id.is_none() && legacy {
                let text = "post to the address in the first event of the stream";
                return Err(Refused::new(StatusCode::BAD_REQUEST, text));
            }
            if id.is_none() {
                accepts(&call.headers, &["application/json", "text/event-stream"])?;
            }
            let body = read(config, &call.headers, body).await?;
            let response = match id {
                Some(id) => legacy::post(current, call, id, body).await?,
                None => call.post(body).await,
            };
            if gateway.audit.flushed().await { Ok(response) } else { Err(unrecorded()) }
        }
        Method::GET => {
            accepts(&call.headers, &["text/event-stream"])?;
            if legacy || call.begins_as_legacy() {
                return Ok(LegacyClients::open(current, gateway, call.agent, path));
            }
            Ok(call.get().await)
        }
        Method::DELETE if !legacy => Ok(call.delete().await),
        _ => {
            let allowed = if legacy { "POST, GET" } else { "POST, GET, DELETE" };
            let text = format!("use one of {allowed}");
            let mut response = error(StatusCode::METHOD_NOT_ALLOWED, b"null", REFUSED, &text);
            response.headers_mut().insert("allow", HeaderValue::from_static(allowed));
            Ok(response)
        }
    }
}

/// The id in the address to which a legacy client was told to post.
fn legacy_id(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("sessionId="))
}

fn unrecorded() -> Refused {
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "the answer is held back: its record can't be written now")
}

/// The body of a request, if it is JSON of no more than the limit that arrives in time.
async fn read(config: &Config, headers: &HeaderMap, body: Incoming) -> Result<Bytes, Refused> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json"));
    }
    if headers.contains_key(hyper::header::CONTENT_ENCODING) {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the body without Content-Encoding",
        ));
    }
    let limit = config.limits.request_bytes;
    let reading = tokio::time::timeout(config.limits.request_time, Limited::new(body, limit).collect());
    match reading.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is longer than {limit} bytes (limits.request_bytes)"),
        )),
        Ok(Err(_)) => Err(Refused::new(StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_) => {
            Err(Refused::new(StatusCode::REQUEST_TIMEOUT, "the body took too long (limits.request_seconds)"))
        }
    }
}

/// Clients say what they can read; one that says nothing is taken to read everything.
fn accepts(headers: &HeaderMap, kinds: &[&str]) -> Result<(), Refused> {
    let values: Vec<&str> =
        headers.get_all(hyper::header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accepted = values.join(",").to_ascii_lowercase();
    let takes = |kind: &str| {
        let main = kind.split('/').next().unwrap_or_default();
        accepted
            .split(',')
            .map(|part| part.split(';').next().unwrap_or_default().trim())
            .any(|part| part == kind || part == "*/*" || part == format!("{main}/*"))
    };
    if values.is_empty() || kinds.iter().all(|kind| takes(kind)) {
        return Ok(());
    }
    Err(Refused::new(StatusCode::NOT_ACCEPTABLE, format!("send Accept: {}", kinds.join(", "))))
}

fn backends(gateway: &Gateway) -> Vec<(String, bool)> {
    gateway.backends.iter().map(|backend| (backend.config.name.clone(), !backend.in_trouble())).collect()
}

fn health(gateway: &Gateway) -> Response<Body> {
    let backends: serde_json::Map<String, serde_json::Value> = backends(gateway)
        .into_iter()
        .map(|(name, up)| (name, if up { "up" } else { "down" }.into()))
        .collect();
    let broken = gateway.audit.trouble().is_some();
    let mode = if gateway.config.mode == Mode::Enforce { "enforce" } else { "observe" };
    let text = serde_json::json!({"status": if broken { "audit broken" } else { "ok" }, "mode": mode, "backends": backends});
    let status = if broken { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    whole(status, "application/json", text.to_string())
}

fn metrics(gateway: &Gateway) -> Response<Body> {
    let streams = gateway.streams.load(Ordering::Relaxed);
    let audit = AuditMetrics {
        broken: gateway.audit.trouble().is_some(),
        waiting: gateway.audit.waiting(),
        alerts_dropped: gateway.alerts.dropped(),
    };
    let text = gateway.metrics.text(gateway.sessions.len(), streams, &backends(gateway), audit);
    whole(StatusCode::OK, "text/plain; version=0.0.4", text)
}
