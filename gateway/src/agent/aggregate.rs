//! Several backends as one server.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use hyper::header::HeaderValue;
use hyper::{Response, StatusCode};
use serde_json::Value;

use super::body::{Body, empty, error, json};
use super::merge;
use super::post::{Call, in_use};
use super::relay::{failed, stream};
use super::stream::Source;
use crate::answer::Stopped;
use crate::backend::{LinkError, Outgoing, Reply};
use crate::catalogue::Named;
use crate::era::{Era, NAME, header_value};
use crate::exchange::{Checked, Exchange, own_id};
use crate::list::{List, ListKind};
use crate::message::{Kind, Message};
use crate::session::Session;

/// Pages of one backend's list that are read.
const PAGES: usize = 1000;

/// Begins a session with all backends that can be reached.
pub(super) async fn initialize(
    call: &Call,
    mut exchange: Exchange,
    session: &Arc<Session>,
) -> (Response<Body>, bool) {
    let gateway = &call.gateway;
    let opened = (0..gateway.backends.len()).map(|backend| async move {
        let opened = gateway.open(backend, &session.initialize).await;
        match opened {
            Ok((link, answer)) => {
                *session.slot(&gateway.backends[backend]).lock().await = Some(link);
                Some((backend, answer))
            }
            Err(error) => {
                tracing::warn!(backend = gateway.backends[backend].config.name, %error, "a session begins without it");
                None
            }
        }
    });
    let answers: Vec<(usize, Message)> = join_all(opened).await.into_iter().flatten().collect();
    match introduce(call, &mut exchange, &answers) {
        Ok(Some(answer)) => (json(StatusCode::OK, answer), true),
        Ok(None) => (failed(exchange, &LinkError::Down("no server can be reached".into())), false),
        Err(stopped) => (json(StatusCode::OK, exchange.refusal(&stopped)), false),
    }
}

fn introduce(
    call: &Call,
    exchange: &mut Exchange,
    answers: &[(usize, Message)],
) -> Result<Option<Bytes>, Stopped> {
    let (mut names, mut results) = (Vec::new(), Vec::new());
    for (backend, answer) in answers {
        let passed = match exchange.answer(answer.bytes.clone(), *backend) {
            Checked::Pass(bytes) => bytes,
            Checked::Stop(stopped) => return Err(stopped),
        };
        let read: Value = serde_json::from_slice(&passed).unwrap_or_default();
        if read["result"].is_object() {
            names.push(call.gateway.backends[*backend].config.name.as_str());
            results.push(read["result"].clone());
        }
    }
    let id = exchange.raw_id().cloned().unwrap_or_default();
    Ok((!results.is_empty()).then(|| merge::introductions(&id, &names, &results)))
}

/// Answers a request that has been checked.
pub(super) async fn request(
    call: &Call,
    mut exchange: Exchange,
    message: Message,
    tool: Option<(usize, String)>,
    session: Option<Arc<Session>>,
    era: Era,
) -> Response<Body> {
    if let Some((backend, tool)) = tool {
        return renamed(call, exchange, backend, &message, &tool, session, era).await;
    }
    if let Some(kind) = ListKind::of(&message.method) {
        return list(call, exchange, kind, &message, session, era).await;
    }
    let id = message.raw_id();
    match message.method.as_str() {
        "ping" => json(StatusCode::OK, merge::answer(id, b"{}")),
        "server/discover" => {
            let answers = ask_all(call, &message, session.as_ref()).await;
            match introduce(call, &mut exchange, &answers) {
                Ok(Some(answer)) => json(StatusCode::OK, answer),
                // Where no backend knows the method, the client falls back to `initialize`.
                Ok(None) => error(StatusCode::NOT_FOUND, id, -32601, "Method not found: server/discover"),
                Err(stopped) => json(StatusCode::OK, exchange.refusal(&stopped)),
            }
        }
        "prompts/get" => match message
            .name()
            .and_then(|name| call.gateway.catalogue.resolve(Named::Prompt, name))
        {
            Some((backend, name)) => renamed(call, exchange, backend, &message, &name, session, era).await,
            None => error(StatusCode::OK, id, -32602, "Unknown prompt"),
        },
        "subscriptions/listen" => subscribe(call, exchange, &message, session).await,
        _ => {
            let whose = message.uri().and_then(|uri| call.gateway.resource(uri));
            match whose {
                Some(backend) => call.pass(exchange, backend, &message, session, era).await,
                None => first_that_can(call, exchange, &message, session).await,
            }
        }
    }
}

/// Passes a request on under the backend's own name for the tool or the prompt.
async fn renamed(
    call: &Call,
    exchange: Exchange,
    backend: usize,
    message: &Message,
    name: &str,
    session: Option<Arc<Session>>,
    era: Era,
) -> Response<Body> {
    if message.name() == Some(name) {
        return call.pass(exchange, backend, message, session, era).await;
    }
    let message = match Message::parse(message.with_name(name)) {
        Ok(message) => message,
        Err(error) => return failed(exchange, &LinkError::Protocol(error.to_string())),
    };
    let mut headers = call.headers.clone();
    if let Ok(value) = HeaderValue::from_str(&header_value(name)) {
        headers.insert(NAME, value);
    }
    let call = Call { gateway: call.gateway.clone(), agent: call.agent.clone(), headers };
    call.pass(exchange, backend, &message, session, era).await
}

/// The entries of all backends in one list. Those that can't be reached are left out.
async fn list(
    call: &Call,
    mut exchange: Exchange,
    kind: ListKind,
    message: &Message,
    session: Option<Arc<Session>>,
    era: Era,
) -> Response<Body> {
    let id = message.raw_id();
    if message.params.as_ref().is_some_and(|params| params.cursor.is_some()) {
        return error(StatusCode::OK, id, -32602, "Unknown cursor: the list has one page");
    }
    let session = session.as_ref();
    let pages = (0..call.gateway.backends.len()).map(|backend| pages(call, kind, backend, message, session));
    let mut listed = Vec::new();
    for (backend, found) in join_all(pages).await.into_iter().enumerate() {
        match found {
            Ok(found) => listed.push((backend, found)),
            Err(error) => {
                tracing::warn!(backend = call.gateway.backends[backend].config.name, %error, "left out of a list");
            }
        }
    }
    // All names are known before the first is shown: whether one clashes depends on the others.
    if kind == ListKind::Tools || kind == ListKind::Prompts {
        for (backend, pages) in &listed {
            for item in pages.iter().flat_map(|(_, list)| &list.items) {
                let Some((_, name)) = &item.name else { continue };
                match kind {
                    ListKind::Tools => call.gateway.catalogue.add_tool(*backend, name, Default::default()),
                    _ => call.gateway.catalogue.add_prompt(*backend, name),
                }
            }
        }
    }
    let mut entries = Vec::new();
    for (backend, pages) in &listed {
        for (answer, list) in pages {
            entries.extend(exchange.entries(kind, answer, list, *backend));
        }
    }
    json(StatusCode::OK, merge::list(id, kind, &entries, era == Era::Modern))
}

async fn pages(
    call: &Call,
    kind: ListKind,
    backend: usize,
    message: &Message,
    session: Option<&Arc<Session>>,
) -> Result<Vec<(Message, List)>, LinkError> {
    let link = call.link(backend, session.map(|session| &**session)).await?;
    let broken = |error: &dyn std::fmt::Display| LinkError::Protocol(error.to_string());
    let mut next = message.clone();
    let mut pages = Vec::new();
    for _ in 0..PAGES {
        let answer = call.gateway.ask(backend, &link, &next, &call.headers).await?;
        let Some(list) = List::of(kind, &answer).map_err(|error| broken(&error))? else { break };
        let cursor = list.next_cursor.clone().map(|span| answer.part(&span).to_vec());
        pages.push((answer, list));
        let Some(cursor) = cursor else { break };
        next = Message::parse(with_cursor(message, &cursor)).map_err(|error| broken(&error))?;
    }
    Ok(pages)
}

/// The request for the next page.
fn with_cursor(message: &Message, cursor: &[u8]) -> Bytes {
    let mut read: Value = serde_json::from_slice(&message.bytes).unwrap_or_default();
    if !read["params"].is_object() {
        read["params"] = Value::Object(serde_json::Map::new());
    }
    read["params"]["cursor"] = serde_json::from_slice(cursor).unwrap_or_default();
    // Numbers of any length keep their digits: the id is put back as it was written.
    let bytes: Bytes = read.to_string().into();
    match Message::parse(bytes.clone()) {
        Ok(parsed) => parsed.with_id(message.raw_id()),
        Err(_) => bytes,
    }
}

/// What each backend answers.
async fn ask_all(call: &Call, message: &Message, session: Option<&Arc<Session>>) -> Vec<(usize, Message)> {
    let asked = (0..call.gateway.backends.len()).map(|backend| async move {
        let link = call.link(backend, session.map(|session| &**session)).await.ok()?;
        let answer = call.gateway.ask(backend, &link, message, &call.headers).await.ok()?;
        Some((backend, answer))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// For a request that does not say whose it is and changes nothing: the first backend that has an answer.
async fn first_that_can(
    call: &Call,
    mut exchange: Exchange,
    message: &Message,
    session: Option<Arc<Session>>,
) -> Response<Body> {
    let mut answers = ask_all(call, message, session.as_ref()).await;
    let best = answers.iter().position(|(_, answer)| answer.result.is_some()).unwrap_or(0);
    if answers.is_empty() {
        return failed(exchange, &LinkError::Down("no server can be reached".into()));
    }
    let (backend, answer) = answers.swap_remove(best);
    match exchange.answer(answer.bytes, backend) {
        Checked::Pass(bytes) => json(StatusCode::OK, bytes),
        Checked::Stop(stopped) => json(StatusCode::OK, exchange.refusal(&stopped)),
    }
}

/// One stream of what all backends say.
async fn subscribe(
    call: &Call,
    exchange: Exchange,
    message: &Message,
    session: Option<Arc<Session>>,
) -> Response<Body> {
    let asked = (0..call.gateway.backends.len()).map(|backend| {
        let session = session.clone();
        async move {
            let link = call.link(backend, session.as_deref()).await.ok()?;
            let outgoing = Outgoing { message, headers: &call.headers, close_cancels: true };
            match link.send(outgoing).await.ok()? {
                Reply::Events { events, .. } => Some((backend, events)),
                _ => None,
            }
        }
    });
    let all: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    if all.is_empty() {
        return error(
            StatusCode::NOT_FOUND,
            message.raw_id(),
            -32601,
            "Method not found: subscriptions/listen",
        );
    }
    stream(exchange, Source::many(all), in_use(session.as_ref()))
}

/// One stream of what all backends of a session say.
pub(super) async fn listen(call: &Call, exchange: Exchange, session: Option<Arc<Session>>) -> Response<Body> {
    let Some(session) = &session else { return empty(StatusCode::METHOD_NOT_ALLOWED) };
    let mut headers = call.headers.clone();
    // Its ids are each backend's own: which of them has been seen can't be said for all.
    headers.remove("last-event-id");
    let headers = &headers;
    let open = call.gateway.backends.iter().enumerate().map(|(backend, config)| async move {
        let link = session.slot(config).lock().await.clone()?;
        match link.listen(headers).await.ok()? {
            Reply::Events { events, .. } => Some((backend, events)),
            _ => None,
        }
    });
    let all: Vec<_> = join_all(open).await.into_iter().flatten().collect();
    if all.is_empty() {
        return empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    stream(exchange, Source::many(all), Some(session.in_use()))
}

/// Passes on a notification, to all; or an answer, to the backend that asked.
pub(super) async fn one_way(
    call: &Call,
    message: &Message,
    session: Option<&Arc<Session>>,
) -> Response<Body> {
    let whose = if message.kind == Kind::Response {
        let Some((backend, id)) = own_id(message.raw_id(), &call.gateway.backends) else {
            return error(StatusCode::BAD_REQUEST, b"null", -32600, "no server has asked for this answer");
        };
        let Ok(message) = Message::parse(message.with_id(&id)) else {
            return error(StatusCode::BAD_REQUEST, b"null", -32600, "no server has asked for this answer");
        };
        vec![(backend, message)]
    } else {
        (0..call.gateway.backends.len()).map(|backend| (backend, message.clone())).collect()
    };
    for (backend, message) in whose {
        // A session that has just begun has told its backends so already.
        if message.method == "notifications/initialized" {
            continue;
        }
        let link = match session {
            Some(session) => session.slot(&call.gateway.backends[backend]).lock().await.clone(),
            None => call.gateway.shared_link(backend).await.ok(),
        };
        if let Some(link) = link {
            let outgoing = Outgoing { message: &message, headers: &call.headers, close_cancels: false };
            if let Err(error) = link.send(outgoing).await {
                tracing::warn!(backend = call.gateway.backends[backend].config.name, %error, "a notification is lost");
            }
        }
    }
    empty(StatusCode::ACCEPTED)
}
