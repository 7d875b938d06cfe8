//! The network plans that hold now, for everybody who carries out a part of them: the driver, names, the ways in and out.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rolecall_compute::NetworkPlan;
use rolecall_compute::plan::Interface;
use tokio::sync::{Mutex, MutexGuard, watch};

/// Plans by VPC id, as they were carried out last.
#[derive(Debug, Default)]
pub struct Plans {
    held: watch::Sender<HashMap<String, Arc<NetworkPlan>>>,
    /// The generation of the driver that has them.
    generation: AtomicU64,
    /// Held from reading records to having carried them out, so that no older plan comes after a newer one.
    turn: Mutex<()>,
}

impl Plans {
    pub fn get(&self, vpc: &str) -> Option<Arc<NetworkPlan>> {
        self.held.borrow().get(vpc).cloned()
    }

    /// The VPC and interface that a public address belongs to.
    pub fn find_public(&self, address: Ipv4Addr) -> Option<(Arc<NetworkPlan>, Interface)> {
        let held = self.held.borrow();
        held.values().find_map(|plan| {
            let own = |interface: &&Interface| interface.public.iter().any(|(_, public)| *public == address);
            plan.interfaces.iter().find(own).map(|interface| (plan.clone(), interface.clone()))
        })
    }

    /// All of them; changes are told.
    pub fn watch(&self) -> watch::Receiver<HashMap<String, Arc<NetworkPlan>>> {
        self.held.subscribe()
    }

    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Whether the driver has this very plan. One that began anew has none.
    pub(super) fn is_held(&self, plan: &NetworkPlan, generation: u64) -> bool {
        if self.generation.swap(generation, Ordering::SeqCst) != generation {
            self.held.send_modify(HashMap::clear);
        }
        self.get(&plan.vpc.id).is_some_and(|held| *held == *plan)
    }

    /// Whether the driver's plan of a VPC has these very interfaces.
    pub(super) fn has(&self, vpc: &str, interfaces: &[Interface], generation: u64) -> bool {
        let same_driver = self.generation.load(Ordering::SeqCst) == generation;
        let has = |plan: &NetworkPlan| interfaces.iter().all(|own| plan.interface(&own.id) == Some(own));
        same_driver && self.held.borrow().get(vpc).is_some_and(|plan| has(plan))
    }

    pub(super) fn put(&self, plan: NetworkPlan) {
        self.held.send_modify(|held| drop(held.insert(plan.vpc.id.clone(), Arc::new(plan))));
    }

    pub(super) fn remove(&self, vpc: &str) {
        self.held.send_modify(|held| drop(held.remove(vpc)));
    }
}
