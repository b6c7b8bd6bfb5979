//! A gateway as a program in a folder of its own, a server behind it, and agents that call it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::run::Folder;

/// An MCP server over HTTP with the tool `say`, which answers `heard`; ends with the test.
pub(crate) fn backend() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            thread::spawn(move || answer(stream));
        }
    });
    url
}

fn answer(stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((_, body)) = message(&mut reader) {
        let Ok(asked) = serde_json::from_slice::<serde_json::Value>(&body) else { return };
        let result = match asked["method"].as_str() {
            Some("initialize") => {
                r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"t","version":"0"}}"#.to_string()
            }
            Some("tools/list") => {
                r#"{"tools":[{"name":"say","description":"says it","inputSchema":{"type":"object"}}]}"#.to_string()
            }
            _ => r#"{"content":[{"type":"text","text":"heard"}]}"#.to_string(),
        };
        let (status, body) = match asked.get("id") {
            Some(id) => ("200 OK", format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)),
            None => ("202 Accepted", String::new()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if (&stream).write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

/// The first line and the body of the next message; `None` where the other side is gone.
fn message(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        if first.is_empty() {
            first = line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, body))
}

/// A gateway that is killed with the test.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) access_code: String,
}

impl Serving {
    /// Starts `hypersieve serve` with `gateway.yaml` of the folder; `shell` comes before it in a shell.
    pub(crate) fn start(folder: &Folder, shell: &str) -> Serving {
        let script = format!("{shell} exec \"$0\" serve --config gateway.yaml --listen 127.0.0.1:0");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_hypersieve")]).current_dir(folder.path());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut address, mut access_code, mut said) = (String::new(), String::new(), String::new());
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {said}")).unwrap();
            if let Some((_, rest)) = line.split_once("endpoint  http://") {
                address = rest.split('/').next().unwrap().to_string();
            }
            if let Some((_, rest)) = line.split_once("access code ") {
                access_code = rest.trim_end_matches(')').to_string();
            }
            if line.contains("  agents ") {
                break;
            }
            said += &line;
        }
        // What it logs is read, so that it never waits for a reader.
        thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Serving { child, address, access_code }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it in good order, with nothing left to be written.
    pub(crate) fn end(mut self) {
        let asked = std::process::Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(asked.unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }

    pub(crate) fn agent(&self, name: &str) -> Agent {
        Agent::connect(&self.address, name).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An agent with a connection of its own.
pub(crate) struct Agent {
    name: String,
    reader: BufReader<TcpStream>,
}

impl Agent {
    fn connect(address: &str, name: &str) -> Option<Agent> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Agent { name: name.to_string(), reader: BufReader::new(stream) })
    }

    /// Calls the tool; `None` if the gateway is gone before the answer is whole.
    pub(crate) fn say(&mut self, text: &str) -> Option<String> {
        let arguments = serde_json::json!({"text": text});
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"say","arguments":{arguments}}}}}"#
        );
        self.post("/mcp", &[("x-hypersieve-agent", &self.name.clone())], &body)
    }

    /// Posts a document.
    pub(crate) fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.reader.get_mut().write_all(request.as_bytes()).ok()?;
        let (_, body) = message(&mut self.reader)?;
        Some(String::from_utf8(body).unwrap())
    }
}

/// Agents that call until the gateway is gone; gives back how many answers each of them got.
pub(crate) struct Load {
    threads: Vec<thread::JoinHandle<(String, usize)>>,
    stop: Arc<AtomicBool>,
}

impl Load {
    pub(crate) fn begin(serving: &Serving, names: impl IntoIterator<Item = String>) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = names.into_iter().map(|name| {
            let mut agent = serving.agent(&name);
            let stop = stop.clone();
            thread::spawn(move || {
                let mut answered = 0;
                while !stop.load(Ordering::Relaxed) && agent.say(&format!("call {answered}")).is_some() {
                    answered += 1;
                }
                (name, answered)
            })
        });
        Load { threads: threads.collect(), stop }
    }

    pub(crate) fn end(self) -> Vec<(String, usize)> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    }
}
