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
        let config = up.config.clone();
        let server = Server::start(up.config, Env::system()).await.map_err(|error| error.to_string())?;
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

fn greet(server: &Server, config: &Config) {
    let kept = match &config.data {
        Some(data) => format!("kept in {}", data.display()),
        None => "kept nowhere (--ephemeral)".to_owned(),
    };
    println!("Rolecall is ready at http://{}", server.address);
    if let Some(tls) = server.tls_address {
        println!("  with TLS at    https://{tls}");
    }
    println!("  account {}, region {}, state {kept}", config.account, config.region);
    println!("  instances: {}", server.compute);
    for note in &server.notes {
        println!("    {note}");
    }
    println!("  enforced: every signature, every policy, on every call");
    if let Some(keys) = &server.root_keys {
        println!("{}", exports(keys, server, config));
        for id in &keys.retired {
            println!("  The root key {id} is inactive now: these take its place.");
        }
    }
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
