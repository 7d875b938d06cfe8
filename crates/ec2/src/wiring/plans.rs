//! The network plans that hold now, for everybody who carries out a part of them: the driver, names, the ways in and out.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use rolecall_base::Time;
use rolecall_compute::NetworkPlan;
use rolecall_compute::plan::Interface;
use tokio::sync::{Mutex, MutexGuard, watch};

use crate::records::RegionalKey;

/// Plans by VPC id, as they were carried out last.
#[derive(Debug, Default)]
pub struct Plans {
    held: watch::Sender<HashMap<String, Arc<NetworkPlan>>>,
    /// The generation of the driver that has them.
    generation: AtomicU64,
    /// Networks that are to be carried out, and not before when. What is lost with the process is found by
    /// [`super::Wiring::resume`].
    due: std::sync::Mutex<BTreeMap<RegionalKey, Time>>,
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

    /// Puts networks on the list of those to be carried out.
    pub(super) fn add_due(&self, keys: &[RegionalKey], from: Time) {
        self.due_list().extend(keys.iter().map(|key| (key.clone(), from)));
    }

    /// Those whose time has come.
    pub(super) fn due(&self, now: Time) -> Vec<RegionalKey> {
        self.due_list().iter().filter(|(_, from)| **from <= now).map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn is_due(&self, key: &RegionalKey) -> bool {
        self.due_list().contains_key(key)
    }

    pub(super) fn done(&self, key: &RegionalKey) {
        self.due_list().remove(key);
    }

    fn due_list(&self) -> std::sync::MutexGuard<'_, BTreeMap<RegionalKey, Time>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
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
