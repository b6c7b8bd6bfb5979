//! A JSON-RPC message: its bytes, and where in them that stands which decides what becomes of it.

use std::ops::Range;

use bytes::Bytes;

use crate::json::{JsonError, Reader, Token, splice, unescape};

/// The deepest nesting that is read.
pub(crate) const MAX_DEPTH: usize = 128;

/// A message and the places of its parts. What is passed on are these bytes.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) kind: Kind,
    /// The id as it is written; `None` also where it is `null`.
    pub(crate) id: Option<Range<usize>>,
    pub(crate) method: String,
    pub(crate) params: Option<Params>,
    pub(crate) result: Option<Range<usize>>,
    pub(crate) error: Option<Range<usize>>,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Has a method and an id, and is to be answered.
    Request,
    /// Has a method and no id.
    Notification,
    /// Answers a request.
    Response,
}

/// The parameters of a request or a notification.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pub(crate) span: Range<usize>,
    /// `name`: the span between the quotes, and the text.
    pub(crate) name: Option<(Range<usize>, String)>,
    /// `uri`, in the same way.
    pub(crate) uri: Option<(Range<usize>, String)>,
    pub(crate) arguments: Option<Range<usize>>,
    pub(crate) cursor: Option<Range<usize>>,
    /// `requestId` of a cancellation, as it is written.
    pub(crate) request_id: Option<Range<usize>>,
    /// `progressToken`, of a notification about progress or in `_meta` of a request, as it is written.
    pub(crate) progress_token: Option<Range<usize>>,
    /// `io.modelcontextprotocol/subscriptionId` in `_meta`, as it is written.
    pub(crate) subscription_id: Option<Range<usize>>,
    /// `io.modelcontextprotocol/protocolVersion` in `_meta`.
    pub(crate) protocol_version: Option<String>,
    /// Whether `_meta` has `io.modelcontextprotocol/clientCapabilities`.
    pub(crate) has_client_capabilities: bool,
}

const ENVELOPE: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
const PARAMS: [&str; 4] = ["name", "arguments", "uri", "_meta"];

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// If it is not strict JSON, is a batch or no object, has a member that differs from one of JSON-RPC's only in its case,
    /// or has parts that do not belong together.
    pub(crate) fn parse(bytes: Bytes) -> Result<Message, JsonError> {
        let mut draft = Draft::default();
        let mut reader = Reader::new(&bytes, MAX_DEPTH)?;
        match reader.next()? {
            Some(Token::ObjectStart) => {}
            Some(Token::ArrayStart) => {
                return Err(JsonError::new(
                    "a batch, which is refused: send each message alone; it begins",
                    0,
                ));
            }
            _ => return Err(JsonError::new("no object, but a message is one", 0)),
        }
        while let Some(Token::Key(key)) = reader.next()? {
            let name = unescape(&bytes[key.clone()]);
            let name = known(&name, &ENVELOPE, &key)?;
            let (first, span) = begin(&mut reader)?;
            match (name, &first) {
                ("method", Token::String(text)) => {
                    draft.method = Some(unescape(&bytes[text.clone()]).into_owned())
                }
                ("method", _) => return Err(JsonError::new("a method that is no string", span)),
                ("id", Token::String(_) | Token::Scalar(_)) => {
                    let id = span..reader.position();
                    draft.has_id = true;
                    match &bytes[id.clone()] {
                        b"null" => {}
                        b"true" | b"false" => {
                            return Err(JsonError::new("an id that is no string or number", span));
                        }
                        _ => draft.id = Some(id),
                    }
                }
                ("id", _) => return Err(JsonError::new("an id that is no string or number", span)),
                ("params", Token::ObjectStart) => {
                    let mut params = params(&bytes, &mut reader)?;
                    params.span = span..reader.position();
                    draft.params = Some(params);
                }
                _ => {
                    reader.skip(&first)?;
                    let span = span..reader.position();
                    match name {
                        "params" => draft.params = Some(Params { span, ..Params::default() }),
                        "result" => draft.result = Some(span),
                        "error" => draft.error = Some(span),
                        _ => {}
                    }
                }
            }
        }
        if reader.next()?.is_some() {
            return Err(JsonError::new("something behind the end of the message", reader.position()));
        }
        draft.finish(bytes)
    }

    /// The id as it is written, or `null`.
    pub(crate) fn raw_id(&self) -> &[u8] {
        self.id.clone().map_or(b"null", |id| &self.bytes[id])
    }

    /// The bytes of a part.
    pub(crate) fn part(&self, span: &Range<usize>) -> &[u8] {
        &self.bytes[span.clone()]
    }

    /// The name of the tool or the prompt.
    pub(crate) fn name(&self) -> Option<&str> {
        self.params.as_ref()?.name.as_ref().map(|(_, name)| name.as_str())
    }

    /// The URI of the resource.
    pub(crate) fn uri(&self) -> Option<&str> {
        self.params.as_ref()?.uri.as_ref().map(|(_, uri)| uri.as_str())
    }

    /// The same message with another id; `id` is a whole JSON value.
    pub(crate) fn with_id(&self, id: &[u8]) -> Bytes {
        match &self.id {
            Some(span) if &self.bytes[span.clone()] != id => splice(&self.bytes, &[(span.clone(), id)]),
            _ => self.bytes.clone(),
        }
    }

    /// The same message with another name; `name` is text.
    pub(crate) fn with_name(&self, name: &str) -> Bytes {
        match self.params.as_ref().and_then(|p| p.name.as_ref()) {
            Some((span, old)) if old != name => {
                let quoted = crate::json::quote(name);
                splice(&self.bytes, &[(span.start - 1..span.end + 1, quoted.as_bytes())])
            }
            _ => self.bytes.clone(),
        }
    }
}

/// Two ids that mean the same value give the same key, however they are written.
///
/// Numbers are compared as JavaScript reads them, since servers in it echo what they read.
pub(crate) fn id_key(raw: &[u8]) -> Vec<u8> {
    if let [b'"', inner @ .., b'"'] = raw {
        return [b"s", unescape(inner).as_bytes()].concat();
    }
    let number = std::str::from_utf8(raw).ok().and_then(|text| text.parse::<f64>().ok());
    match number {
        Some(number) => [&b"n"[..], &(number + 0.0).to_bits().to_be_bytes()].concat(),
        None => raw.to_vec(),
    }
}

#[derive(Default)]
struct Draft {
    method: Option<String>,
    id: Option<Range<usize>>,
    has_id: bool,
    params: Option<Params>,
    result: Option<Range<usize>>,
    error: Option<Range<usize>>,
}

impl Draft {
    fn finish(self, bytes: Bytes) -> Result<Message, JsonError> {
        let answers = self.result.is_some() || self.error.is_some();
        let wrong = |what: &str| Err(JsonError::new(what, 0));
        let kind = match (&self.method, answers) {
            (Some(_), true) => return wrong("a message with both a method and an answer, which begins"),
            (Some(_), false) if self.id.is_some() => Kind::Request,
            (Some(_), false) if self.has_id => return wrong("a request whose id is null, which begins"),
            (Some(_), false) => Kind::Notification,
            (None, true) if self.result.is_some() && self.error.is_some() => {
                return wrong("an answer with both a result and an error, which begins");
            }
            (None, true) => Kind::Response,
            (None, false) => return wrong("a message without a method, a result or an error, which begins"),
        };
        Ok(Message {
            bytes,
            kind,
            id: self.id,
            method: self.method.unwrap_or_default(),
            params: self.params,
            result: self.result,
            error: self.error,
        })
    }
}

/// The first token of a value, and where it begins, quotes included.
fn begin(reader: &mut Reader<'_>) -> Result<(Token, usize), JsonError> {
    let Some(first) = reader.next()? else { return Err(JsonError::new("no value", reader.position())) };
    let start = match &first {
        Token::String(span) => span.start - 1,
        Token::Scalar(span) => span.start,
        _ => reader.position() - 1,
    };
    Ok((first, start))
}

/// Refuses a key that a lenient parser takes for one that counts.
fn known<'k>(name: &'k str, names: &[&'static str], place: &Range<usize>) -> Result<&'k str, JsonError> {
    match names.iter().find(|n| n.eq_ignore_ascii_case(name) && **n != name) {
        Some(meant) => Err(JsonError::new(
            format!("the key {name:?}, which is like `{meant}` but for its case,"),
            place.start,
        )),
        None => Ok(name),
    }
}

fn params(bytes: &[u8], reader: &mut Reader<'_>) -> Result<Params, JsonError> {
    let mut params = Params::default();
    while let Some(Token::Key(key)) = reader.next()? {
        let name = unescape(&bytes[key.clone()]);
        let name = known(&name, &PARAMS, &key)?;
        let (first, start) = begin(reader)?;
        match (name, &first) {
            ("name", Token::String(text)) => {
                params.name = Some((text.clone(), unescape(&bytes[text.clone()]).into_owned()));
            }
            ("uri", Token::String(text)) => {
                params.uri = Some((text.clone(), unescape(&bytes[text.clone()]).into_owned()));
            }
            ("name" | "uri", _) => return Err(JsonError::new(format!("a {name} that is no string"), start)),
            ("_meta", Token::ObjectStart) => meta(bytes, reader, &mut params)?,
            _ => {
                reader.skip(&first)?;
                let span = start..reader.position();
                match name {
                    "arguments" => params.arguments = Some(span),
                    "cursor" => params.cursor = Some(span),
                    "requestId" => params.request_id = Some(span),
                    "progressToken" => params.progress_token = Some(span),
                    _ => {}
                }
            }
        }
    }
    Ok(params)
}

fn meta(bytes: &[u8], reader: &mut Reader<'_>, params: &mut Params) -> Result<(), JsonError> {
    while let Some(Token::Key(key)) = reader.next()? {
        let name = unescape(&bytes[key]);
        let (first, start) = begin(reader)?;
        reader.skip(&first)?;
        match (&*name, first) {
            ("io.modelcontextprotocol/protocolVersion", Token::String(text)) => {
                params.protocol_version = Some(unescape(&bytes[text]).into_owned());
            }
            ("io.modelcontextprotocol/clientCapabilities", Token::ObjectStart) => {
                params.has_client_capabilities = true
            }
            ("io.modelcontextprotocol/subscriptionId", _) => {
                params.subscription_id = Some(start..reader.position())
            }
            ("progressToken", _) => params.progress_token = Some(start..reader.position()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Message, JsonError> {
        Message::parse(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn parts_are_found_in_any_order() {
        let text = r#"{"method":"tools/call","params":{"_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"arguments":{"a":["x"]},"name":"r\u0065ad"},"jsonrpc":"2.0","id":0}"#;
        let message = parse(text).unwrap();
        assert_eq!(message.kind, Kind::Request);
        assert_eq!((message.raw_id(), message.name()), (&b"0"[..], Some("read")));
        let params = message.params.clone().unwrap();
        assert_eq!(message.part(&params.arguments.unwrap()), br#"{"a":["x"]}"#);
        assert_eq!(message.part(&params.progress_token.unwrap()), b"7");
        assert_eq!(params.protocol_version.as_deref(), Some("2026-07-28"));
        assert_eq!(message.part(&params.span).first(), Some(&b'{'));
        assert_eq!(message.with_name("b\"").as_ref(), text.replace(r#""r\u0065ad""#, r#""b\"""#).as_bytes());
        assert_eq!(
            message.with_id(br#""x:0""#).as_ref(),
            text.replace(r#""id":0"#, r#""id":"x:0""#).as_bytes()
        );
        assert_eq!(message.with_name("read").as_ptr(), message.bytes.as_ptr(), "the same bytes");
    }

    #[test]
    fn ids_are_kept_as_they_are_written() {
        for id in ["0", "-1", "1.50", "12345678901234567890", r#""a\u0062""#, "1e3"] {
            let message = parse(&format!(r#"{{"id":{id},"method":"ping"}}"#)).unwrap();
            assert_eq!(message.raw_id(), id.as_bytes());
        }
        for (a, b, same) in [
            ("1", "1.0", true),
            ("0", "-0", true),
            ("1000", "1e3", true),
            (r#""ab""#, r#""a\u0062""#, true),
            (r#""1""#, "1", false),
            ("12345678901234567890", "12345678901234567000", true),
            ("1", "2", false),
        ] {
            assert_eq!(id_key(a.as_bytes()) == id_key(b.as_bytes()), same, "{a} {b}");
        }
    }

    #[test]
    fn what_parsers_disagree_about_is_refused() {
        for (text, what) in [
            (r#"[{"id":1,"method":"ping"}]"#, "a batch"),
            (r#"{"method":"tools/call","Method":"ping","id":1}"#, "like `method` but for its case"),
            (r#"{"method":"ping","method":"tools/call","id":1}"#, "for the second time"),
            (r#"{"id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}"#, "like `name`"),
            (
                r#"{"id":1,"method":"tools/call","params":{"name":"a","n\u0061me":"b"}}"#,
                "for the second time",
            ),
            (
                r#"{"id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":1,"x":2}}}"#,
                "for the second time",
            ),
            (r#"{"id":1,"method":"tools/call","params":{"name":["a"]}}"#, "name that is no string"),
            (r#"{"id":1,"method":7}"#, "method that is no string"),
            (r#"{"id":{},"method":"ping"}"#, "id that is no string"),
            (r#"{"id":null,"method":"ping"}"#, "id is null"),
            (r#"{"id":1,"method":"ping","result":{}}"#, "both a method and an answer"),
            (r#"{"id":1}"#, "without a method"),
            (r#""ping""#, "no object"),
            (r#"{"id":1,"method":"ping"} {}"#, "behind the end"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        for (text, kind) in [
            (r#"{"id":1,"method":"ping"}"#, Kind::Request),
            (r#"{"method":"notifications/initialized"}"#, Kind::Notification),
            (r#"{"result":{},"id":1}"#, Kind::Response),
            (r#"{"error":{"code":1,"message":""},"id":null}"#, Kind::Response),
        ] {
            assert_eq!(parse(text).unwrap().kind, kind, "{text}");
        }
    }
}
