//! What a call goes by: the configuration, the rules, the backends. A reload makes another gateway, which takes over what
//! outlives one.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use hypersieve::{Database, PolicyError};
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::agent::AccessCode;
use crate::alert::Alerts;
use crate::audit::{Approvals, AuditError, Recorder};
use crate::backend::{Backend, Client, Link, LinkError, Outgoing, Reply, client};
use crate::catalogue::Catalogue;
use crate::config::{AgentConfig, BackendConfig, Config, ToolPolicy, Warning};
use crate::era::{self, Era, METHOD, PROTOCOL_VERSION};
use crate::limits::{Ledger, Rates};
use crate::list::{List, ListKind};
use crate::message::{Kind, Message, id_key};
use crate::metrics::Metrics;
use crate::scan::{Judge, Rules};
use crate::session::{Session, Sessions};
use crate::tokens::Tokens;

/// Resources that are remembered with their backends.
const RESOURCES: usize = 100_000;

/// The state of a gateway. What is in an `Arc` is that of the gateways before and after it, too.
pub(crate) struct Gateway {
    pub(crate) config: Config,
    pub(crate) backends: Vec<Arc<Backend>>,
    pub(crate) catalogue: Catalogue,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) audit: Arc<Recorder>,
    /// Calls that wait for a person; `None` where none may wait.
    pub(crate) approvals: Option<Arc<Approvals>>,
    pub(crate) access_code: Arc<AccessCode>,
    pub(crate) alerts: Arc<Alerts>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) streams: Arc<AtomicUsize>,
    pub(crate) rates: Arc<Rates>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) tokens: Arc<Tokens>,
    /// Becomes true when the gateway is to end, or another one has taken its place.
    pub(crate) stopping: watch::Sender<bool>,
    judges: BTreeMap<String, Judge>,
    judge: Judge,
    client: Client,
    /// The id of the next backend.
    next_id: u64,
    /// Whether the tools of each backend are known, and who asks for them now.
    known: Vec<(AtomicBool, AsyncMutex<()>)>,
    resources: Mutex<HashMap<String, usize>>,
}

/// What a gateway takes over from the one before it.
struct Lasting {
    sessions: Arc<Sessions>,
    audit: Arc<Recorder>,
    approvals: Option<Arc<Approvals>>,
    access_code: Arc<AccessCode>,
    metrics: Arc<Metrics>,
    streams: Arc<AtomicUsize>,
    rates: Arc<Rates>,
    ledger: Arc<Ledger>,
    tokens: Arc<Tokens>,
    client: Client,
}

/// Why a gateway can't begin.
#[derive(Debug)]
pub enum StartError {
    /// A rule or a category of the configuration does not exist.
    Policy(PolicyError),
    /// There is no server behind the gateway.
    NoBackends,
    /// The record of decisions can't be opened.
    Audit(AuditError),
    /// Something of the machine is missing.
    Io(&'static str, io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Policy(error) => error.fmt(f),
            StartError::NoBackends => {
                f.write_str("no server is configured: name at least one in mcp_servers")
            }
            StartError::Audit(error) => {
                write!(
                    f,
                    "the audit log can't be opened: {error} (`state` in the configuration names its folder)"
                )
            }
            StartError::Io(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// Checks the rules and the categories that a configuration names, without starting anything; what has no effect, beside what
/// [`Config::warnings`] says.
///
/// # Errors
/// If a category does not exist, or there is no backend.
pub fn check(config: &Config, database: &Database) -> Result<Vec<Warning>, StartError> {
    if config.backends.is_empty() {
        return Err(StartError::NoBackends);
    }
    let strings = Rules::of_strings(database);
    judges(config, &strings)?;
    let unknown = config.rules.iter().filter(|(id, _)| database.rule(id).is_none());
    Ok(unknown
        .map(|(id, _)| Warning { line: 0, message: format!("rules: {id}: there is no such rule") })
        .collect())
}

fn judges(config: &Config, rules: &Rules) -> Result<(Judge, BTreeMap<String, Judge>), StartError> {
    let judge = rules.judge(&config.rules, &[]).map_err(StartError::Policy)?;
    let mut judges = BTreeMap::new();
    for (name, agent) in config.agents.iter().filter(|(_, agent)| !agent.blocked_content.is_empty()) {
        let own = rules.judge(&config.rules, &agent.blocked_content).map_err(StartError::Policy)?;
        judges.insert(name.clone(), own);
    }
    Ok((judge, judges))
}

impl Gateway {
    pub(crate) fn new(config: Config, database: &Database) -> Result<Arc<Gateway>, StartError> {
        let client =
            client().map_err(|error| StartError::Io("the machine's certificates can't be read", error))?;
        let audit = Recorder::open(&config.audit).map_err(StartError::Audit)?;
        let state = config.state.as_deref();
        let lasting = Lasting {
            sessions: Arc::new(Sessions::new(config.limits.sessions)),
            audit: Arc::new(audit),
            approvals: None,
            access_code: Arc::new(AccessCode::new()),
            metrics: Arc::default(),
            streams: Arc::default(),
            rates: Arc::default(),
            ledger: Arc::new(Ledger::new(state)),
            tokens: Arc::new(Tokens::new(state)),
            client,
        };
        Gateway::build(config, database, lasting, None)
    }

    /// A gateway that takes this one's place: with what outlives a gateway, and with those backends that stay as they are.
    pub(crate) fn next(&self, config: Config, database: &Database) -> Result<Arc<Gateway>, StartError> {
        let lasting = Lasting {
            sessions: self.sessions.clone(),
            audit: self.audit.clone(),
            approvals: self.approvals.clone(),
            access_code: self.access_code.clone(),
            metrics: self.metrics.clone(),
            streams: self.streams.clone(),
            rates: self.rates.clone(),
            ledger: self.ledger.clone(),
            tokens: self.tokens.clone(),
            client: self.client.clone(),
        };
        Gateway::build(config, database, lasting, Some(self))
    }

    fn build(
        config: Config,
        database: &Database,
        lasting: Lasting,
        old: Option<&Gateway>,
    ) -> Result<Arc<Gateway>, StartError> {
        if config.backends.is_empty() {
            return Err(StartError::NoBackends);
        }
        let (judge, judges) = judges(&config, &Rules::new(database))?;
        let counts = |agent: &AgentConfig| agent.tool_policies.values().any(ToolPolicy::counts);
        if config.agents.values().any(counts) {
            let prepared = lasting.ledger.prepare();
            prepared.map_err(|error| StartError::Io("the counters can't be opened", error))?;
        }
        let known = old.map_or(&[][..], |old| &old.backends);
        let mut next_id = old.map_or(0, |old| old.next_id);
        let limit = config.limits.response_bytes;
        let backend = |wanted: &BackendConfig| {
            let kept = known.iter().find(|backend| backend.serves(wanted, limit));
            kept.cloned().unwrap_or_else(|| {
                next_id += 1;
                Arc::new(Backend::new(next_id - 1, wanted.clone(), lasting.client.clone(), limit))
            })
        };
        let backends: Vec<_> = config.backends.iter().map(backend).collect();
        let catalogue = Catalogue::new(&config.backends);
        let mut resources = HashMap::new();
        if let Some(old) = old {
            let place = |was: usize| backends.iter().position(|backend| backend.id == known[was].id);
            for was in 0..known.len() {
                place(was).inspect(|now| catalogue.take_over(*now, &old.catalogue, was));
            }
            let all = old.resources.lock().unwrap_or_else(PoisonError::into_inner);
            resources = all.iter().filter_map(|(uri, was)| Some((uri.clone(), place(*was)?))).collect();
        }
        let approvals = match (config.approval_expiry.and(config.audit.database.as_ref()), lasting.approvals)
        {
            (None, _) => None,
            (Some(_), Some(open)) => Some(open),
            (Some(database), None) => Some(Arc::new(Approvals::open(database).map_err(StartError::Audit)?)),
        };
        // Those who are told stay, with what waits for them; what waits for others is delivered as the calls to them end.
        let alerts = match old.filter(|old| old.config.webhooks == config.webhooks) {
            Some(old) => old.alerts.clone(),
            None => Arc::new(Alerts::new(&config.webhooks, &lasting.client)),
        };
        Ok(Arc::new(Gateway {
            catalogue,
            sessions: lasting.sessions,
            audit: lasting.audit,
            approvals,
            access_code: lasting.access_code,
            alerts,
            metrics: lasting.metrics,
            streams: lasting.streams,
            rates: lasting.rates,
            ledger: lasting.ledger,
            tokens: lasting.tokens,
            stopping: watch::Sender::new(false),
            judges,
            judge,
            client: lasting.client,
            next_id,
            // What they list is judged anew, by the rules of now.
            known: backends.iter().map(|_| (AtomicBool::new(false), AsyncMutex::default())).collect(),
            resources: Mutex::new(resources),
            backends,
            config,
        }))
    }

    /// The judge of an agent's traffic.
    pub(crate) fn judge(&self, agent: Option<&str>) -> &Judge {
        agent.and_then(|name| self.judges.get(name)).unwrap_or(&self.judge)
    }

    /// The connection to a backend for what belongs to no session.
    pub(crate) async fn shared_link(&self, backend: usize) -> Result<Arc<Link>, LinkError> {
        let mut slot = self.backends[backend].shared.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| !link.is_dead()) {
            return Ok(link.clone());
        }
        let link = Arc::new(self.backends[backend].open_shared().await?);
        *slot = Some(link.clone());
        Ok(link)
    }

    /// The connection of a session to a backend, which is opened if there is none.
    pub(crate) async fn session_link(
        &self,
        session: &Session,
        backend: usize,
    ) -> Result<Arc<Link>, LinkError> {
        let slot = session.slot(&self.backends[backend]);
        let mut slot = slot.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| !link.is_dead()) {
            return Ok(link.clone());
        }
        let (link, answer) = self.open(backend, &session.initialize).await?;
        if answer.error.is_some() {
            return Err(LinkError::Protocol("it refused to begin a session".into()));
        }
        *slot = Some(link.clone());
        Ok(link)
    }

    /// Opens a connection and begins a session on it as a client began it.
    pub(crate) async fn open(
        &self,
        backend: usize,
        initialize: &Message,
    ) -> Result<(Arc<Link>, Message), LinkError> {
        let link = Arc::new(self.backends[backend].open().await?);
        let answer = self.ask(backend, &link, initialize, &HeaderMap::new()).await?;
        if answer.result.is_some() {
            let ready = parsed(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
            let headers = version_headers(&answer);
            link.send(Outgoing { message: &ready, headers: &headers, close_cancels: false }).await?;
        }
        Ok((link, answer))
    }

    /// Asks a backend, and waits for the answer; what else it says meanwhile is dropped.
    pub(crate) async fn ask(
        &self,
        backend: usize,
        link: &Link,
        message: &Message,
        headers: &HeaderMap,
    ) -> Result<Message, LinkError> {
        let asking = async {
            let reply = link.send(Outgoing { message, headers, close_cancels: false }).await?;
            let no_message = |error: &dyn fmt::Display| {
                LinkError::Protocol(format!("it sent what is no message: {error}"))
            };
            match reply {
                Reply::Accepted => Err(LinkError::Protocol("it did not answer a request".into())),
                Reply::Whole { body, status, .. } => match Message::parse(body.whole().await?) {
                    Ok(answer) if answer.kind == Kind::Response => Ok(answer),
                    _ if !status.is_success() => Err(LinkError::Protocol(format!("it answered {status}"))),
                    Ok(_) => Err(LinkError::Protocol("it did not answer a request".into())),
                    Err(error) => Err(no_message(&error)),
                },
                Reply::Events { mut events, .. } => loop {
                    let Some(event) = events.next().await? else {
                        return Err(LinkError::Down("it closed its stream without an answer".into()));
                    };
                    let Some(data) = event.data.filter(|data| !data.is_empty()) else { continue };
                    let answer = Message::parse(data).map_err(|error| no_message(&error))?;
                    if answer.kind == Kind::Response && id_key(answer.raw_id()) == id_key(message.raw_id()) {
                        return Ok(answer);
                    }
                },
            }
        };
        let timeout = self.backends[backend].config.timeout;
        let asked = tokio::time::timeout(timeout, asking).await.unwrap_or(Err(LinkError::Timeout(timeout)));
        match &asked {
            Ok(_) => self.backends[backend].works(),
            Err(LinkError::NoSession) => {}
            Err(_) => self.backends[backend].failed(),
        }
        asked
    }

    /// Makes sure that the tools of a backend are known, and so which of them are poisoned.
    pub(crate) async fn know(&self, backend: usize) -> Result<(), LinkError> {
        let (known, asking) = &self.known[backend];
        if known.load(Ordering::Acquire) {
            return Ok(());
        }
        let _one = asking.lock().await;
        if known.load(Ordering::Acquire) {
            return Ok(());
        }
        self.refresh(backend).await?;
        known.store(true, Ordering::Release);
        Ok(())
    }

    /// Asks a backend anew for its tools, soon, over the connection on which it said that they changed.
    pub(crate) fn refresh_soon(self: &Arc<Gateway>, backend: usize, over: (Arc<Link>, HeaderMap)) {
        let gateway = self.clone();
        tokio::spawn(async move {
            let _one = gateway.known[backend].1.lock().await;
            let (link, headers) = over;
            let modern = era::of_headers(&headers) == Era::Modern;
            if let Err(error) = gateway.list_tools(backend, &link, headers, modern).await {
                tracing::warn!(backend = gateway.backends[backend].config.name, %error, "its tools can't be listed");
            }
        });
    }

    async fn refresh(&self, backend: usize) -> Result<(), LinkError> {
        let hello = parsed(
            r#"{"jsonrpc":"2.0","id":"hypersieve-0","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"hypersieve","version":"0"}}}"#,
        );
        let (link, hello) = self.open(backend, &hello).await?;
        let headers = version_headers(&hello);
        let listed = self.list_tools(backend, &link, headers.clone(), hello.error.is_some()).await;
        link.close(&headers).await;
        listed
    }

    async fn list_tools(
        &self,
        backend: usize,
        link: &Link,
        mut headers: HeaderMap,
        modern: bool,
    ) -> Result<(), LinkError> {
        let mut found = Vec::new();
        for kind in [ListKind::Tools, ListKind::Prompts] {
            let method = if kind == ListKind::Tools { "tools/list" } else { "prompts/list" };
            if kind == ListKind::Prompts && self.backends.len() == 1 {
                // Prompts have no descriptions that are kept from agents; only their names matter, and those only among several.
                continue;
            }
            let mut cursor = None::<String>;
            // A backend whose list never ends is asked for no more than this.
            for page in 0..1000 {
                let mut params = Vec::new();
                params.extend(cursor.as_ref().map(|cursor| format!("\"cursor\":{cursor}")));
                if modern {
                    headers.insert(PROTOCOL_VERSION, HeaderValue::from_static("2026-07-28"));
                    headers.insert(METHOD, HeaderValue::from_static(method));
                    params.push(r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"hypersieve","version":"0"}}"#.into());
                }
                let text = format!(
                    r#"{{"jsonrpc":"2.0","id":"hypersieve-{page}","method":"{method}","params":{{{}}}}}"#,
                    params.join(",")
                );
                let answer = self.ask(backend, link, &parsed(&text), &headers).await?;
                let list = List::of(kind, &answer).map_err(|error| LinkError::Protocol(error.to_string()))?;
                let Some(list) = list else { break };
                for item in &list.items {
                    let Some((_, name)) = &item.name else { continue };
                    if kind == ListKind::Prompts {
                        self.catalogue.add_prompt(backend, name);
                        continue;
                    }
                    let judged = self.judge.entry(answer.part(&item.span));
                    let judged = judged.map_err(|error| LinkError::Protocol(error.to_string()))?;
                    let poison = if judged.stops() { judged.rules } else { Default::default() };
                    let known = self.catalogue.poison(backend, name).unwrap_or_default();
                    // Some servers say at the begin of every session that their tools changed.
                    if !poison.is_empty() && poison != known {
                        tracing::warn!(backend = self.backends[backend].config.name, tool = name, rules = ?poison, "a poisoned tool");
                    }
                    found.push((name.clone(), poison));
                }
                cursor =
                    list.next_cursor.map(|span| String::from_utf8_lossy(answer.part(&span)).into_owned());
                if cursor.is_none() {
                    break;
                }
            }
        }
        self.catalogue.replace(backend, found);
        Ok(())
    }

    /// Remembers whose a resource is.
    pub(crate) fn add_resource(&self, backend: usize, uri: Option<&str>) {
        let Some(uri) = uri.filter(|_| self.backends.len() > 1) else { return };
        let mut resources = self.resources.lock().unwrap_or_else(PoisonError::into_inner);
        if resources.len() < RESOURCES || resources.contains_key(uri) {
            resources.insert(uri.to_string(), backend);
        }
    }

    /// The backend that listed a resource.
    pub(crate) fn resource(&self, uri: &str) -> Option<usize> {
        self.resources.lock().unwrap_or_else(PoisonError::into_inner).get(uri).copied()
    }

    /// Asks all backends for their tools; those that can't be reached are tried again in the background, for ever.
    pub(crate) async fn begin(self: &Arc<Gateway>) {
        let first = Duration::from_secs(30);
        let tries = (0..self.backends.len()).map(|backend| async move {
            let tried = tokio::time::timeout(first, self.know(backend)).await;
            let error = match tried {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("it did not answer within {} s", first.as_secs()),
            };
            tracing::warn!(
                backend = self.backends[backend].config.name,
                error,
                "not reached; it is tried again"
            );
            let gateway = self.clone();
            tokio::spawn(async move {
                let mut wait = Duration::from_millis(500);
                let mut stopping = gateway.stopping.subscribe();
                while gateway.know(backend).await.is_err() {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        // Who has taken its place tries for itself.
                        _ = stopping.wait_for(|stop| *stop) => return,
                    }
                    wait = (wait * 2).min(Duration::from_secs(30));
                }
                tracing::info!(backend = gateway.backends[backend].config.name, "reached");
            });
        });
        futures_util::future::join_all(tries).await;
    }

    /// Ends sessions, at the backends too.
    pub(crate) async fn end(&self, sessions: Vec<Arc<Session>>) {
        for session in sessions {
            for slot in session.take_slots(|_| true) {
                let link = slot.lock().await.take();
                if let Some(link) = link {
                    let headers = HeaderMap::new();
                    let close = link.close(&headers);
                    // Who does not answer has heard it, or never will.
                    let _ = tokio::time::timeout(Duration::from_secs(2), close).await;
                }
            }
        }
    }
}

/// A message of our own.
pub(crate) fn parsed(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes())).expect("our own messages are well formed")
}

/// The header that names the revision which a backend chose in its answer to `initialize`.
pub(crate) fn version_headers(answer: &Message) -> HeaderMap {
    let result = answer
        .result
        .as_ref()
        .and_then(|span| serde_json::from_slice::<serde_json::Value>(answer.part(span)).ok());
    let version = result.as_ref().and_then(|result| result["protocolVersion"].as_str());
    version
        .and_then(|version| version.parse().ok())
        .map(|version: HeaderValue| (PROTOCOL_VERSION, version))
        .into_iter()
        .collect()
}
