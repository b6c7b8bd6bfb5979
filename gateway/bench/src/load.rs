//! Load: calls at set times, or one after another as fast as they are answered.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::session::Session;
use crate::traffic::{Tool, Traffic};

/// How calls are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) tool: Tool,
    /// Connections, each with an MCP session of its own.
    pub(crate) connections: u32,
    /// Calls of all connections together.
    pub(crate) calls: usize,
    /// Calls a second of all connections together.
    pub(crate) rate: f64,
}

/// Calls that are not timed, on each connection.
const WARM_UP: usize = 30;

/// Makes calls at set times, whether or not those before are answered (an open loop), and gives the time that each took.
///
/// A call that is due while its connection still waits counts from when it was due. Otherwise it counts from when it is
/// sent: that the driver wakes up some microseconds late is nobody's latency.
pub(crate) fn at_set_times(address: SocketAddr, traffic: &Traffic, load: Load) -> Result<Vec<Duration>> {
    let interval = Duration::from_secs_f64(f64::from(load.connections) / load.rate);
    let each = load.calls / usize::try_from(load.connections)?;
    on_all(load.connections, |nth| {
        let mut session = Session::begin(address)?;
        for _ in 0..WARM_UP {
            session.call(traffic, load.tool)?;
        }
        let mut times = Vec::with_capacity(each);
        // The connections take turns.
        let mut due = Instant::now() + interval.mul_f64(f64::from(nth) / f64::from(load.connections));
        for _ in 0..each {
            let message = session.question(traffic, load.tool);
            let wait = due.saturating_duration_since(Instant::now());
            thread::sleep(wait);
            let begun = if wait.is_zero() { due } else { Instant::now() };
            let asked = session.ask(&message)?;
            times.push(begun.elapsed());
            asked.check(traffic, load.tool)?;
            due += interval;
        }
        Ok(times)
    })
}

/// Makes calls one after another on each connection for a time, and gives how many a second were answered.
pub(crate) fn at_most(
    address: SocketAddr,
    traffic: &Traffic,
    connections: u32,
    time: Duration,
) -> Result<f64> {
    let counts = on_all(connections, |_| {
        let mut session = Session::begin(address)?;
        for _ in 0..WARM_UP {
            session.call(traffic, Tool::Read)?;
        }
        let begun = Instant::now();
        let mut calls = 0_u32;
        while begun.elapsed() < time {
            session.call(traffic, Tool::Read)?;
            calls += 1;
        }
        Ok(vec![f64::from(calls) / begun.elapsed().as_secs_f64()])
    })?;
    Ok(counts.iter().sum())
}

/// Runs the same on so many threads, and puts together what they give.
fn on_all<T: Send>(connections: u32, work: impl Fn(u32) -> Result<Vec<T>> + Sync) -> Result<Vec<T>> {
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|nth| scope.spawn(move || work(nth))).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().expect("a connection's thread does not panic")?);
        }
        Ok(all)
    })
}
