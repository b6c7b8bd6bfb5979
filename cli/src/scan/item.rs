//! One line of JSON lines: the item in it, or what is wrong with it.

use std::fmt;

use hypersieve::Channel;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// An item to scan.
#[derive(Debug)]
pub(crate) struct Item<'l> {
    /// As it was written; `None` where there is none.
    pub(crate) id: Option<&'l RawValue>,
    pub(crate) text: Vec<u8>,
    pub(crate) channel: Channel,
}

/// The fields that we read, as they are written; others are left alone.
#[derive(Deserialize)]
struct Fields<'l> {
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    #[serde(borrow, default)]
    text: Option<&'l RawValue>,
    #[serde(borrow, default)]
    channel: Option<&'l RawValue>,
}

impl<'l> Item<'l> {
    /// Reads a line; an item without a channel comes from `channel`.
    ///
    /// # Errors
    /// What is wrong with the line, quoting nothing of it: it may hold secrets.
    pub(crate) fn parse(line: &'l [u8], channel: Channel) -> Result<Item<'l>, String> {
        let line = std::str::from_utf8(line)
            .map_err(|error| format!("not valid UTF-8 from byte {} on", error.valid_up_to() + 1))?;
        // Serde takes arrays for structures, too.
        if line.trim_ascii_start().starts_with('[') {
            return Err("not a JSON object".to_string());
        }
        let fields: Fields<'l> = serde_json::from_str(line).map_err(|error| explain(&error))?;
        let text = fields.text.ok_or("no `text`: an item needs one")?;
        let text = serde_json::from_str::<Text>(text.get()).map_err(|_| "`text` is not a string")?.0;
        let channel = match fields.channel {
            None => channel,
            Some(name) => {
                let name: String =
                    serde_json::from_str(name.get()).map_err(|_| "`channel` is not a string".to_string())?;
                named(&name).ok_or_else(|| {
                    let known = Channel::ALL.map(Channel::name).join(", ");
                    format!("unknown `channel`: use one of {known}, prompt, code, text")
                })?
            }
        };
        Ok(Item { id: fields.id, text, channel })
    }
}

/// A channel by its own name, or by that of the labelled data.
fn named(name: &str) -> Option<Channel> {
    match name {
        "prompt" => Some(Channel::Message),
        "code" => Some(Channel::ToolArgs),
        "text" => Some(Channel::ToolResult),
        name => name.parse().ok(),
    }
}

/// What is wrong with the JSON of a line.
fn explain(error: &serde_json::Error) -> String {
    let message = error.to_string();
    // Such a message quotes nothing but our own field's name.
    if let Some(field) = message.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
        return format!("`{field}` is there twice");
    }
    if error.is_data() {
        return "not a JSON object".to_string();
    }
    if error.is_eof() {
        return "not valid JSON: the line ends too early".to_string();
    }
    format!("not valid JSON at byte {}", error.column())
}

/// The bytes of a JSON string. Escapes of halves of surrogate pairs, which are no Unicode text, stay what a decoder
/// without checks makes of them, so that text around them is scanned.
#[derive(Debug)]
struct Text(Vec<u8>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(bytes.to_vec()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.as_bytes().to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<(Option<String>, String, Channel), String> {
        let item = Item::parse(line.as_bytes(), Channel::Any)?;
        let text = String::from_utf8_lossy(&item.text).into_owned();
        Ok((item.id.map(|id| id.get().to_string()), text, item.channel))
    }

    #[test]
    fn items_are_read() {
        for (line, id, text, channel) in [
            (r#"{"id":"a","text":"x","channel":"tool_args"}"#, Some(r#""a""#), "x", Channel::ToolArgs),
            (
                r#" {"text":"x\ty","id":{"n":[1.50]},"more":[{}]} "#,
                Some(r#"{"n":[1.50]}"#),
                "x\ty",
                Channel::Any,
            ),
            (r#"{"text":""}"#, None, "", Channel::Any),
            (r#"{"text":"x","channel":null}"#, None, "x", Channel::Any),
            (r#"{"text":"x","channel":"prompt"}"#, None, "x", Channel::Message),
            (r#"{"text":"x","channel":"code"}"#, None, "x", Channel::ToolArgs),
            (r#"{"te\u0078t":"x","channel":"text"}"#, None, "x", Channel::ToolResult),
            (r#"{"text":"a\ud800b"}"#, None, "a\u{fffd}\u{fffd}\u{fffd}b", Channel::Any),
        ] {
            let found = parse(line).unwrap();
            assert_eq!((found.0.as_deref(), found.1.as_str(), found.2), (id, text, channel), "{line}");
        }
    }

    #[test]
    fn errors_quote_nothing() {
        for (line, part) in [
            ("", "ends too early"),
            ("SECRET", "not valid JSON"),
            ("{\"text\":\"SECRET", "ends too early"),
            ("{\"text\":\"SECRET\"} x", "not valid JSON at byte 19"),
            ("{\"id\":1}", "no `text`"),
            ("{\"text\":null}", "no `text`"),
            ("{\"text\":[83]}", "`text` is not a string"),
            ("{\"text\":12345}", "`text` is not a string"),
            ("{\"text\":\"\",\"text\":\"SECRET\"}", "`text` is there twice"),
            ("{\"text\":\"\",\"channel\":\"SECRET\"}", "unknown `channel`: use one of any, tool_args"),
            ("{\"text\":\"\",\"channel\":[\"SECRET\"]}", "`channel` is not a string"),
            ("[\"SECRET\"]", "not a JSON object"),
            ("\"SECRET\"", "not a JSON object"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
        let error = Item::parse(b"{\"text\":\"a\xff\"}", Channel::Any).unwrap_err();
        assert_eq!(error, "not valid UTF-8 from byte 11 on");
        let deep = format!("{{\"text\":\"\",\"x\":{}", "[".repeat(100_000));
        assert!(parse(&deep).is_err());
    }
}
