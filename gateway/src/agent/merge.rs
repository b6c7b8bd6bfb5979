//! Answers of several backends made into one.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::list::{ListKind, array};

/// One answer to `initialize` or `server/discover` from those of several backends.
///
/// What one can do, all can do together; the oldest revision is one that all know.
pub(super) fn introductions(id: &[u8], names: &[&str], answers: &[Value]) -> Bytes {
    let mut merged = Map::new();
    let mut capabilities = Value::Object(Map::new());
    let mut instructions = Vec::new();
    for (name, answer) in names.iter().zip(answers) {
        unite(&mut capabilities, &answer["capabilities"]);
        if let Some(text) = answer["instructions"].as_str() {
            instructions.push(format!("[{name}] {text}"));
        }
    }
    if let Some(version) = answers.iter().filter_map(|answer| answer["protocolVersion"].as_str()).min() {
        merged.insert("protocolVersion".into(), version.into());
    }
    let versions = answers.iter().filter_map(|answer| answer["supportedVersions"].as_array());
    let common =
        versions.cloned().reduce(|common, other| common.into_iter().filter(|v| other.contains(v)).collect());
    if let Some(common) = common {
        let info = json!({"io.modelcontextprotocol/serverInfo": info()});
        merged.insert("resultType".into(), "complete".into());
        merged.insert("supportedVersions".into(), common.into());
        merged.insert(
            "ttlMs".into(),
            answers.iter().filter_map(|a| a["ttlMs"].as_u64()).min().unwrap_or(0).into(),
        );
        merged.insert("cacheScope".into(), "private".into());
        merged.insert("_meta".into(), info);
    } else {
        merged.insert("serverInfo".into(), info());
    }
    merged.insert("capabilities".into(), capabilities);
    if !instructions.is_empty() {
        merged.insert("instructions".into(), instructions.join("\n\n").into());
    }
    answer(id, Value::Object(merged).to_string().as_bytes())
}

fn info() -> Value {
    json!({"name": "hypersieve", "version": env!("CARGO_PKG_VERSION")})
}

/// One list from those of several backends.
pub(super) fn list(id: &[u8], kind: ListKind, entries: &[Bytes], modern: bool) -> Bytes {
    let more: &[u8] =
        if modern { br#","resultType":"complete","ttlMs":0,"cacheScope":"private""# } else { b"" };
    let key = kind.key();
    answer(id, &[format!("{{\"{key}\":").as_bytes(), &array(entries), more, b"}"].concat())
}

/// An answer with a result, both as they are written.
pub(super) fn answer(id: &[u8], result: &[u8]) -> Bytes {
    [&br#"{"jsonrpc":"2.0","id":"#[..], id, br#","result":"#, result, b"}"].concat().into()
}

/// Objects are united member by member; of two `false` and `true` the latter counts.
fn unite(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                unite(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, Value::Bool(true)) => *into = true.into(),
        (into @ Value::Null, from) => *into = from.clone(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn introductions_are_united() {
        let answers = [
            json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": false}}, "instructions": "one"}),
            json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {"listChanged": true}, "logging": {}}}),
        ];
        let merged: Value = serde_json::from_slice(&introductions(b"7", &["a", "b"], &answers)).unwrap();
        let result = &merged["result"];
        assert_eq!(merged["id"], 7);
        assert_eq!(result["protocolVersion"], "2025-06-18");
        assert_eq!(result["capabilities"], json!({"tools": {"listChanged": true}, "logging": {}}));
        assert_eq!(result["instructions"], "[a] one");
        assert_eq!(result["serverInfo"]["name"], "hypersieve");
    }

    #[test]
    fn lists_are_put_one_behind_the_other() {
        let entries = [Bytes::from_static(b"{\"name\":\"a\"}"), Bytes::from_static(b"{\"name\":\"b\"}")];
        assert_eq!(
            list(b"0", ListKind::Tools, &entries, false),
            r#"{"jsonrpc":"2.0","id":0,"result":{"tools":[{"name":"a"},{"name":"b"}]}}"#
        );
        assert!(serde_json::from_slice::<Value>(&list(b"0", ListKind::Tools, &entries, true)).is_ok());
    }
}
