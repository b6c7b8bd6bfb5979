//! An MCP session on a connection.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};

use crate::client::Client;
use crate::traffic::{Tool, Traffic};

/// A client that has begun a session, and counts its calls.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    next: u64,
}

impl Session {
    pub(crate) fn begin(address: SocketAddr) -> Result<Session> {
        let mut client = Client::connect(address)?;
        let hello = r#"{"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"0"}},"jsonrpc":"2.0","id":0}"#;
        let answer = client.post(hello)?;
        let id = answer.header("mcp-session-id").context("no session was begun")?.to_string();
        client.header("Mcp-Session-Id", &id);
        client.header("Mcp-Protocol-Version", "2025-11-25");
        client.post(r#"{"method":"notifications/initialized","jsonrpc":"2.0"}"#)?;
        // All ids have the same number of digits, so that all messages of a text have the same length.
        Ok(Session { client, next: 1_000_000 })
    }

    /// Calls a tool once.
    ///
    /// # Errors
    /// If the answer is not the one that the server gives: a blocked call must not pass for a fast one.
    pub(crate) fn call(&mut self, traffic: &Traffic, tool: Tool) -> Result<()> {
        let message = self.question(traffic, tool);
        self.ask(&message)?.check(traffic, tool)
    }

    /// The next call, not sent yet.
    pub(crate) fn question(&mut self, traffic: &Traffic, tool: Tool) -> String {
        self.next += 1;
        traffic.call(self.next, tool)
    }

    /// Sends the last question, and waits for the answer; this is what is timed.
    pub(crate) fn ask(&mut self, message: &str) -> Result<Asked<'_>> {
        let answer = self.client.post(message)?;
        Ok(Asked { body: self.client.body(&answer), id: self.next })
    }

    /// Opens the session's own stream, on a connection that is kept open, too.
    pub(crate) fn listen(&mut self) -> Result<()> {
        self.client.listen()
    }
}

/// An answer that has not been looked at.
#[derive(Debug)]
pub(crate) struct Asked<'s> {
    body: &'s [u8],
    id: u64,
}

impl Asked<'_> {
    /// # Errors
    /// If it is not the answer that the server gives.
    pub(crate) fn check(self, traffic: &Traffic, tool: Tool) -> Result<()> {
        let expected = traffic.answer(self.id, tool);
        ensure!(
            self.body == expected.as_bytes(),
            "the answer is another one: {}",
            String::from_utf8_lossy(&self.body[..self.body.len().min(500)])
        );
        Ok(())
    }
}
