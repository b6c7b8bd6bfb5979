//! Which of the two eras of the protocol a request belongs to, and whether its headers say what its body says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::HeaderName;

use crate::message::{Kind, Message};

pub(crate) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(crate) const METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(crate) const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// The revisions with sessions.
pub(crate) const LEGACY_VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The first revision without.
const MODERN: &str = "2026-07-28";

/// The code for a header that does not say what the body says.
pub(crate) const HEADER_MISMATCH: i64 = -32020;

/// How a request is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// With `initialize`, sessions and a stream for the server's own messages; up to 2025-11-25.
    Legacy,
    /// Each request for itself; from 2026-07-28.
    Modern,
}

/// The era of a message.
///
/// # Errors
/// With what is wrong, if the headers do not say what the body says: whoever decides by one of them would be deceived about
/// the other.
pub(crate) fn of(headers: &HeaderMap, message: &Message) -> Result<Era, String> {
    let header = single(headers, &PROTOCOL_VERSION)?;
    let body = message.params.as_ref().and_then(|params| params.protocol_version.as_deref());
    // Revisions are dates: they are ordered as their texts are.
    if body.is_none() && header.as_deref().is_none_or(|version| version < MODERN) {
        return Ok(Era::Legacy);
    }
    if let Some(body) = body {
        must_equal(&PROTOCOL_VERSION, header.as_deref(), body)?;
    }
    if message.kind == Kind::Request {
        must_equal(&METHOD, single(headers, &METHOD)?.as_deref(), &message.method)?;
        let named = match message.method.as_str() {
            "tools/call" | "prompts/get" => message.name(),
            "resources/read" => message.uri(),
            _ => None,
        };
        if let Some(named) = named {
            must_equal(&NAME, single(headers, &NAME)?.as_deref(), named)?;
        }
    }
    Ok(Era::Modern)
}

/// The era of a request without a body.
pub(crate) fn of_headers(headers: &HeaderMap) -> Era {
    let version = headers.get(PROTOCOL_VERSION).and_then(|value| value.to_str().ok());
    if version.is_some_and(|version| version >= MODERN) { Era::Modern } else { Era::Legacy }
}

fn must_equal(name: &HeaderName, header: Option<&str>, body: &str) -> Result<(), String> {
    match header {
        None => Err(format!("the header {name} is missing; the body says {body:?}")),
        Some(header) if header != body => {
            Err(format!("the header {name} says {header:?}, the body {body:?}"))
        }
        Some(_) => Ok(()),
    }
}

/// The value of a header that may be there once.
fn single(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, String> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(format!("the header {name} is there twice"));
    }
    let text = value.to_str().map_err(|_| format!("the header {name} holds more than visible ASCII"))?;
    let Some(coded) = text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Ok(Some(text.to_string()));
    };
    let decoded = STANDARD.decode(coded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map(Some).ok_or_else(|| format!("the header {name} is no base64 of UTF-8"))
}

/// The value of a header that says `text`.
pub(crate) fn header_value(text: &str) -> String {
    let plain = text.bytes().all(|b| (0x20..0x7f).contains(&b))
        && text.trim() == text
        && !text.starts_with("=?base64?");
    if plain { text.to_string() } else { format!("=?base64?{}?=", STANDARD.encode(text)) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn era(headers: &[(&'static str, &str)], body: &str) -> Result<Era, String> {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        of(&headers.collect(), &Message::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap())
    }

    const CALL: &str = r#"{"id":1,"method":"tools/call","params":{"name":"é","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;

    #[test]
    fn eras_are_told_apart() {
        let ping = r#"{"id":1,"method":"ping"}"#;
        assert_eq!(era(&[], ping), Ok(Era::Legacy));
        assert_eq!(era(&[("mcp-protocol-version", "2025-11-25")], ping), Ok(Era::Legacy));
        let modern = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "=?base64?w6k=?="),
        ];
        assert_eq!(era(&modern, CALL), Ok(Era::Modern));
    }

    #[test]
    fn headers_must_say_what_the_body_says() {
        let fine = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "=?base64?w6k=?="),
        ];
        for (at, value, what) in [
            (0, "2025-11-25", "mcp-protocol-version says \"2025-11-25\""),
            (1, "tools/list", "mcp-method says"),
            (2, "read", "mcp-name says"),
            (2, "=?base64?!?=", "no base64"),
        ] {
            let mut headers = fine;
            headers[at].1 = value;
            assert!(era(&headers, CALL).unwrap_err().contains(what), "{what}");
            let mut fewer = fine.to_vec();
            fewer.remove(at);
            assert!(era(&fewer, CALL).unwrap_err().contains("is missing"));
        }
        let twice = [fine[0], fine[1], fine[2], fine[2]];
        let headers: HeaderMap =
            twice.map(|(n, v)| (HeaderName::from_static(n), v.parse().unwrap())).into_iter().collect();
        assert!(
            of(&headers, &Message::parse(Bytes::from_static(CALL.as_bytes())).unwrap())
                .unwrap_err()
                .contains("twice")
        );
    }

    #[test]
    fn values_come_back() {
        for text in ["plain", "é", " padded", "=?base64?x?="] {
            let headers = HeaderMap::from_iter([(NAME, header_value(text).parse().unwrap())]);
            assert_eq!(single(&headers, &NAME).unwrap().unwrap(), text);
        }
    }
}
