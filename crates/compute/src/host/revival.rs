//! What happens when the supervisor ends before the server does: every instance and network ended with it, so a new
//! one is started, and whoever keeps records of them is told to bring them back.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Host;
use super::supervisor::{Exits, Supervisor};
use crate::{Config, Event};

/// How long it waits between two tries, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Host {
    /// Follows the ends of instances, and the supervisor's own.
    pub(super) fn follow(&self, mut exits: Exits, config: Config) {
        let (instances, events, kind) = (self.instances.clone(), self.events.clone(), self.kind);
        // Not held: with the host gone there is nobody to start anything for.
        let current = Arc::downgrade(&self.supervisor);
        let generation = self.generation.clone();
        let follow = async move {
            loop {
                while let Some((id, end)) = exits.recv().await {
                    instances.ended(&id, end, &events);
                }
                instances.lost(&events);
                if current.strong_count() == 0 {
                    return;
                }
                log::error!("the supervisor of the instances has ended; a new one is started");
                let (supervisor, next) = start(kind, &config).await;
                let Some(current) = current.upgrade() else { return };
                *current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(supervisor);
                generation.fetch_add(1, Ordering::SeqCst);
                exits = next;
                // Without a listener there is nothing to bring back.
                let _ = events.send(Event::Restarted);
            }
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the host")]
        tokio::spawn(follow);
    }
}

/// Starts a supervisor, however often it takes.
async fn start(kind: crate::Kind, config: &Config) -> (Supervisor, Exits) {
    let mut pause = FIRST_PAUSE;
    loop {
        match Supervisor::start(kind, config).await {
            Ok((supervisor, _, exits)) => return (supervisor, exits),
            Err(error) => log::error!("no supervisor could be started, so no instance runs: {error}"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
