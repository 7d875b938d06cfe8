//! Whether security groups let somebody in from outside of their VPC, where the server itself is the way in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rolecall_base::Fault;
use rolecall_compute::Cidr;
use rolecall_store::Reader;

use crate::groups;
use crate::network::{Network, block};
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::records::{NetworkInterface, Rule, RulePeer};

/// Whether a group of an interface lets an address reach a TCP port of it. Rules about other groups let nobody in from
/// outside.
///
/// # Errors
/// When the store can't be read, or a record is broken.
pub(crate) fn admits(db: &Reader, own: &NetworkInterface, port: u16, from: IpAddr) -> Result<bool, Fault> {
    let place = Place { account: own.account, region: &own.region };
    let network = Network::load(db, place)?;
    let lists = PrefixLists::load(db, place, &network)?;
    let from = match from.to_canonical() {
        // This machine, by whichever of its names.
        address if address.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        address => address,
    };
    for group in network.groups.iter().filter(|group| own.groups.contains(&group.id)) {
        for rule in groups::rules(place, group).iter().filter(|rule| covers(rule, port)) {
            if is_peer(rule, from, &lists)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether a rule is about what comes in at a TCP port.
fn covers(rule: &Rule, port: u16) -> bool {
    let is_tcp = matches!(rule.protocol.as_str(), "tcp" | "6");
    !rule.egress && (rule.protocol == "-1" || is_tcp && (rule.from..=rule.to).contains(&i32::from(port)))
}

fn is_peer(rule: &Rule, from: IpAddr, lists: &PrefixLists) -> Result<bool, Fault> {
    match (&rule.peer, from) {
        (RulePeer::Ipv4(cidr), IpAddr::V4(from)) => Ok(block(cidr)?.contains(from)),
        (RulePeer::Ipv6(cidr), IpAddr::V6(from)) => Ok(contains_6(cidr, from)),
        (RulePeer::PrefixList(id), from) => {
            let list = lists.all().iter().find(|list| list.id == *id);
            let entries = list.map(|list| list.entries.as_slice()).unwrap_or_default();
            Ok(entries.iter().any(|entry| match from {
                IpAddr::V4(from) => entry.cidr.parse::<Cidr>().is_ok_and(|cidr| cidr.contains(from)),
                IpAddr::V6(from) => contains_6(&entry.cidr, from),
            }))
        }
        _ => Ok(false),
    }
}

fn contains_6(cidr: &str, address: Ipv6Addr) -> bool {
    let Some((base, prefix)) = cidr.split_once('/') else { return false };
    let (Ok(base), Ok(prefix @ 0..=128)) = (base.parse::<Ipv6Addr>(), prefix.parse::<u32>()) else {
        return false;
    };
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    u128::from(base) & mask == u128::from(address) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, (from, to): (i32, i32), cidr: &str) -> Rule {
        let peer = match cidr.contains(':') {
            true => RulePeer::Ipv6(cidr.into()),
            false => RulePeer::Ipv4(cidr.into()),
        };
        let (id, protocol) = ("sgr-1".into(), protocol.into());
        Rule { id, egress: false, protocol, from, to, peer, description: None }
    }

    #[test]
    fn a_port_is_covered_by_its_protocol_and_range() {
        assert!(covers(&rule("tcp", (22, 22), "0.0.0.0/0"), 22));
        assert!(covers(&rule("tcp", (0, 65535), "0.0.0.0/0"), 22));
        assert!(covers(&rule("-1", (-1, -1), "0.0.0.0/0"), 22));
        assert!(!covers(&rule("tcp", (23, 80), "0.0.0.0/0"), 22));
        assert!(!covers(&rule("udp", (22, 22), "0.0.0.0/0"), 22));
        assert!(!covers(&Rule { egress: true, ..rule("-1", (-1, -1), "0.0.0.0/0") }, 22));
    }

    #[test]
    fn an_address_of_ipv6_is_in_its_block() {
        let address = "2001:db8::7".parse().unwrap();
        for (cidr, expected) in
            [("::/0", true), ("2001:db8::/32", true), ("2001:db9::/32", false), ("2001:db8::7/128", true)]
        {
            assert_eq!(contains_6(cidr, address), expected, "{cidr}");
        }
        assert!(!contains_6("10.0.0.0/8", address));
    }
}
