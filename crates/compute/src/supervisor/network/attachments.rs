//! Which interfaces an instance is to have.

use std::collections::HashMap;

use crate::plan::{Interface, NetworkPlan, Subnet};
use crate::spec;

/// The interfaces of each instance in the plan, the first one first.
pub(super) fn wanted(plan: &NetworkPlan) -> HashMap<&str, Vec<(&Interface, &Subnet)>> {
    let subnets: HashMap<&str, &Subnet> =
        plan.subnets.iter().map(|subnet| (subnet.id.as_str(), subnet)).collect();
    let mut wanted = HashMap::<_, Vec<_>>::new();
    for interface in &plan.interfaces {
        if let (Some(instance), Some(subnet)) =
            (interface.instance.as_deref(), subnets.get(interface.subnet.as_str()))
        {
            wanted.entry(instance).or_default().push((interface, *subnet));
        }
    }
    wanted.values_mut().for_each(|own| own.sort_by_key(|(interface, _)| interface.device_index));
    wanted
}

/// Those of one instance.
pub(super) fn wanted_of(plan: &NetworkPlan, instance: &str) -> Vec<(Interface, Subnet)> {
    let own = wanted(plan).remove(instance).unwrap_or_default();
    own.into_iter().map(|(interface, subnet)| (interface.clone(), subnet.clone())).collect()
}

/// The one interface of an instance whose VPC has no plan.
pub(super) fn unplanned(id: &str, network: &spec::Network) -> (Interface, Subnet) {
    let subnet = Subnet::new("", network.subnet);
    let interface = Interface {
        instance: Some(id.to_owned()),
        ..Interface::new(id, &subnet.id, network.private_ip, network.mac)
    };
    (interface, subnet)
}
