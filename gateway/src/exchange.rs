//! One request and what comes back: what is enforced, in which order, and what is recorded of it.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::HeaderMap;
use hypersieve::Channel;

use crate::answer::{Decision, Stopped};
use crate::audit::{Entry, Kind as RowKind, micros};
use crate::backend::{Backend, Link};
use crate::catalogue::Named;
use crate::config::Mode;
use crate::digest::{Sha256, sha256};
use crate::era::PROTOCOL_VERSION;
use crate::gateway::Gateway;
use crate::hold::{self, Outcome};
use crate::json::quote;
use crate::limits::{self, OpenCall};
use crate::list::{List, ListKind};
use crate::message::{Kind, Message, id_key};
use crate::scan::{Judgement, Scan, Unjudged};

/// Follows a request, or a stream on which nothing was asked, from its first byte to its last.
pub(crate) struct Exchange {
    gateway: Arc<Gateway>,
    agent: Option<String>,
    /// The id as it is written; `None` where nothing was asked.
    id: Option<Bytes>,
    pub(crate) method: String,
    tool: Option<String>,
    backend: Option<usize>,
    /// The connection that the messages come over, and the header that belongs to its requests.
    over: Option<(Arc<Link>, HeaderMap)>,
    scan: Scan,
    /// Whether the answer has passed.
    pub(crate) answered: bool,
    decision: Decision,
    direction: &'static str,
    stopped: bool,
    rules: BTreeSet<String>,
    detail: Option<String>,
    /// The held call that this one is, or makes use of.
    item: Option<String>,
    /// What there is to say is in the record.
    recorded: bool,
    arguments: Option<[u8; 32]>,
    /// Counts the call as open.
    open: Option<OpenCall>,
    result: Option<Sha256>,
    started: Instant,
    requested: Option<Duration>,
    replied: Option<Duration>,
    judging: Duration,
}

/// What becomes of a message from a backend.
#[derive(Debug)]
pub(crate) enum Checked {
    /// It passes, as these bytes.
    Pass(Bytes),
    /// It does not.
    Stop(Stopped),
}

impl Exchange {
    pub(crate) fn new(gateway: &Arc<Gateway>, agent: Option<String>, message: Option<&Message>) -> Exchange {
        let scan = Scan::new(gateway.judge(agent.as_deref()), Channel::ToolResult);
        let asked = message.filter(|message| message.kind == Kind::Request);
        Exchange {
            gateway: gateway.clone(),
            agent,
            id: asked.map(|message| Bytes::copy_from_slice(message.raw_id())),
            method: message.map_or_else(String::new, |message| message.method.clone()),
            tool: None,
            backend: None,
            over: None,
            scan,
            answered: false,
            decision: Decision::Allow,
            direction: "request",
            stopped: false,
            rules: BTreeSet::new(),
            detail: None,
            item: None,
            recorded: false,
            arguments: None,
            open: None,
            result: None,
            started: Instant::now(),
            requested: None,
            replied: None,
            judging: Duration::ZERO,
        }
    }

    /// Says which connection the messages are going to come over; `headers` are those of the request.
    pub(crate) fn comes_over(&mut self, link: &Arc<Link>, headers: &HeaderMap) {
        let version = headers.get(PROTOCOL_VERSION).map(|version| (PROTOCOL_VERSION, version.clone()));
        self.over = Some((link.clone(), version.into_iter().collect()));
    }

    /// Decides whether a message of the agent may go to a backend; `tool` is the tool that is called, by its own name.
    ///
    /// # Errors
    /// If it may not.
    pub(crate) async fn check(
        &mut self,
        message: &Message,
        tool: Option<(usize, &str)>,
    ) -> Result<(), Stopped> {
        let checked = self.decide(message, tool).await;
        self.requested = Some(self.started.elapsed());
        checked
    }

    async fn decide(&mut self, message: &Message, tool: Option<(usize, &str)>) -> Result<(), Stopped> {
        let gateway = self.gateway.clone();
        let enforced = self.enforce(message, tool);
        let Some(tool) = tool else { return enforced };
        let mut held = match enforced {
            Err(stopped) if stopped.decision == Decision::Quarantined => Some(stopped),
            enforced => {
                enforced?;
                None
            }
        };
        let due = match limits::due(&gateway, self.agent.as_deref(), tool, message) {
            Ok(due) => due,
            Err(stopped) => return self.stop(stopped),
        };
        if let (Some(why), None) = (&due.approval, &held) {
            // Where nothing is stopped, what nobody approved passes and is not counted.
            match self.stop(Stopped::with_detail(Decision::NeedsApproval, why)) {
                Ok(()) => return Ok(()),
                Err(stopped) => held = Some(stopped),
            }
        }
        // One person's word lets both pass: what the call says, and what it spends.
        if let Some(stopped) = held {
            self.ask_person(message, tool, stopped).await?;
        }
        // This comes last: what is stopped for another reason has spent nothing.
        due.count(&gateway).await.or_else(|stopped| self.stop(stopped))
    }

    /// Lets a call pass that a person approved, and holds it otherwise.
    async fn ask_person(
        &mut self,
        message: &Message,
        tool: (usize, &str),
        stopped: Stopped,
    ) -> Result<(), Stopped> {
        let gateway = self.gateway.clone();
        match hold::ask(&gateway, self.agent.as_deref(), message, tool, stopped).await {
            Outcome::Approved(item) => {
                self.decision = Decision::Approved;
                self.stopped = false;
                self.item = Some(item);
                Ok(())
            }
            Outcome::Stopped(stopped) => {
                self.note(&stopped, true);
                Err(stopped)
            }
        }
    }

    fn enforce(&mut self, message: &Message, tool: Option<(usize, &str)>) -> Result<(), Stopped> {
        let gateway = self.gateway.clone();
        if self.id.is_some()
            && let Some(why) = gateway.audit.refuses()
        {
            // Also where nothing is stopped for what it says: nobody would know of it.
            let stopped = Stopped::with_detail(Decision::AuditUnavailable, why);
            self.note(&stopped, true);
            return Err(stopped);
        }
        let agent = self.agent.as_ref().and_then(|name| gateway.config.agents.get(name));
        if agent.is_some_and(|agent| agent.suspended) {
            self.stop(Stopped::new(Decision::AgentSuspended))?;
        }
        if let Some((backend, tool)) = tool {
            self.backend = Some(backend);
            self.tool = Some(tool.to_string());
            match limits::admit(&gateway, self.agent.as_deref()) {
                Ok(open) => self.open = Some(open),
                Err(stopped) => self.stop(stopped)?,
            }
            if !gateway.catalogue.allows(agent, backend, tool) {
                let whose = self
                    .agent
                    .as_deref()
                    .map_or_else(String::new, |agent| format!(" for agent {}", quote(agent)));
                let detail = format!("tool {} is not allowed{whose}", quote(tool));
                self.stop(Stopped::with_detail(Decision::ToolNotAllowed, detail))?;
            }
            if let Some(rules) = gateway.catalogue.poison(backend, tool) {
                let detail = format!("the description of tool {} holds a threat", quote(tool));
                self.stop(Stopped { rules, ..Stopped::with_detail(Decision::PoisonedTool, detail) })?;
            }
        }
        let Some((part, channel)) = content(message) else { return Ok(()) };
        if gateway.audit.is_on() && tool.is_some() {
            let arguments = message.params.as_ref().and_then(|params| params.arguments.as_ref());
            self.arguments = arguments.map(|span| sha256(message.part(span)));
        }
        if !gateway.config.scan_requests {
            return Ok(());
        }
        gateway.metrics.scanned(part.len());
        let judged = gateway.judge(self.agent.as_deref()).document(part, channel);
        self.conclude(judged)
    }

    /// Decides whether a message from a backend may go on arriving: a piece of what [`answer`](Exchange::answer) is going to be
    /// given whole.
    ///
    /// # Errors
    /// If the rest need not be waited for.
    pub(crate) fn arrives(&mut self, piece: &[u8]) -> Result<(), Stopped> {
        // The entries of a list are judged each by itself.
        if !self.gateway.config.scan_responses || ListKind::of(&self.method).is_some() {
            return Ok(());
        }
        let begun = Instant::now();
        self.replied.get_or_insert_with(|| begun - self.started);
        self.direction = "response";
        let judged = self.scan.arrives(piece).cloned();
        self.judging += begun.elapsed();
        self.conclude(judged)
    }

    /// Decides what becomes of a message from a backend.
    pub(crate) fn answer(&mut self, bytes: Bytes, backend: usize) -> Checked {
        let begun = Instant::now();
        self.replied.get_or_insert_with(|| begun - self.started);
        self.direction = "response";
        let checked = self.receive(bytes, backend);
        self.judging += begun.elapsed();
        if let (Checked::Pass(bytes), true) = (&checked, self.gateway.audit.is_on()) {
            self.result.get_or_insert_default().update(bytes);
        }
        checked
    }

    fn receive(&mut self, bytes: Bytes, backend: usize) -> Checked {
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(error) => {
                let stopped = Stopped::with_detail(
                    Decision::ScanError,
                    format!("the backend sent what is no message: {error}"),
                );
                // Also where nothing is stopped for what it says: it says nothing that the protocol knows.
                self.note(&stopped, true);
                return Checked::Stop(stopped);
            }
        };
        if self.backend.is_none() && self.gateway.backends.len() == 1 {
            self.backend = Some(backend);
        }
        let mine = message.kind == Kind::Response
            && self.id.as_ref().is_some_and(|id| id_key(id) == id_key(message.raw_id()));
        let listed = if mine { ListKind::of(&self.method) } else { None };
        let passed = match listed.map(|kind| self.list(kind, &message, backend)) {
            Some(Ok(Some(bytes))) => Ok(bytes),
            Some(Err(stopped)) => Err(stopped),
            Some(Ok(None)) | None => self.content(&message.bytes).map(|()| message.bytes.clone()),
        };
        let passed = match passed {
            Ok(bytes) => bytes,
            Err(stopped) => return Checked::Stop(stopped),
        };
        if message.kind == Kind::Notification
            && message.method == "notifications/tools/list_changed"
            && let Some(over) = self.over.clone()
        {
            self.gateway.refresh_soon(backend, over);
        }
        self.answered |= mine;
        let id = self.id.clone().filter(|_| mine);
        let several = self.gateway.backends.len() > 1;
        Checked::Pass(match (id, message.kind) {
            // Servers write numbers anew; clients compare what they wrote.
            (Some(id), _) if *id != *message.raw_id() => renumbered(passed, &id),
            (_, Kind::Request) if several => {
                let whose = self.gateway.backends[backend].id;
                renumbered(passed, foreign_id(whose, message.raw_id()).as_bytes())
            }
            _ => passed,
        })
    }

    /// Judges the entries of a list: those that hold a threat or are not allowed are taken out.
    fn list(&mut self, kind: ListKind, answer: &Message, backend: usize) -> Result<Option<Bytes>, Stopped> {
        let unread =
            |error: &dyn std::fmt::Display| Stopped::with_detail(Decision::ScanError, error.to_string());
        let Some(list) = List::of(kind, answer).map_err(|error| unread(&error))? else { return Ok(None) };
        self.content(&list.emptied(answer))?;
        let entries = self.entries(kind, answer, &list, backend);
        // A list that depends on who asks must not be kept for others.
        let scope = if self.gateway.config.agents.is_empty() { None } else { Some("private") };
        let same = entries.len() == list.items.len()
            && entries.iter().zip(&list.items).all(|(entry, item)| entry == answer.part(&item.span));
        let public = list.cache_scope.as_ref().is_some_and(|span| answer.part(span) != br#""private""#);
        if same && !(public && scope.is_some()) {
            return Ok(Some(answer.bytes.clone()));
        }
        Ok(Some(list.with(answer, &entries, scope)))
    }

    /// The entries that pass, under the names that agents see.
    pub(crate) fn entries(
        &mut self,
        kind: ListKind,
        answer: &Message,
        list: &List,
        backend: usize,
    ) -> Vec<Bytes> {
        let gateway = self.gateway.clone();
        let agent = self.agent.as_ref().and_then(|name| gateway.config.agents.get(name));
        let enforce = gateway.config.mode == Mode::Enforce;
        let mut passed = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let name = item.name.as_ref().map_or("", |(_, name)| name.as_str());
            let mut stops = None;
            if gateway.config.scan_responses {
                gateway.metrics.scanned(item.span.len());
                let judgement = match gateway.judge(self.agent.as_deref()).entry(answer.part(&item.span)) {
                    Ok(judgement) => judgement,
                    Err(error) => {
                        self.note(&Stopped::with_detail(Decision::ScanError, error.to_string()), enforce);
                        continue;
                    }
                };
                stops = judgement.stops().then_some(judgement.rules);
            }
            match kind {
                ListKind::Tools => {
                    gateway.catalogue.add_tool(backend, name, stops.clone().unwrap_or_default())
                }
                ListKind::Prompts => gateway.catalogue.add_prompt(backend, name),
                ListKind::Resources => gateway.add_resource(backend, item.uri.as_deref()),
                ListKind::Templates => {}
            }
            let known = match kind {
                ListKind::Tools => gateway.catalogue.poison(backend, name),
                _ => None,
            };
            if let Some(rules) = stops.or(known) {
                let detail = format!("{} {} is taken out of the list", kind.key(), quote(name));
                self.note(
                    &Stopped { rules, ..Stopped::with_detail(Decision::PoisonedTool, detail) },
                    enforce,
                );
                if enforce {
                    continue;
                }
            }
            if kind == ListKind::Tools && enforce && !gateway.catalogue.allows(agent, backend, name) {
                continue;
            }
            let shown = match kind {
                ListKind::Tools => gateway.catalogue.shown(Named::Tool, backend, name),
                ListKind::Prompts => gateway.catalogue.shown(Named::Prompt, backend, name),
                _ => name.to_string(),
            };
            passed.push(item.named(answer, &shown));
        }
        passed
    }

    /// Judges text of a backend that is JSON.
    fn content(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        if !self.gateway.config.scan_responses {
            return Ok(());
        }
        self.gateway.metrics.scanned(bytes.len());
        let judged = self.scan.read(bytes).cloned();
        self.conclude(judged)
    }

    /// Judges text of a backend that is none.
    ///
    /// # Errors
    /// If it may not pass.
    pub(crate) fn plain(&mut self, text: &[u8]) -> Result<(), Stopped> {
        if !self.gateway.config.scan_responses {
            return Ok(());
        }
        self.direction = "response";
        let judged = self.scan.plain(text).cloned();
        self.conclude(judged)
    }

    /// What a judgement means here.
    fn conclude(&mut self, judged: Result<Judgement, Unjudged>) -> Result<(), Stopped> {
        let judgement = match judged {
            Ok(judgement) => judgement,
            Err(error) => return self.stop(Stopped::with_detail(Decision::ScanError, error.to_string())),
        };
        let decision = Decision::of(judgement.action);
        if judgement.stops() {
            return self.stop(Stopped { rules: judgement.rules, ..Stopped::new(decision) });
        }
        if decision != Decision::Allow && self.decision == Decision::Allow {
            self.decision = decision;
        }
        self.rules.extend(judgement.rules);
        Ok(())
    }

    /// Stops the message, unless nothing is stopped.
    fn stop(&mut self, stopped: Stopped) -> Result<(), Stopped> {
        let enforce = self.gateway.config.mode == Mode::Enforce;
        self.note(&stopped, enforce);
        if enforce { Err(stopped) } else { Ok(()) }
    }

    fn note(&mut self, stopped: &Stopped, stops: bool) {
        self.decision = stopped.decision;
        self.rules.extend(stopped.rules.iter().cloned());
        self.detail.clone_from(&stopped.detail);
        self.item.clone_from(&stopped.item);
        self.stopped |= stops;
        self.recorded = false;
    }

    /// Notes that a backend could not be asked, or did not answer.
    pub(crate) fn failed(&mut self, why: &str) {
        self.direction = "response";
        self.note(&Stopped::with_detail(Decision::BackendError, why), false);
    }

    /// The answer that says that the message was stopped.
    pub(crate) fn refusal(&self, stopped: &Stopped) -> Bytes {
        match &self.id {
            Some(id) => stopped.answer(id, &self.method, self.gateway.config.blocked_answer),
            None => stopped.log_message(),
        }
    }

    /// The id of the request as it is written.
    pub(crate) fn raw_id(&self) -> Option<&Bytes> {
        self.id.as_ref()
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }
}

impl Exchange {
    /// Puts what was decided into the record before the answer goes, if answers wait for that; `false` if it can't be written,
    /// and the answer must not go.
    pub(crate) async fn settle(&mut self) -> bool {
        if !self.gateway.audit.holds_answers() {
            return true;
        }
        self.record();
        self.gateway.audit.flushed().await
    }

    /// Says what was decided: to the log, the metrics, the record and the webhooks.
    fn record(&mut self) {
        // What passes without having been asked for is not worth a line each.
        if mem::replace(&mut self.recorded, true) || self.id.is_none() && self.decision == Decision::Allow {
            return;
        }
        let gateway = self.gateway.clone();
        let total = self.started.elapsed();
        gateway.metrics.decided(self.decision);
        let requested = self.requested.unwrap_or_default();
        gateway.metrics.took(requested + self.judging);
        let backend = self.backend.map(|backend| gateway.backends[backend].config.name.as_str());
        let (agent, tool, verdict) = (self.agent.as_deref(), self.tool.as_deref(), self.decision.name());
        let (method, direction, detail) = (self.method.as_str(), self.direction, self.detail.as_deref());
        let held = self.item.as_deref();
        if self.decision == Decision::Allow {
            tracing::info!(agent, method, tool, backend, verdict, us = total.as_micros(), "passed");
        } else {
            tracing::warn!(agent, method, tool, backend, verdict, stopped = self.stopped, direction, rules = ?self.rules, detail, held);
        }
        if !gateway.audit.is_on() && !gateway.alerts.wants(self.decision) {
            return;
        }
        let entry = Entry {
            backend: backend.map(str::to_string),
            agent: self.agent.clone(),
            method: Some(self.method.clone()),
            tool: self.tool.clone(),
            mode: Some(if gateway.config.mode == Mode::Enforce { "enforce" } else { "observe" }),
            verdict: Some(verdict),
            stopped: self.stopped,
            direction: Some(self.direction),
            rules: self.rules.iter().cloned().collect(),
            detail: self.detail.clone(),
            arguments: self.arguments,
            result: self.result.take().map(Sha256::finish),
            total_us: Some(micros(total)),
            request_us: Some(micros(requested)),
            backend_us: self.replied.map(|replied| micros(replied.saturating_sub(requested))),
            response_us: Some(micros(self.judging)),
            item: self.item.clone(),
            ..Entry::new(RowKind::Decision)
        };
        gateway.alerts.tell(self.decision, &entry, |text| {
            let masked = gateway.judge(None).masked(text.as_bytes(), Channel::Any);
            masked.unwrap_or_else(|_| "****".into())
        });
        match self.decision {
            Decision::AuditUnavailable => gateway.audit.refuse(entry),
            _ => gateway.audit.add(entry),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.record();
    }
}

/// What of an agent's message is judged, and as what.
fn content(message: &Message) -> Option<(&[u8], Channel)> {
    match message.kind {
        Kind::Request => {
            message.params.as_ref().map(|params| (message.part(&params.span), Channel::ToolArgs))
        }
        Kind::Notification => {
            message.params.as_ref().map(|params| (message.part(&params.span), Channel::Message))
        }
        Kind::Response => Some((&message.bytes, Channel::Message)),
    }
}

/// A message with another id. It was read before, so it can be read again.
fn renumbered(bytes: Bytes, id: &[u8]) -> Bytes {
    match Message::parse(bytes.clone()) {
        Ok(message) => message.with_id(id),
        Err(_) => bytes,
    }
}

/// The id under which an agent sees a request of one of several backends: theirs could be the same.
fn foreign_id(backend: u64, raw: &[u8]) -> String {
    quote(&format!("{backend}:{}", String::from_utf8_lossy(raw)))
}

/// The backend that asked, and the id as it wrote it.
pub(crate) fn own_id(raw: &[u8], backends: &[Arc<Backend>]) -> Option<(usize, Vec<u8>)> {
    let text: String = serde_json::from_slice(raw).ok()?;
    let (backend, id) = text.split_once(':')?;
    let whose: u64 = backend.parse().ok()?;
    let backend = backends.iter().position(|backend| backend.id == whose)?;
    // What the client sends back becomes a part of a message: it must be an id and nothing else.
    let read: serde_json::Value = serde_json::from_str(id).ok()?;
    (read.is_string() || read.is_number()).then(|| (backend, id.trim().as_bytes().to_vec()))
}
