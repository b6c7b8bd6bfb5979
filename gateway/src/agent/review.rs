//! The side of the people who decide on held calls.
//!
//! ```text
//! GET  /approvals              all of them that wait; ?all=true those of the past, too
//! GET  /approvals/ID           one
//! POST /approvals/ID/approve   lets it pass once; the body is {"by": "who decides"}
//! POST /approvals/ID/deny
//! ```
//!
//! Each request carries `Authorization: Bearer` with the access code that the gateway shows at its start. Agents reach the
//! same port, so nothing is told to who does not have it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::body::{Body, whole};
use crate::audit::{Approvals, Held, HeldState, Ruling, RulingError};
use crate::digest::sha256;
use crate::gateway::Gateway;

/// Bytes of a request's body.
const BODY: usize = 4096;

/// The path below which all of this lies.
const PATH: &str = "/approvals";

/// The secret of those who decide: new at every start, and shown once.
pub(crate) struct AccessCode(String);

impl AccessCode {
    /// 80 random bits in letters and digits that are not mistaken for each other: nobody guesses them, however often they try.
    pub(crate) fn new() -> AccessCode {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system has random bytes");
        let mut code = String::new();
        for (at, byte) in bytes.into_iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                code.push('-');
            }
            code.push(char::from(LETTERS[usize::from(byte % 32)]));
        }
        AccessCode(code)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Digests are compared: how long that takes tells nothing about the code.
    fn is(&self, given: &str) -> bool {
        sha256(given.as_bytes()) == sha256(self.0.as_bytes())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    by: String,
}

/// Whether a path is answered here.
pub(super) fn is_here(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a person.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let given = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let code = given
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if !code.is_some_and(|(_, code)| gateway.access_code.is(code.trim())) {
        tracing::warn!(%peer, path = parts.uri.path(), "refused: no access code, or a wrong one");
        let message = "send the access code that the gateway shows at its start: Authorization: Bearer CODE";
        let mut response = said(StatusCode::UNAUTHORIZED, message);
        let challenge = hyper::header::HeaderValue::from_static("Bearer realm=\"hypersieve approvals\"");
        response.headers_mut().insert("www-authenticate", challenge);
        return response;
    }
    let Some(approvals) = gateway.approvals.clone() else {
        return said(
            StatusCode::NOT_FOUND,
            "no calls are held: the gateway has no state folder, or quarantine is off",
        );
    };
    let rest = parts.uri.path()[PATH.len()..].trim_matches('/').to_string();
    let steps: Vec<&str> = if rest.is_empty() { Vec::new() } else { rest.split('/').collect() };
    let all = parts.uri.query() == Some("all=true");
    match (&parts.method, steps.as_slice()) {
        (&Method::GET, []) => look(move || list(&approvals, all)).await,
        (&Method::GET, [id]) => {
            let id = id.to_string();
            look(move || Ok(approvals.get(&id)?.map_or_else(unknown, |held| shown(&held)))).await
        }
        (&Method::POST, [id, ruling @ ("approve" | "deny")]) => {
            let ruling = if *ruling == "approve" { Ruling::Approve } else { Ruling::Deny };
            let who = match who(body).await {
                Ok(who) => format!("{who} (http from {peer})"),
                Err(why) => return said(StatusCode::BAD_REQUEST, &why),
            };
            let id = id.to_string();
            look(move || {
                let held = approvals.decide(&id, ruling, &who)?;
                tracing::info!(held = held.id, state = held.state.name(), by = held.by, "decided");
                Ok(shown(&held))
            })
            .await
        }
        _ => said(
            StatusCode::NOT_FOUND,
            "GET /approvals, GET /approvals/ID, POST /approvals/ID/approve or /approvals/ID/deny",
        ),
    }
}

/// Reads and writes where no call waits for it.
async fn look(work: impl FnOnce() -> Result<Response<Body>, RulingError> + Send + 'static) -> Response<Body> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(response)) => response,
        Ok(Err(RulingError::Unknown)) => unknown(),
        Ok(Err(error @ RulingError::Decided(_))) => said(StatusCode::CONFLICT, &error.to_string()),
        Ok(Err(RulingError::Audit(error))) => {
            tracing::error!(%error, "approvals");
            said(StatusCode::SERVICE_UNAVAILABLE, "the audit log can't be read or written now: try again")
        }
        Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, "this failed: see the gateway's log"),
    }
}

fn list(approvals: &Approvals, all: bool) -> Result<Response<Body>, RulingError> {
    let held = approvals.list()?;
    let wanted: Vec<&Held> = held.iter().filter(|held| all || held.state == HeldState::Waiting).collect();
    Ok(document(StatusCode::OK, &json!({"held": wanted})))
}

/// Who decides: that is claimed, and recorded together with where the claim came from.
async fn who(body: Incoming) -> Result<String, String> {
    let form = "send who decides: {\"by\": \"NAME\"}";
    let body: Bytes = match Limited::new(body, BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Err(format!("{error}: {form}")),
    };
    let who: Who = serde_json::from_slice(&body).map_err(|error| format!("{error}: {form}"))?;
    match who.by.trim() {
        "" => Err(form.to_string()),
        name => Ok(name.chars().take(64).collect()),
    }
}

fn shown(held: &Held) -> Response<Body> {
    document(StatusCode::OK, &json!(held))
}

fn unknown() -> Response<Body> {
    said(StatusCode::NOT_FOUND, "no call of this id is held")
}

fn said(status: StatusCode, message: &str) -> Response<Body> {
    document(status, &json!({"error": message}))
}

fn document(status: StatusCode, document: &serde_json::Value) -> Response<Body> {
    whole(status, "application/json", document.to_string())
}
