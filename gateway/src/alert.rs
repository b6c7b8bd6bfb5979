//! Alerts: webhooks are told what was blocked and held, beside the calls and never in their way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, StatusCode};
use ring::hmac;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::answer::Decision;
use crate::audit::Entry;
use crate::backend::Client;
use crate::config::{AlertEvent, WebhookConfig};

/// Alerts that may wait for one webhook; what comes then is dropped and counted, and is still in the audit log.
const WAITING: usize = 256;

/// How often one alert is tried.
const TRIES: u32 = 8;

/// How long to wait behind the first failure; twice as long behind each further one.
const BACK_OFF: Duration = Duration::from_millis(500);

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long alerts may take to be delivered once the gateway ends.
const DRAIN: Duration = Duration::from_secs(5);

/// All webhooks.
#[derive(Default)]
pub(crate) struct Alerts {
    hooks: Mutex<Vec<Hook>>,
    /// What the webhooks want, so that nothing is made that nobody wants.
    wanted: Vec<AlertEvent>,
    dropped: Arc<AtomicU64>,
}

struct Hook {
    name: String,
    events: Vec<AlertEvent>,
    queue: mpsc::Sender<Alert>,
    sending: JoinHandle<()>,
}

#[derive(Clone)]
struct Alert {
    id: String,
    body: Bytes,
}

impl Alerts {
    /// Begins a task for each webhook.
    pub(crate) fn new(webhooks: &[WebhookConfig], client: &Client) -> Alerts {
        let dropped = Arc::new(AtomicU64::new(0));
        let hooks = webhooks.iter().map(|webhook| {
            let (queue, from) = mpsc::channel(WAITING);
            let sending = tokio::spawn(deliver(webhook.clone(), client.clone(), from, dropped.clone()));
            Hook { name: webhook.name.clone(), events: webhook.events.clone(), queue, sending }
        });
        let wanted = webhooks.iter().flat_map(|webhook| webhook.events.clone()).collect();
        Alerts { hooks: Mutex::new(hooks.collect()), wanted, dropped }
    }

    /// Tells the webhooks that want to know of a decision; `masked` hides secrets in what others wrote.
    pub(crate) fn tell(&self, decision: Decision, entry: &Entry, masked: impl Fn(&str) -> String) {
        let Some(event) = event(decision).filter(|event| self.wanted.contains(event)) else { return };
        let id = new_id();
        let shown = |text: &Option<String>| text.as_deref().map(&masked);
        let body = json!({
            "event": match event { AlertEvent::Blocked => "blocked", AlertEvent::Quarantined => "quarantined" },
            "id": id, "time": entry.time, "agent": shown(&entry.agent), "backend": entry.backend, "method": shown(&entry.method),
            "tool": shown(&entry.tool), "verdict": entry.verdict, "stopped": entry.stopped, "direction": entry.direction,
            "rules": entry.rules, "detail": shown(&entry.detail), "held": entry.item,
        });
        let alert = Alert { id, body: body.to_string().into() };
        let hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        for hook in hooks.iter().filter(|hook| hook.events.contains(&event)) {
            if hook.queue.try_send(alert.clone()).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(webhook = hook.name, "an alert is dropped: too many wait");
            }
        }
    }

    /// Whether anybody wants to know of such a decision.
    pub(crate) fn wants(&self, decision: Decision) -> bool {
        event(decision).is_some_and(|event| self.wanted.contains(&event))
    }

    /// Alerts that nobody was told of.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Takes no more alerts, and waits a little for those that wait.
    pub(crate) async fn finish(&self) {
        let hooks = std::mem::take(&mut *self.hooks.lock().unwrap_or_else(PoisonError::into_inner));
        let (queues, sending): (Vec<_>, Vec<_>) =
            hooks.into_iter().map(|hook| (hook.queue, hook.sending)).unzip();
        drop(queues);
        let all = futures_util::future::join_all(sending);
        if tokio::time::timeout(DRAIN, all).await.is_err() {
            tracing::warn!("alerts that could not be delivered are dropped; they are in the audit log");
        }
    }
}

fn event(decision: Decision) -> Option<AlertEvent> {
    match decision {
        Decision::Quarantined | Decision::NeedsApproval => Some(AlertEvent::Quarantined),
        Decision::Blocked
        | Decision::PoisonedTool
        | Decision::ToolNotAllowed
        | Decision::AmountExceeded
        | Decision::AmountUnclear
        | Decision::DailyLimitExceeded
        | Decision::ScanError => Some(AlertEvent::Blocked),
        _ => None,
    }
}

async fn deliver(
    webhook: WebhookConfig,
    client: Client,
    mut from: mpsc::Receiver<Alert>,
    dropped: Arc<AtomicU64>,
) {
    let key = webhook.secret.as_ref().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.0.as_bytes()));
    while let Some(alert) = from.recv().await {
        let mut wait = BACK_OFF;
        for tried in 1..=TRIES {
            let why = match post(&webhook, key.as_ref(), &client, &alert).await {
                Ok(()) => break,
                Err(why) => why,
            };
            if why.lasts || tried == TRIES {
                dropped.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(
                    webhook = webhook.name,
                    alert = alert.id,
                    why = why.text,
                    "an alert is given up"
                );
                break;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }
}

/// Why an alert was not taken.
struct Failure {
    text: String,
    /// It would be no different another time.
    lasts: bool,
}

async fn post(
    webhook: &WebhookConfig,
    key: Option<&hmac::Key>,
    client: &Client,
    alert: &Alert,
) -> Result<(), Failure> {
    let failed = |text: String| Failure { text, lasts: false };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let timestamp = since.as_secs().to_string();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&webhook.url)
        .header(CONTENT_TYPE, "application/json")
        .header("x-hypersieve-delivery", &alert.id)
        .header("x-hypersieve-timestamp", &timestamp);
    if let Some(key) = key {
        request = request.header("x-hypersieve-signature", signature(key, &timestamp, &alert.body));
    }
    let request = request
        .body(Full::new(alert.body.clone()))
        .map_err(|error| Failure { text: error.to_string(), lasts: true })?;
    let response = tokio::time::timeout(PATIENCE, client.request(request)).await;
    let response = response.map_err(|_| failed(format!("no answer within {} s", PATIENCE.as_secs())))?;
    let status = response.map_err(|error| failed(error.to_string()))?.status();
    let soon = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    match status {
        status if status.is_success() => Ok(()),
        status => Err(Failure {
            text: format!("it answered {status}"),
            lasts: !status.is_server_error() && !soon.contains(&status),
        }),
    }
}

/// `v1=` and the HMAC-SHA256 of the timestamp, a full stop and the body, in hexadecimal digits.
fn signature(key: &hmac::Key, timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    context.sign().as_ref().iter().fold("v1=".to_string(), |text, byte| text + &format!("{byte:02x}"))
}

fn new_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_as_documented() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        let of_nothing = signature(&key, "1700000000", b"{}");
        assert_eq!(of_nothing, format!("v1={EXPECTED}"));
    }

    const EXPECTED: &str = "9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae";
}
