//! Interfaces that routes lead to, such as those of appliances: each has a routing table of its own, by the mark of what
//! the rules send there.
//!
//! The way there is the instance's own link, which comes and goes with it and which its root may delete. Without it what
//! is sent there is dropped: it must not take another way, past an appliance that was to look at it.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;

use super::firewall::is_forwarder;
use super::{Router, interface_mark};
use crate::plan::{NetworkPlan, Via};
use crate::supervisor::netlink::{Batch, Route};

/// By link.
pub(super) type Targets = HashMap<u32, Target>;

#[derive(Debug)]
pub(super) struct Target {
    interface: String,
    /// What the interface is reached by.
    address: Ipv4Addr,
}

impl Router {
    /// Makes the tables of a plan, which lead nowhere yet.
    pub(super) fn set_targets(&mut self, plan: &NetworkPlan) -> io::Result<()> {
        let mut wanted = Targets::new();
        for route in plan.subnets.iter().flat_map(|subnet| &subnet.routes) {
            let Via::Interface(id) = &route.via else { continue };
            let target = plan.interface(id).filter(|_| is_forwarder(plan, id));
            if let Some(address) = target.and_then(|interface| interface.addresses.first()) {
                let target = Target { interface: id.clone(), address: *address };
                wanted.insert(self.known.links.of(id), target);
            }
        }
        for link in self.targets.keys().filter(|link| !wanted.contains_key(link)) {
            self.end_way(interface_mark(*link))?;
        }
        for link in wanted.keys().filter(|link| !self.targets.contains_key(link)) {
            let mark = interface_mark(*link);
            self.begin_way(mark, mark, &Route::nowhere(mark))?;
        }
        self.targets = wanted;
        Ok(())
    }

    /// Sends what has a mark by a table with one route. An earlier try that failed halfway may have begun it.
    pub(super) fn begin_way(&self, mark: u32, table: u32, route: &Route) -> io::Result<()> {
        self.netlink.run(Batch::default().route(route))?;
        unless(self.netlink.run(Batch::default().rule(mark, table)), io::ErrorKind::AlreadyExists)
    }

    /// Sends what has a mark by no table of its own. An earlier try that failed halfway may have ended it.
    fn end_way(&self, mark: u32) -> io::Result<()> {
        unless(self.netlink.run(Batch::default().delete_rule(mark)), io::ErrorKind::NotFound)
    }

    /// Leads to each of them that is attached. One whose root is in the way is no reason to leave the others out.
    pub(super) fn lead_to_targets(&self) {
        for (link, Target { interface, address }) in &self.targets {
            if !self.guests.values().any(|guest| guest.find(interface).is_some()) {
                continue;
            }
            let way = Route::by_host(*address, interface_mark(*link));
            if let Err(error) = self.netlink.run(Batch::default().route(&way)) {
                crate::supervisor::warn(&format!("no route leads to {interface}: {error}"));
            }
        }
    }
}

/// Takes one kind of failure for success.
fn unless(result: io::Result<()>, kind: io::ErrorKind) -> io::Result<()> {
    result.or_else(|error| if error.kind() == kind { Ok(()) } else { Err(error) })
}
