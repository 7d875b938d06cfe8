//! The loop that deletes object bytes that nothing refers to any more.

use std::sync::Arc;
use std::time::Duration;

use rolecall_blobs::Blobs;
use rolecall_env::Env;
use rolecall_store::Store;
use tokio::sync::watch;

use crate::listen::stopping;

/// Between two rounds when there is nothing urgent.
const PAUSE: Duration = Duration::from_secs(30);
/// Rounds between two looks at every file for bytes that no record ever referred to: an hour.
const ROUNDS: u32 = 120;

/// Sweeps until the server stops.
pub async fn run(store: Store, blobs: Arc<Blobs>, env: Env, mut stop: watch::Receiver<bool>) {
    for round in (0..ROUNDS).cycle() {
        let mut look_everywhere = round == 0;
        loop {
            match rolecall_s3::sweep(&store, &blobs, &env, look_everywhere).await {
                Ok(swept) => {
                    if swept.deleted > 0 || swept.abandoned > 0 {
                        log::debug!("swept {} blobs and {} abandoned ones", swept.deleted, swept.abandoned);
                    }
                    look_everywhere = false;
                    if !swept.more {
                        break;
                    }
                }
                Err(fault) => {
                    log::error!("object bytes could not be swept: {fault:?}");
                    break;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stopping(&mut stop) => return,
        }
    }
}
