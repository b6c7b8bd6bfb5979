//! `hypersieve wrap`: the gateway around one server that speaks over standard input and output.

use anyhow::{Context, Result, anyhow, bail};
use hypersieve_gateway::config::{BackendConfig, Config, Mode, Transport};
use tokio::io::{BufReader, stdin, stdout};

use crate::args::WrapArgs;
use crate::console;
use crate::exit::Exit;
use crate::serve::{asked_to_stop, rules, runtime};

pub(crate) fn run(args: &WrapArgs) -> Result<Exit> {
    let config = config(args)?;
    let database = rules(&config)?;
    console::log(&config.log_level);
    let runtime = runtime()?;
    let wrapped = runtime.block_on(async {
        let input = BufReader::with_capacity(64 << 10, stdin());
        hypersieve_gateway::wrap(config, args.agent.clone(), &database, input, stdout(), asked_to_stop())
            .await
    });
    // A read of standard input can't be taken back; it must not keep the program.
    runtime.shutdown_background();
    wrapped.context("wrap")?;
    Ok(Exit::Fine)
}

fn config(args: &WrapArgs) -> Result<Config> {
    let (command, rest) =
        args.command.split_first().ok_or_else(|| anyhow!("name the server's command behind --"))?;
    let transport = Transport::Stdio {
        command: command.clone(),
        args: rest.to_vec(),
        env: Default::default(),
        working_dir: None,
    };
    let backend = BackendConfig::new(args.server.as_deref().unwrap_or(command), transport);
    let mut config = match &args.config {
        None => Config::new(vec![backend]),
        Some(path) => {
            let mut config = Config::load(path)?;
            let known = args
                .server
                .as_ref()
                .and_then(|name| config.backends.iter().find(|b| b.name == *name))
                .cloned();
            if let (Some(name), None) = (&args.server, &known) {
                bail!("--server {name}: it is not in mcp_servers of {}", path.display());
            }
            let mut wrapped = known.unwrap_or_else(|| backend.clone());
            wrapped.transport = backend.transport;
            config.backends = vec![wrapped];
            config
        }
    };
    if let Some(agent) = args.agent.as_ref().filter(|agent| !config.agents.contains_key(*agent)) {
        bail!("--agent {agent}: it is not in agents of the configuration");
    }
    if args.observe {
        config.mode = Mode::Observe;
    }
    if args.audit.is_some() {
        config.audit.lines.clone_from(&args.audit);
    }
    if args.config.is_none() {
        // The client shows what a server writes to standard error.
        config.log_level = "warn".into();
    }
    Ok(config)
}
