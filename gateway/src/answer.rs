//! What the gateway itself answers.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::config::BlockedAnswer;
use crate::json::quote;

/// What was decided about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow,
    /// Passed, but something was found.
    Flagged,
    Blocked,
    Quarantined,
    /// The agent, or the list of the server's tools, does not allow the tool.
    ToolNotAllowed,
    /// The tool's description holds a threat.
    PoisonedTool,
    AgentSuspended,
    /// The agent, or the tool for this agent, was called too often.
    RateLimited,
    /// Too many calls of the agent are open.
    ConcurrencyExceeded,
    /// The call spends more than one may.
    AmountExceeded,
    /// It can't be told what the call spends.
    AmountUnclear,
    /// The call spends more than is left of the day.
    DailyLimitExceeded,
    /// The call waits for a person who lets it.
    NeedsApproval,
    /// The counters can't be read or written.
    LimitsError,
    /// The content could not be scanned.
    ScanError,
    /// The backend could not be asked, or did not answer.
    BackendError,
    /// A person approved the call, which would have been quarantined.
    Approved,
    /// Nobody would know of the call: its record can't be written.
    AuditUnavailable,
}

impl Decision {
    /// The name in answers, records and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Decision::Allow => "allow",
            Decision::Flagged => "content_flagged",
            Decision::Blocked => "content_blocked",
            Decision::Quarantined => "content_quarantined",
            Decision::ToolNotAllowed => "tool_not_allowed",
            Decision::PoisonedTool => "poisoned_tool",
            Decision::AgentSuspended => "agent_suspended",
            Decision::RateLimited => "rate_limited",
            Decision::ConcurrencyExceeded => "concurrency_exceeded",
            Decision::AmountExceeded => "amount_exceeded",
            Decision::AmountUnclear => "amount_unclear",
            Decision::DailyLimitExceeded => "daily_limit_exceeded",
            Decision::NeedsApproval => "quarantine_approval",
            Decision::LimitsError => "limits_error",
            Decision::ScanError => "scan_error",
            Decision::BackendError => "backend_error",
            Decision::Approved => "quarantine_approved",
            Decision::AuditUnavailable => "audit_unavailable",
        }
    }

    pub(crate) const ALL: [Decision; 18] = [
        Decision::Allow,
        Decision::Flagged,
        Decision::Blocked,
        Decision::Quarantined,
        Decision::ToolNotAllowed,
        Decision::PoisonedTool,
        Decision::AgentSuspended,
        Decision::RateLimited,
        Decision::ConcurrencyExceeded,
        Decision::AmountExceeded,
        Decision::AmountUnclear,
        Decision::DailyLimitExceeded,
        Decision::NeedsApproval,
        Decision::LimitsError,
        Decision::ScanError,
        Decision::BackendError,
        Decision::Approved,
        Decision::AuditUnavailable,
    ];

    /// What is done about content for which the engine says `action`.
    pub(crate) fn of(action: hypersieve::Action) -> Decision {
        match action {
            hypersieve::Action::Allow => Decision::Allow,
            hypersieve::Action::Flag => Decision::Flagged,
            hypersieve::Action::Quarantine => Decision::Quarantined,
            // What a later engine adds is no reason to let anything through.
            _ => Decision::Blocked,
        }
    }
}

/// The code of errors for what is blocked and is no call of a tool; outside of what JSON-RPC and MCP reserve.
pub(crate) const POLICY_DENIED: i64 = -33001;

/// A message that is stopped: why, and what was found.
#[derive(Clone, Debug)]
pub(crate) struct Stopped {
    pub(crate) decision: Decision,
    pub(crate) rules: BTreeSet<String>,
    /// More in words, where the decision alone says too little.
    pub(crate) detail: Option<String>,
    /// After this time the same may pass.
    pub(crate) retry_after: Option<Duration>,
    /// The id under which the call waits for a person.
    pub(crate) item: Option<String>,
}

impl Stopped {
    pub(crate) fn new(decision: Decision) -> Stopped {
        Stopped { decision, rules: BTreeSet::new(), detail: None, retry_after: None, item: None }
    }

    pub(crate) fn with_detail(decision: Decision, detail: impl Into<String>) -> Stopped {
        Stopped { detail: Some(detail.into()), ..Stopped::new(decision) }
    }

    /// One that passes later; whole seconds, rounded up, are what is told.
    pub(crate) fn with_retry(decision: Decision, detail: impl Into<String>, after: Duration) -> Stopped {
        let after = Duration::from_secs(after.as_secs() + u64::from(after.subsec_nanos() > 0));
        let detail = format!("{}; try again in {} s", detail.into(), after.as_secs());
        Stopped { retry_after: Some(after), ..Stopped::with_detail(decision, detail) }
    }

    /// The one line that says it.
    pub(crate) fn text(&self) -> String {
        let name = self.decision.name();
        let text = match (&self.detail, self.rules.len()) {
            (Some(detail), _) => format!("blocked by hypersieve: {name} ({detail})"),
            (None, 0) => format!("blocked by hypersieve: {name}"),
            (None, 1) => format!("blocked by hypersieve: {name} (1 rule triggered)"),
            (None, rules) => format!("blocked by hypersieve: {name} ({rules} rules triggered)"),
        };
        match &self.item {
            Some(item) => format!(
                "{text}; held for approval as {item}: once a person approves it, make the same call again"
            ),
            None => text,
        }
    }

    /// The answer to the request `id` (as it is written) of the method `method`.
    pub(crate) fn answer(&self, id: &[u8], method: &str, style: BlockedAnswer) -> Bytes {
        let rules = json!(self.rules);
        let (in_meta, in_data) = match &self.item {
            Some(item) => {
                (format!(",\"hypersieve/held\":{}", quote(item)), format!(",\"held\":{}", quote(item)))
            }
            None => Default::default(),
        };
        let text = quote(&self.text());
        let id = String::from_utf8_lossy(id);
        let after = self.retry_after.map(|after| after.as_secs());
        let retry = |key: &str| after.map_or_else(String::new, |after| format!(r#","{key}":{after}"#));
        match (method, style) {
            ("tools/call", BlockedAnswer::Result) => format!(
                r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":{text}}}],"isError":true,"resultType":"complete","_meta":{{"hypersieve/rules":{rules}{in_meta}{}}}}}}}"#,
                retry("hypersieve/retryAfterSeconds")
            ),
            _ => {
                let code = if method == "tools/call" { -32600 } else { POLICY_DENIED };
                format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{text},"data":{{"rules":{rules}{in_data}{}}}}}}}"#,
                    retry("retryAfterSeconds")
                )
            }
        }
        .into()
    }

    /// The same as a message in a log, for a stream on which nothing was asked.
    pub(crate) fn log_message(&self) -> Bytes {
        let data = json!({"message": self.text(), "rules": self.rules});
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"error","logger":"hypersieve","data":{data}}}}}"#
        )
        .into()
    }
}

/// An error of JSON-RPC; `id` as it is written.
pub(crate) fn error(id: &[u8], code: i64, message: &str) -> Bytes {
    let id = String::from_utf8_lossy(id);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{}}}}}"#, quote(message)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_calls_are_answered_as_documented() {
        let mut stopped = Stopped::new(Decision::Blocked);
        stopped.rules.extend(["A".to_string(), "B".to_string()]);
        let result: serde_json::Value =
            serde_json::from_slice(&stopped.answer(b"\"x\\u0041\"", "tools/call", BlockedAnswer::Result))
                .unwrap();
        assert_eq!(result["id"], "xA");
        assert_eq!(result["result"]["isError"], true);
        assert_eq!(
            result["result"]["content"][0]["text"],
            "blocked by hypersieve: content_blocked (2 rules triggered)"
        );
        let error: serde_json::Value =
            serde_json::from_slice(&stopped.answer(b"42", "tools/call", BlockedAnswer::Error)).unwrap();
        assert_eq!(error["error"]["code"], -32600);
        assert_eq!(error["error"]["message"], "blocked by hypersieve: content_blocked (2 rules triggered)");
        let later = Stopped::with_retry(Decision::RateLimited, "3 calls", Duration::from_millis(41_001));
        for (style, place) in [
            (BlockedAnswer::Result, "/result/_meta/hypersieve~1retryAfterSeconds"),
            (BlockedAnswer::Error, "/error/data/retryAfterSeconds"),
        ] {
            let answer = later.answer(b"1", "tools/call", style);
            let json: serde_json::Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(json.pointer(place), Some(&42.into()), "{json}");
        }
        assert_eq!(later.text(), "blocked by hypersieve: rate_limited (3 calls; try again in 42 s)");
        let other: serde_json::Value =
            serde_json::from_slice(&stopped.answer(b"0", "resources/read", BlockedAnswer::Result)).unwrap();
        assert_eq!((other["id"].as_i64(), other["error"]["code"].as_i64()), (Some(0), Some(POLICY_DENIED)));
    }
}
