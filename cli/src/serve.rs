//! `hypersieve serve`: the gateway as a program.

use std::path::Path;

use anyhow::{Context, Result};
use hypersieve::Config as EngineConfig;
use hypersieve_gateway::config::Config;
use hypersieve_gateway::{Server, check};

use crate::args::ServeArgs;
use crate::console;
use crate::exit::Exit;

pub(crate) fn run(args: &ServeArgs) -> Result<Exit> {
    let mut config = Config::load(&args.config)?;
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    let database = hypersieve_builtin::database(EngineConfig::new());
    let more = check(&config, &database).with_context(|| args.config.display().to_string())?;
    warn(&args.config, &config, &more);
    if args.check {
        let counted =
            |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        println!(
            "{}: fine: {}, {}, {}",
            args.config.display(),
            counted(config.backends.len(), "server"),
            counted(config.agents.len(), "agent"),
            counted(config.warnings.len() + more.len(), "warning"),
        );
        return Ok(Exit::Fine);
    }
    console::log(&config.log_level);
    runtime()?.block_on(async {
        let server = Server::start(config, &database).await?;
        eprint!("{}", server.banner());
        server.run(asked_to_stop()).await.context("the gateway")?;
        Ok(Exit::Fine)
    })
}

/// What has no effect, on standard error.
fn warn(path: &Path, config: &Config, more: &[hypersieve_gateway::config::Warning]) {
    for warning in config.warnings.iter().chain(more) {
        console::warning(&format!("{}: {warning}", path.display()));
    }
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the threads can't be started")
}

/// Ready when the program is asked to end.
pub(crate) async fn asked_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
