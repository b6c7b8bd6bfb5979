//! The processes that are measured.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A process that listens, and ends with this value.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
    _folder: Option<TempDir>,
}

/// Whether a gateway scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scanning {
    On,
    Off,
}

impl Process {
    /// One of this program's own parts.
    pub(crate) fn part(args: &[&str]) -> Result<Process> {
        let mut child = Command::new(std::env::current_exe()?).args(args).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("it was piped")?).read_line(&mut line)?;
        Ok(Process { address: line.trim().parse()?, child, _folder: None })
    }

    /// The gateway in front of a server.
    pub(crate) fn gateway(program: &Path, server: SocketAddr, scanning: Scanning) -> Result<Process> {
        let folder = tempfile::tempdir()?;
        let on = scanning == Scanning::On;
        let config = folder.path().join("gateway.yaml");
        fs::write(
            &config,
            format!(
                "gateway: {{scan_requests: {on}, scan_responses: {on}}}\nmcp_servers: {{bench: {{url: \"http://{server}/mcp\"}}}}\n"
            ),
        )?;
        let log = folder.path().join("log");
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| {
                format!("{} can't be started: build it, or name it with --program", program.display())
            })?;
        // The banner is the last thing that is said before it serves.
        for _ in 0..600 {
            let said = fs::read_to_string(&log)?;
            let endpoint = said
                .lines()
                .find_map(|line| line.trim().strip_prefix("endpoint")?.trim().strip_prefix("http://"));
            if let (Some(endpoint), true) = (endpoint, said.contains("  agents ")) {
                let address = endpoint.trim_end_matches("/mcp").parse()?;
                return Ok(Process { address, child, _folder: Some(folder) });
            }
            if child.try_wait()?.is_some() {
                bail!("the gateway ended: {said}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        child.kill()?;
        bail!("the gateway does not say where it listens: {}", fs::read_to_string(&log)?)
    }

    /// Resident memory, in MiB (Linux).
    pub(crate) fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
