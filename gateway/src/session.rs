//! MCP sessions: whose they are, and their connections to the backends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

use crate::backend::{Backend, Link};
use crate::message::Message;

/// A session between an agent and the gateway.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) agent: Option<String>,
    /// The connection to each backend, by the backends' ids.
    links: Mutex<HashMap<u64, Arc<LinkSlot>>>,
    /// How the client began, for backends that are reached later.
    pub(crate) initialize: Message,
    started: Instant,
    /// Milliseconds from `started` to the last use.
    used: AtomicU64,
    /// Requests and streams that are open.
    busy: AtomicU64,
}

/// The connection to a backend; `None` where there is none (any more).
pub(crate) type LinkSlot = AsyncMutex<Option<Arc<Link>>>;

impl Session {
    pub(crate) fn new(agent: Option<String>, initialize: Message) -> Session {
        Session {
            id: new_id(),
            agent,
            links: Mutex::default(),
            initialize,
            started: Instant::now(),
            used: AtomicU64::new(0),
            busy: AtomicU64::new(0),
        }
    }

    /// The place of the connection to a backend.
    pub(crate) fn slot(&self, backend: &Backend) -> Arc<LinkSlot> {
        self.slots().entry(backend.id).or_default().clone()
    }

    /// Takes out the connections to backends of which `gone` says so.
    pub(crate) fn take_slots(&self, gone: impl Fn(u64) -> bool) -> Vec<Arc<LinkSlot>> {
        self.slots().extract_if(|id, _| gone(*id)).map(|(_, slot)| slot).collect()
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<u64, Arc<LinkSlot>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the session as used until what is returned is dropped.
    pub(crate) fn in_use(self: &Arc<Session>) -> InUse {
        self.busy.fetch_add(1, Ordering::Relaxed);
        InUse(self.clone())
    }

    fn touch(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.used.store(millis, Ordering::Relaxed);
    }

    fn idle(&self) -> Duration {
        if self.busy.load(Ordering::Relaxed) > 0 {
            return Duration::ZERO;
        }
        self.started.elapsed().saturating_sub(Duration::from_millis(self.used.load(Ordering::Relaxed)))
    }
}

/// A use of a session that lasts.
pub(crate) struct InUse(pub(crate) Arc<Session>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.touch();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All sessions, by their ids.
pub(crate) struct Sessions {
    open: Mutex<HashMap<String, Arc<Session>>>,
    most: usize,
}

impl Sessions {
    pub(crate) fn new(most: usize) -> Sessions {
        Sessions { open: Mutex::default(), most }
    }

    /// Keeps a session, if there is room for one.
    pub(crate) fn add(&self, session: Arc<Session>) -> bool {
        let mut open = self.lock();
        if open.len() >= self.most {
            return false;
        }
        open.insert(session.id.clone(), session);
        true
    }

    /// Whether another session would find room.
    pub(crate) fn has_room(&self) -> bool {
        self.lock().len() < self.most
    }

    /// The session of this id, if it is this agent's.
    pub(crate) fn get(&self, id: &str, agent: Option<&str>) -> Option<Arc<Session>> {
        let session = self.lock().get(id).cloned()?;
        (session.agent.as_deref() == agent).then_some(session)
    }

    pub(crate) fn remove(&self, id: &str) -> Option<Arc<Session>> {
        self.lock().remove(id)
    }

    /// Takes out those that have not been used for so long.
    pub(crate) fn take_idle(&self, idle: Duration) -> Vec<Arc<Session>> {
        self.lock().extract_if(|_, session| session.idle() > idle).map(|(_, session)| session).collect()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.lock().values().cloned().collect()
    }

    /// Takes out all of them.
    pub(crate) fn take_all(&self) -> Vec<Arc<Session>> {
        self.lock().drain().map(|(_, session)| session).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An id that nobody can guess: 128 random bits.
pub(crate) fn new_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
