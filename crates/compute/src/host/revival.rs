//! What happens when the supervisor ends before the server does: every instance and network ended with it, so a new
//! one is started, and whoever keeps records of them is told to bring them back.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use super::Host;
use super::supervisor::{Exits, Supervisor};
use crate::engine::Engine;
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
        let (generation, engine) = (self.generation.clone(), self.engine.as_ref().map(Arc::downgrade));
        let follow = async move {
            loop {
                while let Some((id, end)) = exits.recv().await {
                    instances.ended(&id, end, &events);
                }
                let lost = instances.lost(&events);
                if let Some(engine) = engine.as_ref().and_then(Weak::upgrade) {
                    // Their networks are gone, and they would come up beside those that are started for them.
                    end(&engine, &lost).await;
                }
                if current.strong_count() == 0 {
                    return;
                }
                log::error!("the supervisor of the instances has ended; a new one is started");
                let (supervisor, next) = start(kind, &config).await;
                let Some(current) = current.upgrade() else { return };
                *current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(supervisor);
                generation.fetch_add(1, Ordering::SeqCst);
                exits = next;
                events.tell(&Event::Restarted);
            }
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the host")]
        tokio::spawn(follow);
    }
}

/// Ends containers that outlived their networks. One that can't be ended is ended before it is started again.
async fn end(engine: &Engine, ids: &[String]) {
    for id in ids {
        if let Err(error) = engine.kill(id).await {
            log::warn!("cannot end instance {id}, whose network is gone: {error}");
        }
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
