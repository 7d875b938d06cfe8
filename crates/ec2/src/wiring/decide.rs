//! The rules of a plan, asked by hand: for connections that the kernel of the VPC's router does not see from the outside.

use std::net::{Ipv4Addr, SocketAddrV4};

use rolecall_compute::plan::{AclRule, Interface, NetworkPlan, Peer, Subnet, Traffic, Via};

/// Whether a client outside reaches a TCP port of an interface with a public address. Its subnet must lead to an
/// internet gateway for the answers to leave by, and its ACL must let both directions pass.
pub fn reaches(plan: &NetworkPlan, interface: &Interface, client: SocketAddrV4, port: u16) -> bool {
    let Some(subnet) = plan.subnet(&interface.subnet) else { return false };
    let address = *client.ip();
    route(subnet, address) == Some(&Via::Internet)
        && passes(&subnet.acl_in, address, port)
        && passes(&subnet.acl_out, address, client.port())
        && is_open(plan, interface, address, port)
}

/// The route of the longest prefix.
fn route(subnet: &Subnet, to: Ipv4Addr) -> Option<&Via> {
    let fitting = subnet.routes.iter().filter(|route| route.to.contains(to));
    fitting.max_by_key(|route| route.to.prefix).map(|route| &route.via)
}

/// The first rule that fits counts.
fn passes(rules: &[AclRule], address: Ipv4Addr, port: u16) -> bool {
    let fits = |rule: &&AclRule| rule.cidr.contains(address) && is_of(rule.traffic, port);
    rules.iter().find(fits).is_some_and(|rule| rule.allow)
}

/// Whether a group of an interface lets an address outside reach a TCP port.
pub(super) fn is_open(plan: &NetworkPlan, interface: &Interface, from: Ipv4Addr, port: u16) -> bool {
    interface.groups.iter().any(|group| lets_in(plan, group, from, port))
}

fn lets_in(plan: &NetworkPlan, group: &str, address: Ipv4Addr, port: u16) -> bool {
    let Some(group) = plan.group(group) else { return false };
    group.ingress.iter().any(|rule| {
        // Members of groups are known by their private addresses, which nobody outside has.
        let from = matches!(&rule.peer, Peer::Cidr(block) if block.contains(address));
        from && is_of(rule.traffic, port)
    })
}

/// Whether a TCP port is part of some traffic.
fn is_of(traffic: Traffic, port: u16) -> bool {
    match traffic {
        Traffic::All => true,
        Traffic::Tcp { from, to } => (from..=to).contains(&port),
        Traffic::Protocol(number) => number == 6,
        Traffic::Udp { .. } | Traffic::Icmp { .. } => false,
    }
}

/// Ports of an interface that anybody outside may reach, as ranges.
pub fn open_ranges(plan: &NetworkPlan, interface: &Interface) -> Vec<(u16, u16)> {
    let groups = interface.groups.iter().filter_map(|id| plan.group(id));
    let rules = groups.flat_map(|group| &group.ingress);
    let outside = rules.filter(|rule| matches!(rule.peer, Peer::Cidr(_)));
    let range = |traffic| match traffic {
        Traffic::All | Traffic::Protocol(6) => Some((1, u16::MAX)),
        Traffic::Tcp { from, to } => Some((from.max(1), to)),
        _ => None,
    };
    outside.filter_map(|rule| range(rule.traffic)).collect()
}

#[cfg(test)]
mod tests {
    use rolecall_compute::plan::{Group, GroupRule, Route};
    use rolecall_compute::{Cidr, Vpc};

    use super::*;

    fn block(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    /// One subnet that leads to the internet, one interface with the group `sg-1`, which has these rules.
    fn plan(ingress: Vec<GroupRule>) -> NetworkPlan {
        let subnet = Subnet {
            routes: vec![Route { to: block("0.0.0.0/0"), via: Via::Internet }],
            acl_in: vec![AclRule::allow_all()],
            acl_out: vec![AclRule::allow_all()],
            ..Subnet::new("subnet-1", block("10.0.1.0/24"))
        };
        let interface = Interface {
            instance: Some("i-1".into()),
            groups: vec!["sg-1".into()],
            public: vec![([10, 0, 1, 23].into(), [127, 64, 0, 9].into())],
            ..Interface::new("eni-1", "subnet-1", [10, 0, 1, 23].into(), [2, 0, 0, 0, 0, 1])
        };
        let vpc = Vpc { id: "vpc-1".into(), cidr: block("10.0.0.0/16") };
        NetworkPlan {
            subnets: vec![subnet],
            interfaces: vec![interface],
            groups: vec![Group { id: "sg-1".into(), ingress, egress: vec![] }],
            ..NetworkPlan::new(vpc, "us-east-1")
        }
    }

    fn asks(plan: &NetworkPlan, port: u16) -> bool {
        reaches(plan, &plan.interfaces[0], "127.0.0.1:50000".parse().unwrap(), port)
    }

    #[test]
    fn a_connection_from_outside_needs_route_acl_and_group() {
        let traffic = Traffic::Tcp { from: 80, to: 80 };
        let mut plan = plan(vec![GroupRule { traffic, peer: Peer::Cidr(block("127.0.0.0/8")) }]);
        assert!(asks(&plan, 80));
        assert!(!asks(&plan, 81));
        assert_eq!(open_ranges(&plan, &plan.interfaces[0]), [(80, 80)]);
        plan.subnets[0].acl_out[0].traffic = traffic;
        assert!(!asks(&plan, 80), "answers go to the client's own port");
        plan.subnets[0].acl_out[0].traffic = Traffic::Tcp { from: 1024, to: 65_535 };
        assert!(asks(&plan, 80));
        let deny = AclRule { allow: false, traffic: Traffic::All, cidr: block("127.0.0.1/32") };
        plan.subnets[0].acl_in.insert(0, deny);
        assert!(!asks(&plan, 80), "the first rule that fits counts");
        plan.subnets[0].acl_in.remove(0);
        plan.subnets[0].routes.push(Route { to: block("127.0.0.0/8"), via: Via::Blackhole });
        assert!(!asks(&plan, 80), "the longest prefix counts");
        plan.subnets[0].routes.clear();
        assert!(!asks(&plan, 80), "no way for answers");
    }

    #[test]
    fn a_group_as_a_source_lets_nobody_in_from_outside() {
        let plan = plan(vec![GroupRule { traffic: Traffic::All, peer: Peer::Group("sg-1".into()) }]);
        assert!(!asks(&plan, 22));
    }
}
