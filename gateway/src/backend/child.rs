//! A backend that is a child process: one message a line on its standard input and output.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::LinkError;
use super::duplex::{Send, Wire, single_line};
use super::router::Router;

/// Lines of standard error that are told when the process fails.
const LAST_WORDS: usize = 5;

/// How long a process that has closed its output is waited for, and then what it said last.
const FAREWELL: Duration = Duration::from_secs(1);

/// Starts a process and the tasks that carry its messages.
///
/// # Errors
/// If it can't be started.
pub(super) fn start(
    name: &str,
    command: &str,
    args: &[String],
    env: &BTreeMap<String, String>,
    working_dir: Option<&Path>,
    max_line: usize,
) -> Result<Wire, LinkError> {
    let mut process = Command::new(command);
    process
        .args(args)
        .envs(env)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(dir) = working_dir {
        process.current_dir(dir);
    }
    let mut child =
        process.spawn().map_err(|error| LinkError::Down(format!("{command} can't be started: {error}")))?;
    let lost = || LinkError::Down(format!("{command} has lost its standard streams"));
    let stdin = child.stdin.take().ok_or_else(lost)?;
    let stdout = child.stdout.take().ok_or_else(lost)?;
    let stderr = child.stderr.take().ok_or_else(lost)?;
    let router = Arc::new(Router::default());
    let words = Arc::new(Mutex::new(VecDeque::new()));
    let (sender, messages) = mpsc::channel(64);
    let writing = tokio::spawn(write(stdin, messages));
    let logging = tokio::spawn(log(name.to_string(), stderr, words.clone()));
    let stop_logging = logging.abort_handle();
    let reading = tokio::spawn(read(child, stdout, router.clone(), (words, logging), max_line));
    let tasks = [writing.abort_handle(), stop_logging, reading.abort_handle()].into();
    Ok(Wire { router, sender: Arc::new(Stdin(sender)), tasks })
}

struct Stdin(mpsc::Sender<Bytes>);

impl Send for Stdin {
    fn send(&self, message: Bytes) -> BoxFuture<'_, Result<(), String>> {
        async move { self.0.send(message).await.map_err(|_| "its standard input is closed".to_string()) }
            .boxed()
    }
}

async fn write(mut stdin: ChildStdin, mut messages: mpsc::Receiver<Bytes>) {
    while let Some(message) = messages.recv().await {
        let line = single_line(&message);
        let written = async {
            stdin.write_all(&line).await?;
            stdin.write_all(b"\n").await?;
            stdin.flush().await
        };
        if written.await.is_err() {
            return;
        }
    }
}

/// Reads until the process ends; it is killed when this task is.
async fn read(
    mut child: Child,
    stdout: ChildStdout,
    router: Arc<Router>,
    (words, logging): (Arc<Mutex<VecDeque<String>>>, JoinHandle<()>),
    max_line: usize,
) {
    let why = match lines(stdout, &router, max_line).await {
        Ok(()) => {
            let wait = tokio::time::timeout(FAREWELL, child.wait()).await;
            match wait {
                Ok(Ok(status)) => {
                    // What it said last may still be on its way; a child of its own may hold the stream open.
                    let _ = tokio::time::timeout(FAREWELL, logging).await;
                    format!("it ended ({status})")
                }
                _ => "it closed its standard output".to_string(),
            }
        }
        Err(why) => why,
    };
    let words =
        words.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect::<Vec<_>>().join(" | ");
    router.die(if words.is_empty() { why } else { format!("{why}; it last said: {words}") });
    let _ = child.kill().await;
}

async fn lines(stdout: ChildStdout, router: &Router, max_line: usize) -> Result<(), String> {
    let mut reader = BufReader::with_capacity(64 << 10, stdout);
    let mut line = BytesMut::new();
    loop {
        line.clear();
        let limit = u64::try_from(max_line).unwrap_or(u64::MAX).saturating_add(1);
        let mut collected = Vec::new();
        let mut limited = (&mut reader).take(limit);
        let read = limited
            .read_until(b'\n', &mut collected)
            .await
            .map_err(|error| format!("its output broke: {error}"))?;
        if read == 0 {
            return Ok(());
        }
        if collected.len() > max_line {
            return Err(format!("it wrote a line of more than {max_line} bytes"));
        }
        let end = collected.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |last| last + 1);
        collected.truncate(end);
        if !collected.is_empty() {
            router.route(collected.into()).await;
        }
    }
}

async fn log(name: String, stderr: ChildStderr, words: Arc<Mutex<VecDeque<String>>>) {
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line: String =
            String::from_utf8_lossy(&line).chars().filter(|c| !c.is_control()).take(500).collect();
        tracing::debug!(backend = name, "{line}");
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == LAST_WORDS {
            words.pop_front();
        }
        words.push_back(line);
    }
}
