//! Who gets what a backend says on a connection that carries everything.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::json::splice;
use crate::message::{Kind, Message, id_key};

/// Messages that wait for one who reads them.
const WAITING: usize = 64;

/// Messages kept for a client that has opened no stream yet.
const BACKLOG: usize = 256;

/// A message on its way to a client.
#[derive(Debug)]
pub(super) struct Routed {
    pub(super) bytes: Bytes,
    /// Whether it answers the request, so that nothing follows.
    pub(super) answers: bool,
}

/// Sorts the messages of a backend: answers to who asked, progress to whose it is, all else to who listens.
#[derive(Debug, Default)]
pub(super) struct Router {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    asked: HashMap<Vec<u8>, Asked>,
    /// The order of asking.
    count: u64,
    listener: Option<mpsc::Sender<Routed>>,
    backlog: VecDeque<Bytes>,
    /// Why nothing will come any more.
    dead: Option<String>,
}

#[derive(Debug)]
struct Asked {
    order: u64,
    /// The id as the client wrote it.
    id: Vec<u8>,
    /// The token of progress: as the backend knows it, and as the client wrote it.
    token: Option<(Vec<u8>, Vec<u8>)>,
    to: mpsc::Sender<Routed>,
}

/// A request about to be sent: its ids as the backend is to see them, and as the client wrote them.
pub(super) struct Question<'a> {
    pub(super) sent_id: &'a [u8],
    pub(super) id: &'a [u8],
    pub(super) token: Option<(Vec<u8>, Vec<u8>)>,
}

impl Router {
    /// Expects the answer to a request.
    ///
    /// # Errors
    /// With the reason, if the connection is dead; and if a request of this id waits already.
    pub(super) fn ask(&self, question: Question<'_>) -> Result<mpsc::Receiver<Routed>, String> {
        let mut state = self.lock();
        if let Some(why) = &state.dead {
            return Err(why.clone());
        }
        let key = id_key(question.sent_id);
        if state.asked.get(&key).is_some_and(|asked| !asked.to.is_closed()) {
            return Err("a request of the same id has not been answered yet".into());
        }
        let (to, from) = mpsc::channel(WAITING);
        state.count += 1;
        let asked = Asked { order: state.count, id: question.id.to_vec(), token: question.token, to };
        state.asked.insert(key, asked);
        Ok(from)
    }

    /// Nobody waits for the answer any more. Whether somebody did.
    pub(super) fn forget(&self, sent_id: &[u8]) -> bool {
        self.lock().asked.remove(&id_key(sent_id)).is_some()
    }

    /// What the backend says of its own accord from now on goes here; who listened before hears no more.
    pub(super) fn listen(&self) -> mpsc::Receiver<Routed> {
        let (to, from) = mpsc::channel(WAITING.max(BACKLOG));
        let mut state = self.lock();
        for message in std::mem::take(&mut state.backlog) {
            // There is room for the whole backlog.
            let _ = to.try_send(Routed { bytes: message, answers: false });
        }
        if state.dead.is_none() {
            state.listener = Some(to);
        }
        from
    }

    /// Nothing will come any more: who waits hears the end.
    pub(super) fn die(&self, why: String) {
        let mut state = self.lock();
        state.dead.get_or_insert(why);
        state.asked.clear();
        state.listener = None;
    }

    pub(super) fn dead(&self) -> Option<String> {
        self.lock().dead.clone()
    }

    /// Takes a message of the backend.
    pub(super) async fn route(&self, bytes: Bytes) {
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(%error, "a backend said what is no message; it is dropped");
                return;
            }
        };
        if let Some((to, routed)) = self.destination(message) {
            // Who asked and does not read holds up their own session only.
            let _ = to.send(routed).await;
        }
    }

    fn destination(&self, message: Message) -> Option<(mpsc::Sender<Routed>, Routed)> {
        let mut state = self.lock();
        if message.kind == Kind::Response {
            let Some(asked) = state.asked.remove(&id_key(message.raw_id())) else {
                tracing::debug!("an answer that nobody waits for is dropped");
                return None;
            };
            let bytes = message.with_id(&asked.id);
            return Some((asked.to, Routed { bytes, answers: true }));
        }
        let also = |bytes: Bytes| Routed { bytes, answers: false };
        if let Some(params) = &message.params {
            let mine = params.progress_token.as_ref().filter(|_| message.method == "notifications/progress");
            if let Some(span) = mine {
                let key = id_key(message.part(span));
                let of = |asked: &&Asked| asked.token.as_ref().is_some_and(|(sent, _)| id_key(sent) == key);
                if let Some(asked) = state.asked.values().find(of) {
                    let (_, written) = asked.token.as_ref().expect("it was found by its token");
                    return Some((
                        asked.to.clone(),
                        also(splice(&message.bytes, &[(span.clone(), written)])),
                    ));
                }
            }
            if let Some(span) = &params.subscription_id
                && let Some(asked) = state.asked.get(&id_key(message.part(span)))
            {
                return Some((asked.to.clone(), also(splice(&message.bytes, &[(span.clone(), &asked.id)]))));
            }
        }
        if let Some(listener) = &state.listener {
            match listener.try_send(also(message.bytes.clone())) {
                Ok(()) => return None,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    tracing::warn!("a client does not read its stream; it is closed")
                }
                Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
            state.listener = None;
        }
        // Without a stream of its own it goes along with the oldest request that waits.
        let oldest =
            state.asked.values().filter(|asked| !asked.to.is_closed()).min_by_key(|asked| asked.order);
        if let Some(asked) = oldest {
            return Some((asked.to.clone(), also(message.bytes)));
        }
        if state.backlog.len() == BACKLOG {
            state.backlog.pop_front();
            tracing::warn!(
                "a client opens no stream for what its backend says; the oldest message is dropped"
            );
        }
        state.backlog.push_back(message.bytes);
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(router: &Router, id: &str, token: Option<&str>) -> mpsc::Receiver<Routed> {
        let token = token.map(|token| (token.as_bytes().to_vec(), token.as_bytes().to_vec()));
        router.ask(Question { sent_id: id.as_bytes(), id: id.as_bytes(), token }).unwrap()
    }

    async fn route(router: &Router, text: &str) {
        router.route(Bytes::copy_from_slice(text.as_bytes())).await;
    }

    fn next(from: &mut mpsc::Receiver<Routed>) -> Option<String> {
        from.try_recv().ok().map(|routed| String::from_utf8(routed.bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn answers_go_to_who_asked_with_the_id_as_it_was_written() {
        let router = Router::default();
        let mut zero = ask(&router, "0", None);
        let mut text = ask(&router, r#""a\u0062""#, None);
        let mut float = ask(&router, "1.0", None);
        route(&router, r#"{"result":{},"id":"ab"}"#).await;
        route(&router, r#"{"result":{},"id":1}"#).await;
        route(&router, r#"{"result":{},"id":7}"#).await;
        route(&router, "npm notice: not a message").await;
        assert_eq!(next(&mut text).unwrap(), r#"{"result":{},"id":"a\u0062"}"#);
        assert_eq!(next(&mut float).unwrap(), r#"{"result":{},"id":1.0}"#);
        assert_eq!(next(&mut zero), None);
        assert!(router.ask(Question { sent_id: b"0", id: b"0", token: None }).is_err());
        router.die("gone".into());
        assert!(zero.recv().await.is_none());
        assert!(router.ask(Question { sent_id: b"2", id: b"2", token: None }).unwrap_err().contains("gone"));
    }

    #[tokio::test]
    async fn what_nobody_asked_for_goes_to_who_listens() {
        let router = Router::default();
        let log = r#"{"method":"notifications/message","params":{}}"#;
        route(&router, log).await;
        let mut listener = router.listen();
        assert_eq!(next(&mut listener).as_deref(), Some(log), "kept until somebody listens");
        let mut asked = ask(&router, "1", Some("9"));
        let progress = r#"{"method":"notifications/progress","params":{"progressToken":9,"progress":1}}"#;
        route(&router, progress).await;
        route(&router, log).await;
        assert_eq!(next(&mut asked).as_deref(), Some(progress));
        assert_eq!(next(&mut listener).as_deref(), Some(log));
        drop(listener);
        route(&router, log).await;
        assert_eq!(next(&mut asked).as_deref(), Some(log), "with the answer, if there is no other stream");
    }
}
