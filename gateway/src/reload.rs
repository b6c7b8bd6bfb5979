//! Another configuration, other rules, while calls go on.
//!
//! A call takes the gateway of the moment at its beginning and keeps it to its end: it sees the old policies or the new
//! ones, never some of each. Connections, sessions and backends that stay as they are go over to the new gateway.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use hypersieve::Database;
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::agent::LegacyClients;
use crate::backend::Link;
use crate::config::{Config, Warning};
use crate::gateway::{Gateway, StartError, check};

/// How long calls may go on with a backend that is not configured any more.
const DRAIN: Duration = Duration::from_secs(30);

/// The gateway that new calls go to.
pub(crate) struct Current {
    gateway: watch::Sender<Arc<Gateway>>,
    /// One reload at a time.
    reloading: AsyncMutex<()>,
    /// Becomes true when the program is to end.
    pub(crate) ending: watch::Sender<bool>,
    pub(crate) legacy: LegacyClients,
}

impl Current {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Arc<Current> {
        let (gateway, ending) = (watch::Sender::new(gateway), watch::Sender::new(false));
        let (reloading, legacy) = (AsyncMutex::default(), LegacyClients::default());
        Arc::new(Current { gateway, reloading, ending, legacy })
    }

    /// The gateway for a call that begins now.
    pub(crate) fn get(&self) -> Arc<Gateway> {
        self.gateway.borrow().clone()
    }

    /// Ends what waits for nothing: streams on which nothing was asked, connections between two requests.
    pub(crate) fn end(&self) {
        self.ending.send_replace(true);
        self.get().stopping.send_replace(true);
    }

    /// Ends sessions that nobody uses any more, for ever.
    pub(crate) async fn tidy(self: Arc<Current>) {
        loop {
            let idle = self.get().config.limits.session_idle;
            tokio::time::sleep((idle / 4).clamp(Duration::from_millis(100), Duration::from_secs(60))).await;
            let gateway = self.get();
            gateway.end(gateway.sessions.take_idle(idle)).await;
        }
    }
}

/// Replaces what a running [`Server`](crate::Server) goes by.
#[derive(Clone)]
pub struct Reloader(pub(crate) Arc<Current>);

impl Reloader {
    /// Takes another configuration, and the rules of `database`. Backends that stay as they are keep their connections;
    /// calls that have begun end as they began. What returns is what has no effect, as from [`check`].
    ///
    /// Where the gateway listens, its state folder, its audit file, the number of connections and sessions, and the level of
    /// the log stay as they are until it is started anew; the log says so if they differ.
    ///
    /// # Errors
    /// As those of [`Server::start`](crate::Server::start); then everything stays as it was.
    pub async fn reload(&self, mut config: Config, database: &Database) -> Result<Vec<Warning>, StartError> {
        let _one = self.0.reloading.lock().await;
        let old = self.0.get();
        let warnings = check(&config, database)?;
        keep(&mut config, &old.config);
        let new = old.next(config, database)?;
        // No call waits for what is asked here; a backend that is not reached does not keep the others' policies from changing.
        new.begin().await;
        self.0.gateway.send_replace(new.clone());
        if *self.0.ending.borrow() {
            new.stopping.send_replace(true);
        }
        retire(&old, &new).await;
        Ok(warnings)
    }
}

/// Keeps what can't change while the gateway runs.
fn keep(config: &mut Config, old: &Config) {
    let mut kept = Vec::new();
    let mut keep = |same: bool, what: &'static str| {
        if !same {
            kept.push(what);
        }
    };
    keep(config.listen == old.listen, "gateway.bind and gateway.port");
    keep(config.state == old.state, "state");
    keep(config.audit == old.audit, "audit and db_path");
    keep(config.limits.connections == old.limits.connections, "gateway.limits.connections");
    keep(config.limits.sessions == old.limits.sessions, "gateway.limits.sessions");
    keep(config.log_level == old.log_level, "server.log_level");
    for what in kept {
        tracing::warn!("{what} stays as it was until the gateway is started anew");
    }
    config.listen = old.listen;
    config.state.clone_from(&old.state);
    config.audit.clone_from(&old.audit);
    config.limits.connections = old.limits.connections;
    config.limits.sessions = old.limits.sessions;
    config.log_level.clone_from(&old.log_level);
}

/// Lets go of what only the old gateway had.
async fn retire(old: &Arc<Gateway>, new: &Arc<Gateway>) {
    // Who listens comes again, and is then judged by the new rules.
    old.stopping.send_replace(true);
    let stays = |id: u64| new.backends.iter().any(|backend| backend.id == id);
    let sessions = old.sessions.all();
    let mut slots: Vec<_> = sessions.iter().flat_map(|session| session.take_slots(|id| !stays(id))).collect();
    let mut links = Vec::new();
    for slot in slots.drain(..) {
        links.extend(slot.lock().await.take());
    }
    for backend in old.backends.iter().filter(|backend| !stays(backend.id)) {
        links.extend(backend.shared.lock().await.take());
    }
    for link in links {
        tokio::spawn(close_when_unused(link));
    }
}

/// Closes a connection when the calls over it have ended, or have had their time.
async fn close_when_unused(link: Arc<Link>) {
    let unused = async {
        while Arc::strong_count(&link) > 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let _ = tokio::time::timeout(DRAIN, unused).await;
    let _ = tokio::time::timeout(Duration::from_secs(2), link.close(&HeaderMap::new())).await;
}
