//! A gateway between a client and one server that speak over standard input and output.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use hypersieve::Database;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::answer::{self, Decision, Stopped};
use crate::backend::{Events, Link, LinkError, Outgoing, Reply, single_line};
use crate::config::Config;
use crate::exchange::{Checked, Exchange};
use crate::gateway::{Gateway, StartError};
use crate::message::{Kind, Message};

/// Answers that may wait for a client that does not read.
const WAITING: usize = 64;

/// How long calls in flight may take once the client has closed its side.
const DRAIN: Duration = Duration::from_secs(30);

/// The code of errors about the wrapped server.
const SERVER_FAILED: i64 = -33003;

/// Passes messages, one a line, between a client and the one backend of `config`, judged as in a gateway.
///
/// Ends when the client closes its side, the server ends, or `stop` is ready. `agent` is the client's name; its policy is
/// that of the agent of this name in `config`.
///
/// # Errors
/// If the configuration names what does not exist, or does not name one backend.
pub async fn wrap(
    config: Config,
    agent: Option<String>,
    database: &Database,
    input: impl AsyncBufRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    if config.backends.len() != 1 {
        return Err(StartError::NoBackends);
    }
    let gateway = Gateway::new(config, database)?;
    let link = gateway.backends[0].open().await.map_err(|error| {
        StartError::Io("the server can't be started", std::io::Error::other(error.to_string()))
    })?;
    let (lines, from) = mpsc::channel(WAITING);
    let writing = tokio::spawn(write(from, output));
    let wrapped = Wrapped { gateway, agent, link: Arc::new(link), lines };
    let ended = wrapped.carry(input, stop).await;
    wrapped.link.close(&HeaderMap::new()).await;
    wrapped.gateway.alerts.finish().await;
    drop(wrapped);
    // What was answered is still written.
    let _ = writing.await;
    ended
}

struct Wrapped {
    gateway: Arc<Gateway>,
    agent: Option<String>,
    link: Arc<Link>,
    lines: mpsc::Sender<Bytes>,
}

impl Wrapped {
    async fn carry(
        &self,
        mut input: impl AsyncBufRead + Unpin,
        stop: impl Future<Output = ()>,
    ) -> Result<(), StartError> {
        let (mut tasks, mut listening) = (JoinSet::new(), JoinSet::new());
        if let Ok(Reply::Events { events, .. }) = self.link.listen(&HeaderMap::new()).await {
            let exchange = Exchange::new(&self.gateway, self.agent.clone(), None);
            listening.spawn(answers(exchange, events, self.lines.clone(), self.link.clone()));
        }
        let mut stop = pin!(stop);
        let limit = self.gateway.config.limits.request_bytes;
        loop {
            let line = tokio::select! {
                () = &mut stop => return Ok(()),
                line = line(&mut input, limit) => line,
            };
            match line.map_err(|error| StartError::Io("the client's messages can't be read", error))? {
                None => break,
                Some(line) if line.is_empty() => {}
                Some(line) => self.message(line, &mut tasks).await,
            }
            while tasks.try_join_next().is_some() {}
            if self.link.is_dead() {
                break;
            }
        }
        // What was asked before the client closed its side is still answered.
        let drained = async { while tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(DRAIN, drained).await;
        Ok(())
    }

    async fn message(&self, line: Bytes, tasks: &mut JoinSet<()>) {
        let message = match Message::parse(line) {
            Ok(message) => message,
            Err(wrong) => {
                let text = format!("the message can't be read: {wrong}");
                return self.say(answer::error(b"null", -32700, &text)).await;
            }
        };
        let mut exchange = Exchange::new(&self.gateway, self.agent.clone(), Some(&message));
        let tool = match message.method.as_str() {
            "tools/call" => message.name().map(|name| (0, name)),
            _ => None,
        };
        let checked = exchange.check(&message, tool).await;
        let message = match (checked, message.kind) {
            (Ok(()), _) => message,
            (Err(stopped), Kind::Request) => {
                let refusal = exchange.refusal(&stopped);
                return self.say(recorded(&mut exchange, refusal).await).await;
            }
            // The server waits for an answer, and gets one.
            (Err(stopped), Kind::Response) => {
                let refusal = answer::error(message.raw_id(), answer::POLICY_DENIED, &stopped.text());
                Message::parse(refusal).expect("our own messages are well formed")
            }
            (Err(_), Kind::Notification) => return,
        };
        // Sent here, one after the other; what comes back is awaited elsewhere.
        let headers = HeaderMap::new();
        match self.link.begin(Outgoing { message: &message, headers: &headers, close_cancels: false }).await {
            Ok(Some(events)) => {
                tasks.spawn(answers(exchange, events, self.lines.clone(), self.link.clone()));
            }
            Ok(None) => {}
            Err(why) => {
                exchange.failed(&why.to_string());
                if message.kind == Kind::Request {
                    self.say(failure(message.raw_id(), &why)).await;
                }
            }
        }
    }

    async fn say(&self, message: Bytes) {
        // Who is gone hears nothing.
        let _ = self.lines.send(message).await;
    }
}

/// The last message of an exchange, or an error where its record can't be written and answers wait for that.
async fn recorded(exchange: &mut Exchange, line: Bytes) -> Bytes {
    if exchange.settle().await {
        return line;
    }
    let stopped =
        Stopped::with_detail(Decision::AuditUnavailable, "the answer's record can't be written now");
    exchange.refusal(&stopped)
}

fn failure(id: &[u8], why: &LinkError) -> Bytes {
    answer::error(id, SERVER_FAILED, &format!("the server failed: {why}"))
}

/// Passes on what the server says, for one request or of its own accord.
async fn answers(mut exchange: Exchange, mut events: Events, lines: mpsc::Sender<Bytes>, link: Arc<Link>) {
    exchange.comes_over(&link, &HeaderMap::new());
    while let Ok(Some(event)) = events.next().await {
        let Some(data) = event.data else { continue };
        let asks = Message::parse(data.clone()).ok().filter(|message| message.kind == Kind::Request);
        let (line, ends) = match exchange.answer(data, 0) {
            Checked::Pass(bytes) => (bytes, exchange.answered),
            Checked::Stop(stopped) => {
                if let Some(asks) = asks {
                    refuse(&link, &asks, &stopped.text()).await;
                }
                let ends = exchange.raw_id().is_some();
                (exchange.refusal(&stopped), ends)
            }
        };
        let line = if ends { recorded(&mut exchange, line).await } else { line };
        if lines.send(line).await.is_err() || ends {
            return;
        }
    }
    if let Some(id) = exchange.raw_id().cloned() {
        let why = LinkError::Down(link.why_dead());
        exchange.failed(&why.to_string());
        let _ = lines.send(failure(&id, &why)).await;
    }
}

/// Answers a question of the server that the client never gets to hear.
async fn refuse(link: &Link, question: &Message, text: &str) {
    let refusal = answer::error(question.raw_id(), answer::POLICY_DENIED, text);
    let refusal = Message::parse(refusal).expect("our own messages are well formed");
    let headers = HeaderMap::new();
    let _ = link.send(Outgoing { message: &refusal, headers: &headers, close_cancels: false }).await;
}

/// The next line without its end; `None` at the end of the input.
async fn line(input: &mut (impl AsyncBufRead + Unpin), limit: usize) -> std::io::Result<Option<Bytes>> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut line = Vec::new();
    if (&mut *input).take(most).read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    if line.len() > limit {
        let text = format!("a message is longer than {limit} bytes (limits.request_bytes)");
        return Err(std::io::Error::other(text));
    }
    let end = line.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |last| last + 1);
    line.truncate(end);
    Ok(Some(line.into()))
}

async fn write(mut from: mpsc::Receiver<Bytes>, mut output: impl AsyncWrite + Unpin) {
    while let Some(message) = from.recv().await {
        let mut line = single_line(&message).to_vec();
        line.push(b'\n');
        if output.write_all(&line).await.is_err() || output.flush().await.is_err() {
            return;
        }
    }
}
