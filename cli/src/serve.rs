//! `hypersieve serve`: the gateway as a program.

use std::path::Path;

use anyhow::{Context, Result};
use hypersieve::{Config as EngineConfig, Database};
use hypersieve_gateway::config::{Config, Warning};
use hypersieve_gateway::{Reloader, Server, check};

use crate::args::{RuleArgs, ServeArgs};
use crate::console;
use crate::exit::Exit;
use crate::number::counted;
use crate::ruleset;
use crate::watch::Watched;

pub(crate) fn run(args: &ServeArgs) -> Result<Exit> {
    let (config, database) = load(args)?;
    let more = check(&config, &database).with_context(|| args.config.display().to_string())?;
    warn(&args.config, &config, &more);
    if args.check {
        let counted = |count: usize, what: &str| counted(count as u64, what);
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
        let (watched, hangups) = (watched(&config), Hangups::new());
        let server = Server::start(config, &database).await?;
        // The rules of the gateway are its own now.
        drop(database);
        eprint!("{}", server.banner());
        let reloading = tokio::spawn(reload(args.clone(), server.reloader(), watched, hangups));
        let served = server.run(asked_to_stop()).await;
        reloading.abort();
        served.context("the gateway")?;
        Ok(Exit::Fine)
    })
}

/// The configuration and the rules that it asks for.
fn load(args: &ServeArgs) -> Result<(Config, Database)> {
    let mut config = Config::load(&args.config)?;
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    let database = rules(&config)?;
    Ok((config, database))
}

/// The built-in rules, and those that a configuration adds.
pub(crate) fn rules(config: &Config) -> Result<Database> {
    let args = RuleArgs { added: config.own_rules.iter().cloned().collect(), ..RuleArgs::default() };
    ruleset::database(&args, EngineConfig::new()).context("the rules of custom_rules_dir can't be used")
}

fn watched(config: &Config) -> Watched {
    Watched::new(config.files.iter().chain(&config.own_rules).cloned().collect())
}

/// Takes over what the files say, whenever one changes or a hangup asks for it, for ever.
async fn reload(args: ServeArgs, reloader: Reloader, mut watched: Watched, mut hangups: Hangups) {
    loop {
        let why = tokio::select! {
            () = hangups.next() => "asked by SIGHUP",
            () = watched.changed() => "a file changed",
        };
        let files = args.clone();
        // To read rules can take a while, which calls must not wait for.
        let loaded = tokio::task::spawn_blocking(move || load(&files)).await;
        let reloaded = async {
            let (config, database) = loaded.context("the files can't be read")??;
            let (watched, warnings) = (self::watched(&config), config.warnings.clone());
            let more = reloader.reload(config, &database).await?;
            anyhow::Ok((watched, [warnings, more].concat()))
        };
        match reloaded.await {
            Ok((now, warnings)) => {
                watched = now;
                for warning in warnings {
                    tracing::warn!("{}: {warning}", args.config.display());
                }
                tracing::info!(why, "reloaded {}", args.config.display());
            }
            Err(error) => tracing::error!(why, "not reloaded, everything stays as it was: {error:#}"),
        }
    }
}

/// What has no effect, on standard error.
fn warn(path: &Path, config: &Config, more: &[Warning]) {
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

/// Signals that ask for a reload; there are none on some systems.
struct Hangups {
    #[cfg(unix)]
    signals: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    fn new() -> Hangups {
        Hangups {
            #[cfg(unix)]
            signals: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signals) = &mut self.signals
            && signals.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
