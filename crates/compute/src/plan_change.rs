//! What is other in a plan than in the one before. Networks are large and their changes small: only this is sent to the
//! supervisor, which has the plan before.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::NetworkPlan;
use crate::plan::{Group, Interface, Subnet};

/// What the supervisor is told of a VPC's network.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum PlanUpdate {
    Whole(Box<NetworkPlan>),
    /// To be made of the plan that was carried out last.
    Change(Box<PlanChange>),
}

/// The plan after, without the parts that are as before.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlanChange {
    /// Its lists of parts with an id are empty.
    frame: NetworkPlan,
    subnets: Parts<Subnet>,
    interfaces: Parts<Interface>,
    groups: Parts<Group>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Parts<T> {
    gone: Vec<String>,
    /// New ones, and those that are other than before.
    other: Vec<T>,
}

trait Part: Clone + PartialEq {
    fn id(&self) -> &str;
}

impl PlanChange {
    pub(crate) fn between(before: &NetworkPlan, after: &NetworkPlan) -> PlanChange {
        let frame = NetworkPlan {
            vpc: after.vpc.clone(),
            blocks: after.blocks.clone(),
            subnets: Vec::new(),
            interfaces: Vec::new(),
            groups: Vec::new(),
            nats: after.nats.clone(),
            names: after.names.clone(),
        };
        PlanChange {
            frame,
            subnets: Parts::between(&before.subnets, &after.subnets),
            interfaces: Parts::between(&before.interfaces, &after.interfaces),
            groups: Parts::between(&before.groups, &after.groups),
        }
    }

    pub(crate) fn vpc(&self) -> &str {
        &self.frame.vpc.id
    }

    /// The plan after, made of the plan before.
    pub(crate) fn of(self, before: &NetworkPlan) -> NetworkPlan {
        NetworkPlan {
            subnets: self.subnets.of(&before.subnets),
            interfaces: self.interfaces.of(&before.interfaces),
            groups: self.groups.of(&before.groups),
            ..self.frame
        }
    }
}

impl<T: Part> Parts<T> {
    fn between(before: &[T], after: &[T]) -> Parts<T> {
        let held: HashMap<&str, &T> = before.iter().map(|part| (part.id(), part)).collect();
        let kept: HashSet<&str> = after.iter().map(Part::id).collect();
        let is_other = |part: &&T| held.get(part.id()) != Some(part);
        Parts {
            gone: before.iter().map(Part::id).filter(|id| !kept.contains(id)).map(str::to_owned).collect(),
            other: after.iter().filter(is_other).cloned().collect(),
        }
    }

    /// What is new comes last: no list of a plan has an order that matters.
    fn of(self, before: &[T]) -> Vec<T> {
        let gone: HashSet<&str> = self.gone.iter().map(String::as_str).collect();
        let over: HashSet<&str> = self.other.iter().map(Part::id).collect();
        let same = |part: &&T| !gone.contains(part.id()) && !over.contains(part.id());
        let mut after: Vec<T> = before.iter().filter(same).cloned().collect();
        after.extend(self.other.iter().cloned());
        after
    }
}

impl Part for Subnet {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Part for Interface {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Part for Group {
    fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Names, Peer, Traffic};
    use crate::{Cidr, Vpc};

    fn group(number: usize, port: u16) -> Group {
        let cidr: Cidr = "10.0.0.0/8".parse().unwrap();
        let rule =
            crate::plan::GroupRule { traffic: Traffic::Tcp { from: port, to: port }, peer: Peer::Cidr(cidr) };
        Group { id: format!("sg-{number}"), ingress: vec![rule], egress: Vec::new() }
    }

    fn interface(number: u8) -> Interface {
        Interface {
            id: format!("eni-{number}"),
            instance: None,
            device_index: 0,
            addresses: vec![[10, 0, 0, number].into()],
            mac: [2, 0, 0, 0, 0, number],
            subnet: "subnet-1".into(),
            groups: vec!["sg-1".into()],
            source_dest_check: true,
            public: Vec::new(),
        }
    }

    fn plan(interfaces: &[u8], groups: &[(usize, u16)]) -> NetworkPlan {
        let block: Cidr = "10.0.0.0/16".parse().unwrap();
        let names = Names {
            support: true,
            hostnames: true,
            region: "us-east-1".into(),
            domain: None,
            servers: Vec::new(),
        };
        NetworkPlan {
            vpc: Vpc { id: "vpc-1".into(), cidr: block },
            blocks: vec![block],
            subnets: Vec::new(),
            interfaces: interfaces.iter().map(|number| interface(*number)).collect(),
            groups: groups.iter().map(|(number, port)| group(*number, *port)).collect(),
            nats: Vec::new(),
            names,
        }
    }

    fn in_order(mut plan: NetworkPlan) -> NetworkPlan {
        plan.interfaces.sort_by(|a, b| a.id.cmp(&b.id));
        plan.groups.sort_by(|a, b| a.id.cmp(&b.id));
        plan
    }

    #[test]
    fn a_change_leads_from_any_plan_to_any_other() {
        let plans = [
            plan(&[], &[]),
            plan(&[1, 2, 3], &[(1, 22), (2, 80)]),
            plan(&[3, 1], &[(2, 80), (1, 443)]),
            plan(&[4], &[(3, 1)]),
        ];
        for (before, after) in plans.iter().flat_map(|before| plans.iter().map(move |after| (before, after)))
        {
            let made = PlanChange::between(before, after).of(before);
            assert_eq!(in_order(made), in_order(after.clone()));
        }
    }

    #[test]
    fn a_changed_rule_is_all_that_is_sent() {
        let groups: Vec<_> = (0..100).map(|number| (number, 22)).collect();
        let before = plan(&[1, 2, 3], &groups);
        let mut after = before.clone();
        after.groups[7] = group(7, 80);
        let change = PlanChange::between(&before, &after);
        assert_eq!(change.groups.other, [group(7, 80)]);
        let sent = serde_json::to_vec(&change).unwrap().len();
        let whole = serde_json::to_vec(&after).unwrap().len();
        assert!(sent * 10 < whole, "{sent} of {whole} bytes");
    }
}
