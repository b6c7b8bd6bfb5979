//! What a row of the log says.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use serde::{Serialize, Serializer};

use super::time::Time;
use crate::digest::hex;

/// What a row is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A message was judged.
    #[default]
    Decision,
    /// A call waits for a person.
    Held,
    /// A person lets a held call pass once.
    Approved,
    /// A person refuses a held call.
    Denied,
    /// An approved call was made; it passes no second time.
    Used,
    /// A gateway began.
    Started,
    /// A gateway ended in good order.
    Ended,
    /// Calls were refused while no row could be written.
    Gap,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 8] = [
        Kind::Decision,
        Kind::Held,
        Kind::Approved,
        Kind::Denied,
        Kind::Used,
        Kind::Started,
        Kind::Ended,
        Kind::Gap,
    ];

    /// The name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Decision => "decision",
            Kind::Held => "held",
            Kind::Approved => "approved",
            Kind::Denied => "denied",
            Kind::Used => "used",
            Kind::Started => "started",
            Kind::Ended => "ended",
            Kind::Gap => "gap",
        }
    }
}

/// A row without its place in the chain.
///
/// Of calls and answers it holds digests, no text; but a [`Kind::Held`] row shows the arguments, with secrets masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When.
    pub time: Time,
    /// What about.
    pub kind: Kind,
    /// Whose message; `None` if nobody had to say.
    pub agent: Option<String>,
    /// Whose tool.
    pub backend: Option<String>,
    /// The method of the request.
    pub method: Option<String>,
    /// The tool, as the backend names it.
    pub tool: Option<String>,
    /// `enforce` or `observe`.
    pub mode: Option<&'static str>,
    /// What was decided, such as `allow` or `content_blocked`.
    pub verdict: Option<&'static str>,
    /// Whether the message was stopped; not in `observe`.
    pub stopped: bool,
    /// `request` or `response`: what the verdict is about.
    pub direction: Option<&'static str>,
    /// The rules that were found, by their ids.
    pub rules: Vec<String>,
    /// More in words.
    pub detail: Option<String>,
    /// SHA-256 of the arguments as they are written.
    #[serde(rename = "arguments_sha256", serialize_with = "digest")]
    pub arguments: Option<[u8; 32]>,
    /// SHA-256 of what passed as the answer.
    #[serde(rename = "result_sha256", serialize_with = "digest")]
    pub result: Option<[u8; 32]>,
    /// Microseconds from the request's last byte to the answer's last.
    pub total_us: Option<i64>,
    /// Of these, until the request was judged.
    pub request_us: Option<i64>,
    /// Of these, until the backend began to answer.
    pub backend_us: Option<i64>,
    /// Of these, spent judging the answer.
    pub response_us: Option<i64>,
    /// The held call that the row is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Who decided on it, and how they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The arguments of a held call, secrets masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    /// Until when a held call may be approved and made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its number; they follow each other without a gap.
    pub id: i64,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
    /// The hash of the row before it.
    #[serde(serialize_with = "bytes")]
    pub previous: [u8; 32],
    /// SHA-256 over all the above.
    #[serde(serialize_with = "bytes")]
    pub hash: [u8; 32],
}

/// The columns behind the id and before `previous`, in the order in which they are hashed.
pub(super) const COLUMNS: [&str; 22] = [
    "time_us",
    "kind",
    "agent",
    "backend",
    "method",
    "tool",
    "mode",
    "verdict",
    "stopped",
    "direction",
    "rules",
    "detail",
    "arguments_sha256",
    "result_sha256",
    "total_us",
    "request_us",
    "backend_us",
    "response_us",
    "item",
    "decided_by",
    "shown",
    "expires_us",
];

impl Entry {
    /// A row of this kind, now.
    pub(crate) fn new(kind: Kind) -> Entry {
        Entry { time: Time::now(), kind, ..Entry::default() }
    }

    /// What is stored in [`COLUMNS`].
    pub(super) fn values(&self) -> [ToSqlOutput<'_>; COLUMNS.len()] {
        let rules = (!self.rules.is_empty()).then(|| serde_json::json!(self.rules).to_string());
        [
            number(Some(self.time.0)),
            text(Some(self.kind.name())),
            text(self.agent.as_deref()),
            text(self.backend.as_deref()),
            text(self.method.as_deref()),
            text(self.tool.as_deref()),
            text(self.mode),
            text(self.verdict),
            number(Some(i64::from(self.stopped))),
            text(self.direction),
            ToSqlOutput::Owned(rules.map_or(Value::Null, Value::Text)),
            text(self.detail.as_deref()),
            blob(self.arguments.as_ref()),
            blob(self.result.as_ref()),
            number(self.total_us),
            number(self.request_us),
            number(self.backend_us),
            number(self.response_us),
            text(self.item.as_deref()),
            text(self.by.as_deref()),
            text(self.shown.as_deref()),
            number(self.expires.map(|time| time.0)),
        ]
    }

    /// The entry of a row whose columns begin at `first`.
    pub(super) fn read(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Entry> {
        let rules: Option<String> = row.get(first + 10)?;
        let one_of = |at: usize, known: &[&'static str]| {
            let Some(name) = row.get::<_, Option<String>>(first + at)? else { return Ok(None) };
            known.iter().copied().find(|k| *k == name).map(Some).ok_or_else(|| unknown(first + at, &name))
        };
        let kind: String = row.get(first + 1)?;
        Ok(Entry {
            time: Time(row.get(first)?),
            kind: kind.parse().map_err(|()| unknown(first + 1, &kind))?,
            agent: row.get(first + 2)?,
            backend: row.get(first + 3)?,
            method: row.get(first + 4)?,
            tool: row.get(first + 5)?,
            mode: one_of(6, &["enforce", "observe"])?,
            verdict: one_of(7, &super::verdicts())?,
            stopped: row.get(first + 8)?,
            direction: one_of(9, &["request", "response"])?,
            rules: match &rules {
                Some(rules) => serde_json::from_str(rules).map_err(|_| unknown(first + 10, rules))?,
                None => Vec::new(),
            },
            detail: row.get(first + 11)?,
            arguments: row.get(first + 12)?,
            result: row.get(first + 13)?,
            total_us: row.get(first + 14)?,
            request_us: row.get(first + 15)?,
            backend_us: row.get(first + 16)?,
            response_us: row.get(first + 17)?,
            item: row.get(first + 18)?,
            by: row.get(first + 19)?,
            shown: row.get(first + 20)?,
            expires: row.get::<_, Option<i64>>(first + 21)?.map(Time),
        })
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> Result<Kind, ()> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn unknown(column: usize, what: &str) -> rusqlite::Error {
    let why = format!("{what:?} is nothing that a gateway writes");
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
}

fn text(text: Option<&str>) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())))
}

fn number(number: Option<i64>) -> ToSqlOutput<'static> {
    ToSqlOutput::Borrowed(number.map_or(ValueRef::Null, ValueRef::Integer))
}

fn blob(digest: Option<&[u8; 32]>) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(digest.map_or(ValueRef::Null, |digest| ValueRef::Blob(digest)))
}

fn digest<S: Serializer>(digest: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
    digest.as_ref().map(hex).serialize(serializer)
}

fn bytes<S: Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(digest))
}
