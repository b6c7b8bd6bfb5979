//! Events on their way to an agent: each is released when it has been judged, and not before.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream::{BoxStream, SelectAll};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch;

use super::body::BACKEND_FAILED;
use crate::answer;
use crate::backend::{Events, LinkError};
use crate::exchange::{Checked, Exchange};
use crate::gateway::Gateway;
use crate::session::InUse;
use crate::sse::Event;

/// Where events come from.
pub(super) enum Source {
    /// One backend.
    One(usize, Events),
    /// Several; the end of one is not the end of all.
    Many(SelectAll<BoxStream<'static, (usize, Result<Event, LinkError>)>>),
}

impl Source {
    pub(super) fn many(all: Vec<(usize, Events)>) -> Source {
        Source::Many(stream::select_all(all.into_iter().map(|(backend, events)| {
            let one = stream::unfold(Some(events), move |events| async move {
                let mut events = events?;
                match events.next().await {
                    Ok(Some(event)) => Some(((backend, Ok(event)), Some(events))),
                    Ok(None) => None,
                    Err(error) => Some(((backend, Err(error)), None)),
                }
            });
            one.boxed()
        })))
    }

    async fn next(&mut self) -> Option<(usize, Result<Event, LinkError>)> {
        match self {
            Source::One(backend, events) => Some((*backend, events.next().await.transpose()?)),
            Source::Many(all) => loop {
                match all.next().await? {
                    (backend, Err(error)) => tracing::warn!(backend, %error, "a backend's stream broke"),
                    event => return Some(event),
                }
            },
        }
    }
}

/// One of the streams that may be open at a time.
pub(super) struct Slot(Arc<Gateway>);

impl Slot {
    /// A slot, if one is free.
    pub(super) fn take(gateway: &Arc<Gateway>) -> Option<Slot> {
        let taken = gateway.streams.fetch_add(1, Ordering::Relaxed);
        let slot = Slot(gateway.clone());
        (taken < gateway.config.limits.streams).then_some(slot)
    }

    fn open(&self) -> &AtomicUsize {
        &self.0.streams
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.open().fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream of events that passes through the gateway.
pub(super) struct Relay {
    exchange: Exchange,
    source: Source,
    /// For a stream on which nothing was asked: ends it when the gateway does.
    stopping: Option<watch::Receiver<bool>>,
    ended: bool,
    /// The events have ids: a client whose stream breaks can go on where it was.
    resumable: bool,
    _session: Option<InUse>,
    _slot: Slot,
}

impl Relay {
    pub(super) fn new(exchange: Exchange, source: Source, session: Option<InUse>, slot: Slot) -> Relay {
        let stopping = exchange.raw_id().is_none().then(|| exchange.gateway().stopping.subscribe());
        Relay { exchange, source, stopping, ended: false, resumable: false, _session: session, _slot: slot }
    }

    /// The bytes for the agent, event by event.
    pub(super) fn into_stream(self) -> impl Stream<Item = Bytes> + Send + 'static {
        stream::unfold(self, |mut relay| async move {
            let bytes = relay.next().await?;
            Some((bytes, relay))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let next = match &mut self.stopping {
            Some(stopping) => tokio::select! {
                next = self.source.next() => next,
                _ = stopping.wait_for(|stop| *stop) => return None,
            },
            None => self.source.next().await,
        };
        match next {
            Some((backend, Ok(event))) => {
                let was_answered = self.exchange.answered;
                let bytes = self.judge(backend, event);
                // The answer, and what takes its place, waits for the record if answers do.
                let last = self.ended || self.exchange.answered && !was_answered;
                if last && !self.exchange.settle().await {
                    return self.broken("the answer's record can't be written now");
                }
                Some(bytes)
            }
            Some((_, Err(error))) => self.broken(&error.to_string()),
            None => self.broken("it closed its stream without an answer"),
        }
    }

    fn judge(&mut self, backend: usize, event: Event) -> Bytes {
        self.resumable |= event.id.is_some();
        if !event.rest.is_empty()
            && let Err(stopped) = self.exchange.plain(&event.rest)
        {
            self.ended = true;
            return Event::message(&self.exchange.refusal(&stopped)).raw;
        }
        let Some(data) = event.data.clone().filter(|data| !data.is_empty()) else { return event.raw };
        match self.exchange.answer(data.clone(), backend) {
            Checked::Pass(bytes) if bytes == data => event.raw,
            Checked::Pass(bytes) => Event::with_id(&bytes, event.id.as_ref()).raw,
            Checked::Stop(stopped) => {
                self.ended = true;
                Event::with_id(&self.exchange.refusal(&stopped), event.id.as_ref()).raw
            }
        }
    }

    /// The stream ended before the answer came. A client that can resume does so; another one would wait for ever.
    fn broken(&mut self, why: &str) -> Option<Bytes> {
        self.ended = true;
        let id = self.exchange.raw_id().filter(|_| !self.exchange.answered)?.clone();
        if self.resumable {
            return None;
        }
        self.exchange.failed(why);
        let message = format!("the server behind the gateway failed: {why}");
        Some(Event::message(&answer::error(&id, BACKEND_FAILED, &message)).raw)
    }
}
