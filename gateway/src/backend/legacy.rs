//! A backend that speaks HTTP with server-sent events as before 2025: everything it says comes on one stream.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method, Request, Uri};

use super::duplex::{Send, Wire};
use super::http::{HttpEvents, chain, configured};
use super::router::Router;
use super::{Client, LinkError};

/// Opens the stream of events, and waits for the address that messages are to be sent to.
///
/// # Errors
/// If the backend can't be reached, or names no address.
pub(super) async fn connect(
    client: &Client,
    url: &str,
    headers: &BTreeMap<String, String>,
    timeout: Duration,
    max_event: usize,
) -> Result<Wire, LinkError> {
    let uri: Uri = url.parse().map_err(|error| LinkError::Down(format!("{url} is no address: {error}")))?;
    let headers = configured(headers)?;
    let opening = async {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers.clone();
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let response = client.request(request).await.map_err(|error| LinkError::Down(chain(&error)))?;
        if !response.status().is_success() {
            return Err(LinkError::Down(format!("it answered {}", response.status())));
        }
        let (parts, body) = response.into_parts();
        let mut events = HttpEvents::new(body, &parts.headers, max_event)?;
        while let Some(event) = events.next().await? {
            if event.name.as_deref() == Some("endpoint") {
                return Ok((address(&uri, &event.data.unwrap_or_default())?, events));
            }
        }
        Err(LinkError::Protocol("it names no address for messages".into()))
    };
    let opened = tokio::time::timeout(timeout, opening).await.map_err(|_| LinkError::Timeout(timeout))?;
    let (post, events) = opened?;
    let router = Arc::new(Router::default());
    let reading = tokio::spawn(read(events, router.clone()));
    let sender = Post { client: client.clone(), uri: post, headers };
    Ok(Wire { router, sender: Arc::new(sender), tasks: vec![reading.abort_handle()] })
}

/// The address in an `endpoint` event, which may be relative. One at another host is refused: the configured headers, and with
/// them the credentials, would go there.
fn address(base: &Uri, data: &[u8]) -> Result<Uri, LinkError> {
    let wrong = || LinkError::Protocol("the address for messages is none, or at another host".to_string());
    let text = std::str::from_utf8(data).map_err(|_| wrong())?.trim();
    if text.starts_with("//") {
        return Err(wrong());
    }
    let given: Uri = if text.contains("://") || text.starts_with('/') {
        text.parse().map_err(|_| wrong())?
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/{text}").parse().map_err(|_| wrong())?
    };
    if given.authority().is_some_and(|authority| Some(authority) != base.authority())
        || given.scheme().is_some_and(|scheme| Some(scheme) != base.scheme())
    {
        return Err(wrong());
    }
    let mut parts = base.clone().into_parts();
    parts.path_and_query = given.path_and_query().cloned();
    Uri::from_parts(parts).map_err(|_| wrong())
}

async fn read(mut events: HttpEvents, router: Arc<Router>) {
    let why = loop {
        match events.next().await {
            Ok(Some(event)) => {
                if let Some(data) = event.data.filter(|data| !data.is_empty()) {
                    router.route(data).await;
                }
            }
            Ok(None) => break "it closed its stream".to_string(),
            Err(error) => break error.to_string(),
        }
    };
    router.die(why);
}

struct Post {
    client: Client,
    uri: Uri,
    headers: HeaderMap,
}

impl Send for Post {
    fn send(&self, message: Bytes) -> BoxFuture<'_, Result<(), String>> {
        async move {
            let mut request = Request::new(Full::new(message));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = self.uri.clone();
            *request.headers_mut() = self.headers.clone();
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let response = self.client.request(request).await.map_err(|error| chain(&error))?;
            let status = response.status();
            // Read to its end, so that the connection can be used again; what it says comes on the stream.
            let _ = http_body_util::Limited::new(response.into_body(), 64 << 10).collect().await;
            if status.is_success() { Ok(()) } else { Err(format!("it answered {status}")) }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_at_the_host() {
        let base: Uri = "http://127.0.0.1:8000/base/sse".parse().unwrap();
        let address = |text: &str| address(&base, text.as_bytes()).map(|uri| uri.to_string());
        assert_eq!(address("/messages?sessionId=1").unwrap(), "http://127.0.0.1:8000/messages?sessionId=1");
        assert_eq!(address("messages?s=1").unwrap(), "http://127.0.0.1:8000/base/messages?s=1");
        assert_eq!(address("http://127.0.0.1:8000/m").unwrap(), "http://127.0.0.1:8000/m");
        for other in
            ["http://192.0.2.1/m", "https://127.0.0.1:8000/m", "//example.com/m", "http://127.0.0.1:8001/m"]
        {
            assert!(address(other).is_err(), "{other}");
        }
    }
}
