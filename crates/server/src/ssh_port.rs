//! The SSH ports of instances that run: one at each public address, from when an address is an instance's until it is not.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rolecall_base::Fault;
use rolecall_compute::NetworkPlan;
use rolecall_ec2::instances::{self, Instance};
use rolecall_store::Reader;
use tokio::task::JoinSet;

use crate::ssh::Ssh;

/// SSH.
pub const PORT: u16 = 22;

/// Whether a security group of the instance's primary interface lets its port 22 be reached from an address; without one,
/// from this machine.
///
/// # Errors
/// When the store can't be read.
pub fn is_open(db: &Reader, instance: &Instance, from: Option<IpAddr>) -> Result<bool, Fault> {
    let own = instances::primary_interface(db, instance)?;
    instances::admits(db, &own, PORT, from.unwrap_or(IpAddr::from([127, 0, 0, 1])))
}

/// Public addresses and the instances that have them.
type Wanted = HashMap<Ipv4Addr, String>;

/// The ports of all instances. One task has them, so that an address that goes from one instance to another is let go by
/// the first before the second takes it.
#[derive(Debug, Default)]
pub struct SshPorts {
    running: HashMap<String, Ssh>,
    /// By address: whose it is, and what listens and talks there.
    open: HashMap<Ipv4Addr, (String, JoinSet<()>)>,
}

impl SshPorts {
    /// An instance runs: it answers from now on.
    pub fn started(&mut self, id: &str, ssh: Ssh) {
        self.running.insert(id.to_owned(), ssh);
    }

    /// It does no longer.
    pub async fn ended(&mut self, id: &str) {
        if self.running.remove(id).is_some() {
            self.close(|_, own| own == id).await;
        }
    }

    /// Makes the ports those that the plans say.
    pub async fn follow(&mut self, plans: &HashMap<String, Arc<NetworkPlan>>) {
        let wanted = wanted(plans);
        self.close(|address, own| wanted.get(&address).is_none_or(|id| id != own)).await;
        for (address, id) in wanted {
            let Some(ssh) = self.running.get(&id) else { continue };
            self.open.entry(address).or_insert_with(|| {
                let mut tasks = JoinSet::new();
                tasks.spawn(ssh.clone().run(address));
                (id, tasks)
            });
        }
    }

    /// Nothing answers any more.
    pub async fn end(&mut self) {
        self.running.clear();
        self.close(|_, _| true).await;
    }

    async fn close(&mut self, which: impl Fn(Ipv4Addr, &str) -> bool) {
        let over: Vec<_> = self.open.extract_if(|address, (own, _)| which(*address, own)).collect();
        for (_, (_, mut tasks)) in over {
            // Only when they have ended is the address free.
            tasks.shutdown().await;
        }
    }
}

fn wanted(plans: &HashMap<String, Arc<NetworkPlan>>) -> Wanted {
    let mut wanted = Wanted::new();
    for interface in plans.values().flat_map(|plan| &plan.interfaces) {
        if let Some(id) = &interface.instance {
            wanted.extend(interface.public.iter().map(|(_, public)| (*public, id.clone())));
        }
    }
    wanted
}
