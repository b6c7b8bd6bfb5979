//! A connection that speaks as much HTTP/1.1 as the measurement needs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// A connection that is kept open.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    head: String,
    buffer: Vec<u8>,
}

/// An answer: the head as text, and where in the client's buffer the body stands.
#[derive(Debug)]
pub(crate) struct Answer {
    head: String,
    body: std::ops::Range<usize>,
}

impl Answer {
    /// The value of a header; `name` is in lower case, as hyper writes it.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect(address).with_context(|| format!("nothing answers at {address}"))?;
        stream.set_nodelay(true)?;
        // Longer than any measurement; without it a lost answer would hang the run.
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let head = format!(
            "Host: {address}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
        );
        Ok(Client { stream, head, buffer: Vec::new() })
    }

    /// Sends this header with every request from now on.
    pub(crate) fn header(&mut self, name: &str, value: &str) {
        self.head += &format!("{name}: {value}\r\n");
    }

    /// Sends a message and reads the whole answer.
    pub(crate) fn post(&mut self, message: &str) -> Result<Answer> {
        self.send(&format!(
            "POST /mcp HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{message}",
            self.head,
            message.len()
        ))?;
        let (head, mut end) = self.read_head()?;
        let length = Answer { head, body: 0..0 };
        let count: usize = length.header("content-length").context("an answer without a length")?.parse()?;
        while self.buffer.len() < end + count {
            self.read_more()?;
        }
        let start = end;
        end += count;
        ensure!(self.buffer.len() == end, "more came than the answer");
        Ok(Answer { body: start..end, ..length })
    }

    /// Opens the stream of what the server says of its own accord.
    pub(crate) fn listen(&mut self) -> Result<()> {
        self.send(&format!("GET /mcp HTTP/1.1\r\n{}\r\n", self.head))?;
        self.read_head()?;
        Ok(())
    }

    pub(crate) fn body(&self, answer: &Answer) -> &[u8] {
        &self.buffer[answer.body.clone()]
    }

    fn send(&mut self, request: &str) -> Result<()> {
        self.buffer.clear();
        self.stream.write_all(request.as_bytes())?;
        Ok(())
    }

    /// The head, and where the body begins.
    fn read_head(&mut self) -> Result<(String, usize)> {
        loop {
            self.read_more()?;
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(self.buffer[..end].to_vec())?;
                let status = head.split(' ').nth(1).unwrap_or_default();
                if !status.starts_with('2') {
                    bail!("{head}\n\n{}", String::from_utf8_lossy(&self.buffer[end + 4..]));
                }
                return Ok((head, end + 4));
            }
        }
    }

    fn read_more(&mut self) -> Result<()> {
        let old = self.buffer.len();
        self.buffer.resize(old + (64 << 10), 0);
        let read = self.stream.read(&mut self.buffer[old..])?;
        self.buffer.truncate(old + read);
        ensure!(read > 0, "the connection was closed");
        Ok(())
    }
}
