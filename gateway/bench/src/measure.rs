//! The run: rounds in which everything is measured once, so that what else the machine does falls on all alike.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::Plan;
use crate::load::{self, Load};
use crate::process::{Process, Scanning};
use crate::session::Session;
use crate::summary::Latency;
use crate::traffic::{Tool, Traffic};

/// What a call passes through on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Direct,
    Pass,
    Off,
    On,
}

impl Path {
    pub(crate) const ALL: [Path; 4] = [Path::Direct, Path::Pass, Path::Off, Path::On];
}

/// A kind of call: a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Small calls and answers, on one connection.
    One,
    /// Small calls and answers, on eight.
    Eight,
    /// A small call and a large answer, on one.
    Large,
}

impl Row {
    pub(crate) const ALL: [Row; 3] = [Row::One, Row::Eight, Row::Large];

    /// The rates keep both cores well below their limit: a queue would measure the queue.
    pub(crate) fn load(self, calls: usize) -> Load {
        match self {
            Row::One => Load { tool: Tool::Read, connections: 1, calls, rate: 200.0 },
            Row::Eight => Load { tool: Tool::Read, connections: 8, calls, rate: 240.0 },
            Row::Large => Load { tool: Tool::ReadAll, connections: 1, calls: calls / 10, rate: 20.0 },
        }
    }
}

/// One round.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) latencies: Vec<(Row, Path, Latency)>,
    /// Calls a second at most.
    pub(crate) most: Vec<(Path, f64)>,
}

/// The whole run.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) rounds: Vec<Round>,
    pub(crate) memory: Memory,
}

/// Resident memory of a gateway with scanning on, in MiB.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Started, nothing called yet.
    pub(crate) idle: f64,
    /// The sessions are open; each has made a call, and has its own stream open.
    pub(crate) sessions: f64,
}

/// How long calls are made as fast as they are answered.
const MOST: Duration = Duration::from_secs(2);

pub(crate) fn run(plan: &Plan) -> Result<Measured> {
    let traffic = Traffic::new();
    let server = Process::part(&["server"])?;
    let memory = memory(plan, &traffic, server.address).context("memory")?;
    let pass = Process::part(&["pass", &server.address.to_string()])?;
    let off = Process::gateway(&plan.program, server.address, Scanning::Off)?;
    let on = Process::gateway(&plan.program, server.address, Scanning::On)?;
    let address = |path: Path| match path {
        Path::Direct => server.address,
        Path::Pass => pass.address,
        Path::Off => off.address,
        Path::On => on.address,
    };
    let rounds = (1..=plan.rounds).map(|round| {
        eprintln!("round {round} of {}", plan.rounds);
        let mut latencies = Vec::new();
        for row in Row::ALL {
            for path in Path::ALL {
                let times = load::at_set_times(address(path), &traffic, row.load(plan.calls));
                let times = times.with_context(|| format!("{row:?}, {path:?}"))?;
                latencies.push((row, path, Latency::of(&times)));
            }
        }
        let most = Path::ALL.map(|path| Ok((path, load::at_most(address(path), &traffic, 8, MOST)?)));
        Ok(Round { latencies, most: most.into_iter().collect::<Result<_>>()? })
    });
    Ok(Measured { rounds: rounds.collect::<Result<_>>()?, memory })
}

fn memory(plan: &Plan, traffic: &Traffic, server: SocketAddr) -> Result<Memory> {
    let gateway = Process::gateway(&plan.program, server, Scanning::On)?;
    let idle = gateway.memory()?;
    let mut sessions = Vec::with_capacity(plan.sessions);
    for _ in 0..plan.sessions {
        let mut session = Session::begin(gateway.address)?;
        session.call(traffic, Tool::Read)?;
        session.listen()?;
        sessions.push(session);
    }
    Ok(Memory { idle, sessions: gateway.memory()? })
}
