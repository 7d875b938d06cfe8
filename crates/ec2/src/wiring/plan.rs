//! The network plan of one VPC, from its records.

use rolecall_base::Fault;
use rolecall_compute::plan::{
    AclRule, Group, GroupRule, Interface, Names, NetworkPlan, Peer, Route, Subnet, Traffic, Via,
};
use rolecall_compute::{Cidr, Vpc};
use rolecall_store::Reader;

use crate::machines::mac;
use crate::network::{Network, block};
use crate::place::Place;
use crate::records::{self, Interfaces, NetworkInterface, PrivateAddress};
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
    Ok(Some(NetworkPlan {
        vpc: Vpc { id: vpc.to_owned(), cidr },
        blocks: vec![cidr],
        subnets: subnets.map(|record| subnet(record, cidr)).collect::<Result<_, Fault>>()?,
        interfaces: interfaces.map(interface).collect::<Result<_, Fault>>()?,
        groups: groups.map(group).collect(),
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

/// A default group: members reach each other, everything may go out.
fn group(record: &records::SecurityGroup) -> Group {
    let rule = |peer| vec![GroupRule { traffic: Traffic::All, peer }];
    Group {
        id: record.id.clone(),
        ingress: rule(Peer::Group(record.id.clone())),
        egress: rule(Peer::Cidr(EVERYWHERE)),
    }
}
