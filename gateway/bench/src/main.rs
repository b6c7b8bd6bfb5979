//! What the gateway adds to a call, measured beside a direct connection and a plain proxy, in one run.
//!
//! The driver speaks HTTP on blocking sockets, one thread a connection, so that what it costs itself is small and the same
//! for everything that is measured. The server, the proxy and the gateways are processes of their own.

#![forbid(unsafe_code)]

mod client;
mod listener;
mod load;
mod measure;
mod pass;
mod process;
mod report;
mod server;
mod session;
mod summary;
mod traffic;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures what `hypersieve serve` adds to a call.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    plan: Plan,
}

/// What is measured, and how often.
#[derive(Debug, clap::Args)]
struct Plan {
    /// The built program.
    #[arg(long, default_value = "target/release/hypersieve")]
    program: PathBuf,
    /// Rounds; in each, everything is measured once, and what is printed are medians over the rounds.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Calls of a measurement.
    #[arg(long, default_value_t = 1000)]
    calls: usize,
    /// MCP sessions for the measurement of memory.
    #[arg(long, default_value_t = 1000)]
    sessions: usize,
}

/// The processes that the driver starts.
#[derive(Debug, Subcommand)]
enum Part {
    /// An MCP server with two tools; prints its address.
    #[command(hide = true)]
    Server,
    /// A plain proxy in front of a server; prints its address.
    #[command(hide = true)]
    Pass {
        /// `HOST:PORT` of the server.
        to: String,
    },
}

fn main() -> Result<()> {
    let args = Args::parse();
    match args.part {
        Some(Part::Server) => listener::serve(server::Server),
        Some(Part::Pass { to }) => listener::serve(pass::Pass::new(&to)),
        None => {
            let measured = measure::run(&args.plan)?;
            print!("{}", report::text(&args.plan, &measured));
            Ok(())
        }
    }
}
