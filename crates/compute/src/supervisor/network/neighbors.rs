//! What instances may say about who is where on their links: by ARP, and by neighbor discovery of IPv6.
//!
//! The kernel remembers what it hears in one list for the whole host, of some thousand entries. Who may fill it, by telling
//! of neighbors that there are none of, keeps every other instance, and the host itself, from finding theirs. So each link
//! speaks for its own addresses alone. By IPv6 there is nothing but the metadata service, and nothing else is taken in: no
//! advertisement of routers, no redirection.

use std::io;

use nix::libc;

use super::super::nft::{At, Base, Family, Hook, Meta, Rule, Ruleset, Table, Verdict};
use super::LOOPBACK;
use super::numbers::Numbers;
use super::sockets::has_ipv6;
use crate::plan::{Interface, NetworkPlan};
use crate::supervisor::warn;

const NEIGHBOR_SOLICITATION: u8 = 135;
const NEIGHBOR_ADVERTISEMENT: u8 = 136;

/// The tables of one router.
#[derive(Debug, Default)]
pub(super) struct Neighbors {
    arp: Option<Table>,
    ipv6: Option<Table>,
    /// A kernel that has no such tables is told of once.
    told: bool,
}

impl Neighbors {
    /// Makes them what the plan says; `open` makes an empty one. Without them the network is as good as with them, until
    /// somebody means harm: that is no reason to have none.
    pub(super) fn follow(
        &mut self,
        plan: &NetworkPlan,
        links: &mut Numbers<String>,
        open: impl Fn(Family) -> io::Result<Table>,
    ) {
        let become_like = |table: &mut Option<Table>, family, rules| match table {
            Some(table) => table.become_like(rules),
            None => table.insert(open(family)?).become_like(rules),
        };
        let arp = become_like(&mut self.arp, Family::Arp, arp(plan, links));
        let ipv6 = match has_ipv6() {
            true => become_like(&mut self.ipv6, Family::Ipv6, ipv6(plan, links)),
            false => Ok(()),
        };
        if let Err(error) = arp.and(ipv6)
            && !std::mem::replace(&mut self.told, true)
        {
            warn(&format!("instances of {} may fill this host's list of neighbors: {error}", plan.vpc.id));
        }
    }
}

/// Link, hardware address, and room for what follows at a multiple of four bytes.
fn sender(interface: &Interface, links: &mut Numbers<String>) -> Vec<u8> {
    [&links.of(&interface.id).to_ne_bytes()[..], &interface.mac, &[0, 0]].concat()
}

fn arp(plan: &NetworkPlan, links: &mut Numbers<String>) -> Ruleset {
    let mut senders = Vec::new();
    for interface in &plan.interfaces {
        let from = sender(interface, links);
        senders.extend(interface.addresses.iter().map(|address| [&from[..], &address.octets()].concat()));
    }
    let mut rules = Ruleset::default();
    rules.set("senders", 16, senders);
    // What it says of itself, not what the frame has.
    let own = Rule::new().meta(Meta::In, 0).load(Base::Network, 8, 6, 1).load(Base::Network, 14, 4, 3);
    let own = own.among("senders", 0).then(&Verdict::Accept);
    // The first of this family's hooks is its input.
    let hook = Hook { kind: "filter", at: At::Prerouting, priority: 0 };
    rules.hook("heard", hook, vec![own, Rule::new().then(&Verdict::Drop)]);
    rules
}

fn ipv6(plan: &NetworkPlan, links: &mut Numbers<String>) -> Ruleset {
    let senders =
        plan.interfaces.iter().map(|own| [sender(own, links), link_local(own.mac).to_vec()].concat());
    let mut rules = Ruleset::default();
    rules.set("senders", 28, senders.collect::<Vec<_>>());
    let own = || {
        let from = Rule::new().meta(Meta::In, 0).load(Base::Link, 6, 6, 1).load(Base::Network, 8, 16, 3);
        from.among("senders", 0)
    };
    let protocol = |number: i32| own().load(Base::Network, 6, 1, 0).equals(0, &[number as u8]);
    let neighbor = |kind: u8| {
        protocol(libc::IPPROTO_ICMPV6)
            .load(Base::Transport, 0, 1, 0)
            .equals(0, &[kind])
            .then(&Verdict::Accept)
    };
    let hook = Hook { kind: "filter", at: At::Prerouting, priority: -300 };
    let router = Rule::new().meta(Meta::In, 0).equals(0, &LOOPBACK.to_ne_bytes()).then(&Verdict::Accept);
    rules.hook(
        "heard",
        hook,
        vec![
            router,
            neighbor(NEIGHBOR_SOLICITATION),
            neighbor(NEIGHBOR_ADVERTISEMENT),
            protocol(libc::IPPROTO_TCP).then(&Verdict::Accept),
            Rule::new().then(&Verdict::Drop),
        ],
    );
    rules
}

/// The address that a kernel gives a link by itself.
fn link_local(mac: [u8; 6]) -> [u8; 16] {
    let [a, b, c, d, e, f] = mac;
    [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f]
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::link_local;

    #[test]
    fn the_address_of_a_link_is_that_of_its_hardware() {
        let expected: Ipv6Addr = "fe80::ff:fe00:10a".parse().unwrap();
        assert_eq!(Ipv6Addr::from(link_local([2, 0, 0, 0, 1, 10])), expected);
    }
}
