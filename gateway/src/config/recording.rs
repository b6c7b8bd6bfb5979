//! What the file says of records, held calls and alerts.

use std::path::Path;
use std::time::Duration;

use serde_saphyr::Spanned;

use super::file::{self, File};
use super::load::{ConfigError, Loader};
use super::{AlertEvent, Config, OnFailure, Secret, WebhookConfig};
use crate::audit::DATABASE;

/// The state folder beside the configuration, where that names none.
const STATE: &str = "hypersieve-state";

const DAY: u64 = 24 * 3600;

impl Loader<'_> {
    pub(super) fn recording(&mut self, config: &mut Config, file: &File) -> Result<(), ConfigError> {
        let state = self.folder.join(file.state.as_deref().unwrap_or(Path::new(STATE)));
        let named = file.db_path.as_ref().map(|path| self.folder.join(path));
        config.audit.database = Some(named.unwrap_or_else(|| state.join(DATABASE)));
        config.state = Some(state);
        if let Some(audit) = &file.audit {
            self.warn("audit.", audit.inert());
            config.audit.lines = audit.path.as_ref().map(|path| self.folder.join(path));
            config.audit.retention = audit
                .retention_days
                .filter(|days| *days > 0)
                .map(|days| Duration::from_secs(u64::from(days) * DAY));
            config.audit.durable_answers = audit.durable_answers;
            if let Some(off) = audit.database.as_ref().filter(|database| !database.value) {
                let message =
                    "audit.database is false: decisions are not kept, and no call is held for approval";
                self.note(off.referenced.line(), message.into());
                config.audit.database = None;
            }
            config.audit.on_failure = match audit.on_failure {
                Some(file::OnFailure::Pass) => OnFailure::Pass,
                Some(file::OnFailure::Refuse) | None => OnFailure::Refuse,
            };
        }
        if let Some(quarantine) = &file.quarantine {
            self.warn("quarantine.", quarantine.inert());
            let hours = quarantine.expiry_hours.as_ref();
            let expiry = match hours.map(|hours| (hours.value, hours.referenced.line())) {
                None => config.approval_expiry,
                Some((hours @ 1..=8760, _)) => Some(Duration::from_secs(u64::from(hours) * 3600)),
                Some((hours, line)) => {
                    let message = format!("quarantine.expiry_hours is {hours}: write 1 to 8760");
                    return Err(self.error(line, message));
                }
            };
            config.approval_expiry = expiry.filter(|_| quarantine.enabled != Some(false));
        }
        for webhook in &file.webhooks {
            let webhook = self.webhook(webhook)?;
            config.webhooks.push(webhook);
        }
        Ok(())
    }

    fn webhook(&mut self, webhook: &Spanned<file::Webhook>) -> Result<WebhookConfig, ConfigError> {
        let (line, file) = (webhook.referenced.line(), &webhook.value);
        self.warn("webhooks: ", file.inert());
        let Some(url) = &file.url else { return Err(self.error(line, "webhooks: one without a url")) };
        let name = file.name.clone().unwrap_or_else(|| url.value.clone());
        let url = self.url("webhooks: url", url)?;
        let mut events = Vec::new();
        for event in &file.events {
            match event.value.as_str() {
                "block" | "blocked" => events.push(AlertEvent::Blocked),
                "quarantine" | "quarantined" => events.push(AlertEvent::Quarantined),
                other => self.note(
                    event.referenced.line(),
                    format!("webhooks: {name}: the event {other:?} has no effect: there are blocked and quarantined"),
                ),
            }
        }
        if file.events.is_empty() {
            events = vec![AlertEvent::Blocked, AlertEvent::Quarantined];
        }
        let secret = match &file.secret_env {
            None => {
                let message = "has no secret_env: its receiver can't tell who sends";
                self.note(line, format!("webhooks: {name}: {message}"));
                None
            }
            Some(variable) => Some(Secret(std::env::var(&variable.value).map_err(|_| {
                let message = format!("the environment variable {} is not set", variable.value);
                self.error(variable.referenced.line(), message)
            })?)),
        };
        Ok(WebhookConfig { name, url, events, secret })
    }
}
