//! A network plan as rules of nf_tables in the VPC's router.
//!
//! ```text
//!   in by a link ─ source ─ route ─┬─ input ── the VPC's own services, the way outside
//!                                  └─ forward ─ ACLs, groups of the sender ─ groups of the receiver ─ out by a link
//! ```
//!
//! Links are looked up in maps (link → subnet, link → list of groups), and a list of groups leads to a chain that jumps
//! into each group's own. So a packet's way does not depend on how many interfaces there are, a changed group is one
//! chain anew, and a changed member is one element of a set.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;

use nix::libc;

use super::super::nft::{At, Base, Hook, Meta, Rule, Ruleset, Verdict};
use super::matching::{End, address, in_block, protocol, traffic};
use super::numbers::Numbers;
use super::{LOOPBACK, OUTSIDE_MARK, OUTSIDE_PORT, interface_mark};
use crate::plan::{AclRule, Group, GroupRule, Interface, NetworkPlan, Peer, Subnet, Via};

const ESTABLISHED_OR_RELATED: u32 = 2 | 4;
const INVALID: u32 = 1;

/// The numbers by which the kernel knows a plan's names.
#[derive(Debug)]
pub(super) struct Known {
    /// Interface → link in the router.
    pub links: Numbers<String>,
    pub subnets: Numbers<String>,
    /// List of groups → number.
    pub lists: Numbers<Vec<String>>,
}

/// A plan that was carried out, and its rules: what is the same in the next one is taken from here.
pub(super) type Before<'a> = Option<(&'a NetworkPlan, &'a Ruleset)>;

/// The rules of a whole plan. `services` are the addresses of the VPC's own services.
pub(super) fn rules(
    plan: &NetworkPlan,
    known: &mut Known,
    services: &[Ipv4Addr],
    before: Before<'_>,
) -> Ruleset {
    let mut rules = Ruleset::default();
    rules.set("services", 4, services.iter().map(|address| address.octets().to_vec()));
    match before.filter(|(old, _)| old.interfaces == plan.interfaces) {
        Some((_, same)) => rules.take_sets(same, PLACES),
        None => sources(plan, known, &mut rules),
    }
    subnets(plan, known, &mut rules);
    groups(plan, known, &mut rules, before);
    hooks(&mut rules);
    rules
}

/// The sets that say where interfaces are.
const PLACES: &[&str] = &["sources", "destinations", "forwarders", "receivers", "public", "subnet_of"];

/// Which link may send from where, and is sent what.
fn sources(plan: &NetworkPlan, known: &mut Known, rules: &mut Ruleset) {
    let (mut sources, mut destinations) = (Vec::new(), Vec::new());
    let (mut forwarders, mut receivers, mut public) = (Vec::new(), Vec::new(), Vec::new());
    let mut places = Vec::new();
    for interface in &plan.interfaces {
        let link = known.links.of(&interface.id);
        let from = [&link.to_ne_bytes()[..], &interface.mac, &[0, 0]].concat();
        for address in &interface.addresses {
            sources.push([&from[..], &address.octets()].concat());
            destinations.push([link.to_ne_bytes(), address.octets()].concat());
        }
        if !interface.source_dest_check {
            forwarders.push(from);
            receivers.push(link.to_ne_bytes().to_vec());
        }
        public.extend(interface.public.iter().map(|(private, _)| private.octets().to_vec()));
        places.push((link, known.subnets.of(&interface.subnet)));
    }
    rules.set("sources", 16, sources);
    rules.set("destinations", 8, destinations);
    rules.set("forwarders", 12, forwarders);
    rules.set("receivers", 4, receivers);
    rules.set("public", 4, public);
    rules.numbers("subnet_of", places);
}

fn subnets(plan: &NetworkPlan, known: &mut Known, rules: &mut Ruleset) {
    let mut chains = BTreeMap::<&str, Vec<(u32, String)>>::new();
    let mut same = Vec::new();
    for subnet in &plan.subnets {
        let number = known.subnets.of(&subnet.id);
        same.push([number.to_ne_bytes(), number.to_ne_bytes()].concat());
        let parts = [
            ("routes", routes(plan, subnet, known)),
            ("acl_in", acl(&subnet.acl_in, End::Source)),
            ("acl_out", acl(&subnet.acl_out, End::Destination)),
        ];
        for (kind, list) in parts {
            let name = format!("{kind}_{}", subnet.id);
            rules.chain(&name, list);
            chains.entry(kind).or_default().push((number, name));
        }
    }
    rules.set("same_subnet", 8, same);
    for kind in ["routes", "acl_in", "acl_out"] {
        rules.chains(kind, chains.remove(kind).unwrap_or_default());
    }
}

/// A route table, the longest prefix first. What it does not name is dropped by who jumps here.
fn routes(plan: &NetworkPlan, subnet: &Subnet, known: &mut Known) -> Vec<Rule> {
    let mut routes: Vec<_> = subnet.routes.iter().collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.to.prefix));
    let mut rules = Vec::new();
    for route in routes {
        let matched = || in_block(Rule::new(), End::Destination, route.to);
        let outside = |rule: Rule| rule.set_mark(OUTSIDE_MARK).hand_to(OUTSIDE_PORT).then(&Verdict::Accept);
        match &route.via {
            Via::Local => rules.push(matched().then(&Verdict::Accept)),
            Via::Internet => {
                let public = address(matched(), End::Source, 1).among("public", 1);
                rules.push(outside(protocol(public, libc::IPPROTO_TCP)));
            }
            Via::Nat(id) if has_way_out(plan, id) => {
                rules.push(outside(protocol(matched(), libc::IPPROTO_TCP)));
            }
            Via::Interface(id) if is_forwarder(plan, id) => {
                let mark = interface_mark(known.links.of(id));
                rules.push(matched().set_mark(mark).then(&Verdict::Accept));
            }
            Via::Nat(_) | Via::Interface(_) | Via::Blackhole | Via::Endpoint(_) => {}
        }
        // A shorter prefix must not take what this one did not.
        rules.push(matched().then(&Verdict::Drop));
    }
    rules
}

/// A NAT gateway works where its own subnet leads to an internet gateway.
fn has_way_out(plan: &NetworkPlan, nat: &str) -> bool {
    let nat = plan.nats.iter().find(|own| own.id == nat);
    let subnet = nat.and_then(|nat| plan.subnet(&nat.subnet));
    subnet.is_some_and(|subnet| subnet.routes.iter().any(|route| route.via == Via::Internet))
}

/// Whether an interface takes what is not for it, and is there.
pub(super) fn is_forwarder(plan: &NetworkPlan, interface: &str) -> bool {
    plan.interface(interface).is_some_and(|own| !own.source_dest_check && own.instance.is_some())
}

/// The rules of an ACL. What passes goes back to who jumped here.
fn acl(list: &[AclRule], end: End) -> Vec<Rule> {
    let rule = |entry: &AclRule| {
        let verdict = if entry.allow { Verdict::Return } else { Verdict::Drop };
        traffic(in_block(Rule::new(), end, entry.cidr), entry.traffic).then(&verdict)
    };
    list.iter().map(rule).chain([Rule::new().then(&Verdict::Drop)]).collect()
}

fn groups(plan: &NetworkPlan, known: &mut Known, rules: &mut Ruleset, before: Before<'_>) {
    let lists: BTreeSet<&Vec<String>> = plan.interfaces.iter().map(|interface| &interface.groups).collect();
    let of = |interface: &Interface, known: &mut Known| {
        (known.links.of(&interface.id), known.lists.of(&interface.groups))
    };
    let members: Vec<_> = plan.interfaces.iter().map(|interface| of(interface, known)).collect();
    let there: BTreeSet<&str> = plan.groups.iter().map(|group| group.id.as_str()).collect();
    rules.numbers("groups_of", members);
    let (mut sending, mut receiving) = (Vec::new(), Vec::new());
    for list in lists {
        let number = known.lists.of(list);
        for (kind, chains) in [("egress", &mut sending), ("ingress", &mut receiving)] {
            let own = list.iter().filter(|id| there.contains(id.as_str()));
            let jump = |id: &String| Rule::new().then(&Verdict::Jump(format!("{kind}_{id}")));
            let name = format!("{kind}_{number}");
            rules.chain(&name, own.map(jump).collect());
            chains.push((number, name));
        }
    }
    rules.chains("egress", sending);
    rules.chains("ingress", receiving);
    let held: HashMap<&str, &Group> =
        before.iter().flat_map(|(old, _)| &old.groups).map(|group| (group.id.as_str(), group)).collect();
    for group in &plan.groups {
        // A chain of many rules is made anew only for a group that has changed.
        let same = before.filter(|_| held.get(group.id.as_str()) == Some(&group)).map(|(_, old)| old);
        for (kind, list, end) in
            [("ingress", &group.ingress, End::Source), ("egress", &group.egress, End::Destination)]
        {
            let name = format!("{kind}_{}", group.id);
            if !same.is_some_and(|old| rules.take_chain(old, &name)) {
                rules.chain(&name, list.iter().map(|rule| admitted(rule, end)).collect());
            }
        }
    }
    for group in named(plan) {
        let has = |interface: &&Interface| interface.groups.iter().any(|own| own == group);
        let addresses = plan.interfaces.iter().filter(has).flat_map(|interface| &interface.addresses);
        rules.set(&format!("members_{group}"), 4, addresses.map(|address| address.octets().to_vec()));
    }
}

/// Groups that rules name as the other side.
fn named(plan: &NetworkPlan) -> BTreeSet<&str> {
    let rules = plan.groups.iter().flat_map(|group| group.ingress.iter().chain(&group.egress));
    rules
        .filter_map(|rule| match &rule.peer {
            Peer::Group(group) => Some(group.as_str()),
            Peer::Cidr(_) => None,
        })
        .collect()
}

fn admitted(rule: &GroupRule, end: End) -> Rule {
    let peer = match &rule.peer {
        Peer::Cidr(block) => in_block(Rule::new(), end, *block),
        Peer::Group(group) => address(Rule::new(), end, 0).among(&format!("members_{group}"), 0),
    };
    traffic(peer, rule.traffic).then(&Verdict::Accept)
}

/// The chains that the kernel enters: the same for every plan.
fn hooks(rules: &mut Ruleset) {
    let hook = |at, priority| Hook { kind: "filter", at, priority };
    let accept = |rule: Rule| rule.then(&Verdict::Accept);
    let drop = || Rule::new().then(&Verdict::Drop);
    let from_router = || accept(Rule::new().meta(Meta::In, 0).equals(0, &LOOPBACK.to_ne_bytes()));
    let known = || accept(state(ESTABLISHED_OR_RELATED));
    let broken = || state(INVALID).then(&Verdict::Drop);
    let to_service = || address(Rule::new(), End::Destination, 0).among("services", 0);
    let from_service = || address(Rule::new(), End::Source, 0).among("services", 0);
    // Registers 0 to 3: link, hardware address, address.
    let sender = || Rule::new().meta(Meta::In, 0).load(Base::Link, 6, 6, 1);
    rules.hook(
        "source",
        hook(At::Prerouting, -300),
        vec![
            from_router(),
            accept(sender().load(Base::Network, 12, 4, 3).among("sources", 0)),
            accept(sender().among("forwarders", 0)),
            drop(),
        ],
    );
    rules.hook(
        "route",
        hook(At::Prerouting, -150),
        vec![from_router(), accept(to_service()), by_subnet(Meta::In, "routes"), drop()],
    );
    rules.hook(
        "acl_local",
        hook(At::Input, -10),
        vec![
            from_router(),
            accept(to_service()),
            by_subnet(Meta::In, "acl_out"),
            Rule::new().then(&Verdict::Accept),
        ],
    );
    rules.hook(
        "local",
        hook(At::Input, 0),
        vec![from_router(), accept(to_service()), known(), broken(), by_groups(Meta::In, "egress"), drop()],
    );
    let both = Rule::new().meta(Meta::In, 0).map("subnet_of", 0, 0);
    let both = both.meta(Meta::Out, 1).map("subnet_of", 1, 1);
    rules.hook(
        "acl",
        hook(At::Forward, -10),
        vec![
            accept(both.among("same_subnet", 0)),
            by_subnet(Meta::In, "acl_out"),
            by_subnet(Meta::Out, "acl_in"),
        ],
    );
    let receiver = || Rule::new().meta(Meta::Out, 0);
    let not_for = address(receiver(), End::Destination, 1).among("destinations", 0);
    rules.hook(
        "destination",
        hook(At::Forward, -5),
        vec![accept(not_for), accept(receiver().among("receivers", 0)), drop()],
    );
    rules.hook(
        "sending",
        hook(At::Forward, 0),
        vec![known(), broken(), by_groups(Meta::In, "egress"), drop()],
    );
    rules.hook("receiving", hook(At::Forward, 10), vec![known(), by_groups(Meta::Out, "ingress"), drop()]);
    rules.hook(
        "answers",
        hook(At::Output, -10),
        vec![
            accept(receiver().equals(0, &LOOPBACK.to_ne_bytes())),
            accept(from_service()),
            by_subnet(Meta::Out, "acl_in"),
        ],
    );
}

/// Goes on only for a connection in one of these states.
fn state(bits: u32) -> Rule {
    Rule::new().connection_state(0).mask(0, &bits.to_ne_bytes()).differs(0, &[0; 4])
}

/// Into the chain of the subnet that a link is in.
fn by_subnet(link: Meta, chains: &str) -> Rule {
    Rule::new().meta(link, 0).map("subnet_of", 0, 0).decide_by(chains, 0)
}

/// Into the chain of the groups that a link has.
fn by_groups(link: Meta, chains: &str) -> Rule {
    Rule::new().meta(link, 0).map("groups_of", 0, 0).decide_by(chains, 0)
}
