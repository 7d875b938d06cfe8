//! The network plan of one VPC, from its records.

use rolecall_base::Fault;
use rolecall_compute::plan::{
    AclRule, Group, GroupRule, Interface, Names, NetworkPlan, Peer, Route, Subnet, Traffic, Via,
};
use rolecall_compute::{Cidr, Vpc};
use rolecall_store::Reader;

use crate::instances;
use crate::machines::mac;
use crate::network::{Network, block};
use crate::place::Place;
use crate::records::{self, Instance, Instances};
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
    let instances = network::rows::<Instances>(db, place)?;
    let living = instances.iter().filter(|instance| own(&instance.interface.vpc) && instance.ended.is_none());
    Ok(Some(NetworkPlan {
        vpc: Vpc { id: vpc.to_owned(), cidr },
        blocks: vec![cidr],
        subnets: subnets.map(|record| subnet(record, cidr)).collect::<Result<_, Fault>>()?,
        interfaces: living.map(interface).collect::<Result<_, Fault>>()?,
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

fn interface(instance: &Instance) -> Result<Interface, Fault> {
    let record: &instances::Interface = &instance.interface;
    Ok(Interface {
        id: record.id.clone(),
        instance: Some(instance.id.clone()),
        device_index: 0,
        addresses: vec![record.private_ip],
        mac: mac(&record.mac)?,
        subnet: record.subnet.clone(),
        groups: record.groups.clone(),
        source_dest_check: record.source_dest_check,
        public: record.public_ip.map(|public| (record.private_ip, public)).into_iter().collect(),
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
