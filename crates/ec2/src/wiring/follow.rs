//! The loop that makes networks follow their records.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rolecall_base::Fault;
use rolecall_compute::{ComputeError, Event};
use rolecall_door::Door;
use rolecall_store::{CommitError, Scan, Store, StoreError};
use tokio::sync::broadcast::error::RecvError;

use super::plan::{interface, plan};
use crate::machines::{Change, Machines};
use crate::place::Place;
use crate::records::{NetworkInterface, RegionalKey, TouchedNetworks, Vpcs};

/// How often it looks without being told to, and how long a network that could not be carried out waits.
const PAUSE: Duration = Duration::from_secs(30);

/// The loop. There is one in a server.
#[derive(Debug)]
pub struct Wiring {
    door: Arc<Door>,
    machines: Arc<Machines>,
    /// What is to be carried out. A note is taken from the store before its plan is made, so that a change that comes
    /// meanwhile leaves a new one; what is lost with the process is found by [`Wiring::resume`].
    due: BTreeSet<RegionalKey>,
}

/// Why a network could not be carried out. It stays due.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("{0:?}")]
    Fault(Fault),
    #[error(transparent)]
    Compute(#[from] ComputeError),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        Trouble::Fault(fault)
    }
}

impl Wiring {
    pub fn new(door: Arc<Door>, machines: Arc<Machines>) -> Wiring {
        Wiring { door, machines, due: BTreeSet::new() }
    }

    /// Puts every stored VPC on the list: a new driver knows none of them.
    pub fn resume(&mut self) {
        let read = self.store().read().and_then(|db| db.keys(&Scan::<Vpcs>::new(&())));
        match read {
            Ok(keys) => self.due.extend(keys),
            Err(error) => log::error!("networks of an earlier run could not be listed: {error}"),
        }
    }

    /// Carries out what has changed, once.
    pub async fn step(&mut self) {
        if let Err(trouble) = self.take().await {
            log::error!("the notes on networks can't be taken: {trouble}");
        }
        for key in std::mem::take(&mut self.due) {
            if let Err(trouble) = apply(&self.door, &self.machines, &key).await {
                log::error!("the network of {} is not what it should be: {trouble}", key.2);
                self.due.insert(key);
            }
        }
    }

    /// Does so until `shutdown` is over.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        self.resume();
        let door = self.door.clone();
        let mut events = self.machines.driver.events();
        tokio::pin!(shutdown);
        loop {
            let changed = door.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that no note falls between.
            changed.as_mut().enable();
            self.step().await;
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = &mut changed => {}
                event = events.recv() => match event {
                    // Events that were missed may have been such a one.
                    Ok(Event::Restarted) | Err(RecvError::Lagged(_)) => self.resume(),
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    fn store(&self) -> &Store {
        &self.door.identity.store
    }

    /// Moves the notes from the store to the list.
    async fn take(&mut self) -> Result<(), Trouble> {
        let notes = self.store().read()?.keys(&Scan::<TouchedNetworks>::new(&()))?;
        if notes.is_empty() {
            return Ok(());
        }
        self.store()
            .update(|tx| {
                notes.iter().try_for_each(|key| tx.delete::<TouchedNetworks>(key)).map_err(Trouble::from)
            })
            .await?;
        self.due.extend(notes);
        Ok(())
    }
}

/// Sees to it that some interfaces have the network that their records say: nothing is done where they have it, so that of
/// many instances that start at once the first brings the network of all. What has changed since then is carried out for
/// all alike, by the loop.
pub(crate) async fn bring(
    door: &Door,
    machines: &Machines,
    key: &RegionalKey,
    records: &[NetworkInterface],
) -> Result<(), Trouble> {
    let wanted = records.iter().map(interface).collect::<Result<Vec<_>, Fault>>()?;
    let _turn = machines.plans.turn().await;
    if machines.plans.has(&key.2, &wanted, machines.driver.generation()) {
        return Ok(());
    }
    carry_out(door, machines, key).await
}

/// Makes the driver's network of one VPC what the records say now.
async fn apply(door: &Door, machines: &Machines, key: &RegionalKey) -> Result<(), Trouble> {
    let _turn = machines.plans.turn().await;
    carry_out(door, machines, key).await
}

async fn carry_out(door: &Door, machines: &Machines, key: &RegionalKey) -> Result<(), Trouble> {
    let (account, region, vpc) = key;
    let wanted = plan(&door.identity.store.read()?, Place { account: *account, region }, vpc)?;
    match wanted {
        Some(wanted) if machines.plans.is_held(&wanted, machines.driver.generation()) => {}
        Some(wanted) => {
            machines.driver.apply_network(wanted.clone()).await?;
            machines.plans.put(wanted);
        }
        None => {
            machines.driver.drop_vpc(vpc).await?;
            machines.plans.remove(vpc);
            machines.tell(Change::NetworkGone { vpc: vpc.clone() });
        }
    }
    Ok(())
}
