//! Emptying an ephemeral server, while no other request runs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rolecall_base::{AccountId, Fault};
use rolecall_identity::records::KeyOwner;
use rolecall_identity::{NewKey, add_given_key, open_account};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::start::World;

/// How long a reset waits for the requests that run: an upload may last.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests on one side, resets on the other.
#[derive(Debug)]
pub struct Resetting {
    gate: RwLock<()>,
    /// To begin anew with.
    beginning: Option<(AccountId, NewKey)>,
}

impl Resetting {
    pub fn new(beginning: Option<(AccountId, NewKey)>) -> Resetting {
        Resetting { gate: RwLock::new(()), beginning }
    }

    /// Held while a request is answered.
    pub async fn request(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }
}

impl World {
    /// Empties everything if an authorized call asked for it: back to the first account and its root keys. Requests that
    /// run are waited for, others begin when it is done: none sees half of it, none writes what was of before.
    ///
    /// # Errors
    /// ServiceUnavailable while a request does not end; nothing is emptied then. What could not be emptied; the server
    /// should then not be used any more.
    pub async fn reset_if_asked(&self) -> Result<(), Fault> {
        let Ok(_alone) = tokio::time::timeout(PATIENCE, self.resetting.gate.write()).await else {
            self.facts.resetting.store(false, Ordering::SeqCst);
            let text = "Requests are still running; nothing was reset.";
            return Err(Fault::new("ServiceUnavailable", 503, text));
        };
        if !self.facts.resetting.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let Some((account, key)) = &self.resetting.beginning else { return Ok(()) };
        let identity = &self.door.identity;
        identity.store.reset().await?;
        let segments = self.segments.clone();
        tokio::task::spawn_blocking(move || segments.forget()).await.map_err(Fault::internal)?;
        self.door.forget();
        self.blobs.sweep(|_| false, Duration::ZERO).await.map_err(Fault::internal)?;
        let mut tx = identity.store.begin()?;
        open_account(&mut tx, &self.env, *account)?;
        add_given_key(&mut tx, &self.env, &identity.vault, *account, KeyOwner::Root, key)?;
        identity.store.commit(tx).await.map_err(Fault::internal)?;
        self.door.forget();
        self.door.changed.notify_waiters();
        Ok(())
    }
}
