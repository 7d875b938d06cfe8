//! The loop that writes down what was used.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::listen::stopping;
use crate::start::World;

/// Between two rounds; a server that is killed forgets at most so much.
const PAUSE: Duration = Duration::from_secs(5);

/// Sweeps until the server stops. [`crate::Server::stop`] sweeps a last time.
pub async fn run(world: Arc<World>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stopping(&mut stop) => return,
        }
        sweep(&world).await;
    }
}

/// Once.
pub async fn sweep(world: &World) {
    let identity = &world.door.identity;
    if let Err(fault) = identity.usage.sweep(&identity.store).await {
        log::error!("what was used could not be written down: {fault:?}");
    }
}
