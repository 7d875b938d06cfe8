//! `rolecall up`: the server, until it is told to stop.

use rolecall_env::Env;
use rolecall_server::{Config, RootKeys, Server};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Up;
use crate::client::Failure;

pub fn run(up: Up) -> Result<u8, Failure> {
    rolecall_server::init_logger(up.level);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let program = std::env::current_exe().ok().filter(|program| program.is_file());
        let config = Config { program, ..up.config };
        let server = Server::start(config.clone(), Env::system()).await.map_err(|error| error.to_string())?;
        greet(&server, &config);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        log::info!("stopping");
        server.stop().await;
        Ok(0)
    })
}

/// All at once: who waits for the first line has the last one, too.
fn greet(server: &Server, config: &Config) {
    let kept = match &config.data {
        Some(data) => format!("kept in {}", data.display()),
        None => "kept nowhere (--ephemeral)".to_owned(),
    };
    let mut lines = vec![format!("Rolecall is ready at http://{}", server.address)];
    if let Some(tls) = server.tls_address {
        lines.push(format!("  with TLS at    https://{tls}"));
    }
    lines.push(format!("  account {}, region {}, state {kept}", config.account, config.region));
    lines.push(format!("  instances: {}", server.compute));
    lines.extend(server.notes.iter().map(|note| format!("    {note}")));
    lines.push("  enforced: every signature, every policy, on every call".to_owned());
    if let Some(keys) = &server.root_keys {
        lines.push(exports(keys, server, config));
        let retired = keys.retired.iter();
        lines.extend(retired.map(|id| format!("  The root key {id} is inactive now: these take its place.")));
    }
    println!("{}", lines.join("\n"));
}

/// The lines to paste.
fn exports(RootKeys { key, fresh, .. }: &RootKeys, server: &Server, config: &Config) -> String {
    let title = match (fresh, &config.data) {
        (true, Some(_)) => "Root keys of this account, shown this once. To use them, paste:",
        (true, None) => "Root keys of this account, until it stops. To use them, paste:",
        (false, _) => "Root keys as given. To use them, paste:",
    };
    format!(
        "\n{title}\n\n  export AWS_ENDPOINT_URL=http://{}\n  export AWS_ACCESS_KEY_ID={}\n  \
         export AWS_SECRET_ACCESS_KEY={}\n  export AWS_DEFAULT_REGION={}\n",
        server.address, key.id, key.secret, config.region
    )
}
