//! The network plan of one VPC, from its records.

use rolecall_base::Fault;
use rolecall_compute::plan::{
    AclRule, Group, GroupRule, Interface, Names, NetworkPlan, Peer, Route, Subnet, Traffic, Via,
};
use rolecall_compute::{Cidr, Vpc};
use rolecall_store::Reader;

use crate::groups;
use crate::machines::mac;
use crate::network::{Network, block};
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::records::{self, Interfaces, NetworkInterface, PrivateAddress, Rule, RulePeer};
use crate::{network, regions};

const EVERYWHERE: Cidr = Cidr { base: std::net::Ipv4Addr::UNSPECIFIED, prefix: 0 };

/// The whole plan of a VPC; `None` when there is none of that id.
///
/// # Errors
/// When the store can't be read, or a record is broken.
pub(crate) fn plan(db: &Reader, place: Place<'_>, vpc: &str) -> Result<Option<NetworkPlan>, Fault> {
    let network = Network::load(db, place)?;
    let Some(record) = network.vpc(vpc) else { return Ok(None) };
    let cidr = block(&record.cidr)?;
    let own = |id: &String| id == vpc;
    let subnets = network.subnets.iter().filter(|subnet| own(&subnet.vpc));
    let groups = network.groups.iter().filter(|group| own(&group.vpc));
    let interfaces = network::rows::<Interfaces>(db, place)?;
    let interfaces = interfaces.iter().filter(|interface| own(&interface.vpc));
    let lists = PrefixLists::load(db, place, &network)?;
    Ok(Some(NetworkPlan {
        vpc: Vpc { id: vpc.to_owned(), cidr },
        blocks: vec![cidr],
        subnets: subnets.map(|record| subnet(record, cidr)).collect::<Result<_, Fault>>()?,
        interfaces: interfaces.map(interface).collect::<Result<_, Fault>>()?,
        groups: groups.map(|record| group(place, record, &lists)).collect::<Result<_, Fault>>()?,
        nats: Vec::new(),
        names: Names {
            support: true,
            hostnames: record.default,
            region: place.region.to_owned(),
            domain: Some(regions::private_domain(place.region)),
            servers: Vec::new(),
        },
    }))
}

fn subnet(record: &records::Subnet, vpc: Cidr) -> Result<Subnet, Fault> {
    let everything = vec![AclRule { allow: true, traffic: Traffic::All, cidr: EVERYWHERE }];
    Ok(Subnet {
        id: record.id.clone(),
        cidr: block(&record.cidr)?,
        routes: vec![Route { to: vpc, via: Via::Local }, Route { to: EVERYWHERE, via: Via::Internet }],
        acl_in: everything.clone(),
        acl_out: everything,
    })
}

fn interface(record: &NetworkInterface) -> Result<Interface, Fault> {
    let attachment = record.attachment.as_ref();
    let public = |own: &PrivateAddress| Some((own.address, own.public.as_ref()?.address));
    Ok(Interface {
        id: record.id.clone(),
        instance: record.instance().map(str::to_owned),
        device_index: attachment.and_then(|own| u16::try_from(own.device_index).ok()).unwrap_or(0),
        addresses: record.addresses.iter().map(|own| own.address).collect(),
        mac: mac(&record.mac)?,
        subnet: record.subnet.clone(),
        groups: record.groups.clone(),
        source_dest_check: record.source_dest_check,
        public: record.addresses.iter().filter_map(public).collect(),
    })
}

/// A security group. Rules about IPv6 are kept as records and have nothing to allow here.
fn group(place: Place<'_>, record: &records::SecurityGroup, lists: &PrefixLists) -> Result<Group, Fault> {
    let (mut ingress, mut egress) = (Vec::new(), Vec::new());
    for rule in groups::rules(place, record) {
        let Some(traffic) = traffic(&rule) else { continue };
        let peers = match &rule.peer {
            RulePeer::Ipv4(cidr) => vec![Peer::Cidr(block(cidr)?)],
            RulePeer::Group(id) => vec![Peer::Group(id.clone())],
            RulePeer::PrefixList(id) => blocks(lists, id)?.into_iter().map(Peer::Cidr).collect(),
            RulePeer::Ipv6(_) => Vec::new(),
        };
        let side = if rule.egress { &mut egress } else { &mut ingress };
        side.extend(peers.into_iter().map(|peer| GroupRule { traffic, peer }));
    }
    Ok(Group { id: record.id.clone(), ingress, egress })
}

/// The IPv4 blocks of a prefix list; none when it is gone.
fn blocks(lists: &PrefixLists, id: &str) -> Result<Vec<Cidr>, Fault> {
    let found = lists.all().iter().find(|list| list.id == id && !list.ipv6);
    let entries = found.map(|list| list.entries.as_slice()).unwrap_or_default();
    entries.iter().map(|entry| block(&entry.cidr)).collect()
}

fn traffic(rule: &Rule) -> Option<Traffic> {
    let port = |port: i32| u16::try_from(port).ok();
    let number = |number: i32| u8::try_from(number).ok();
    Some(match rule.protocol.as_str() {
        "-1" => Traffic::All,
        "tcp" => Traffic::Tcp { from: port(rule.from)?, to: port(rule.to)? },
        "udp" => Traffic::Udp { from: port(rule.from)?, to: port(rule.to)? },
        "icmp" => Traffic::Icmp { kind: number(rule.from), code: number(rule.to) },
        "icmpv6" => return None,
        other => Traffic::Protocol(other.parse().ok()?),
    })
}
