//! What the network of one VPC is to be, whole: plain values, made from records by the caller, carried out by
//! [`crate::Driver::apply_network`]. Applying a plan again changes nothing.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::spec::check_name;
use crate::{Cidr, ComputeError, Vpc};

/// The whole wanted state of one VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPlan {
    /// Its id and first address block: the one whose third address (base plus two) has the VPC's own services.
    pub vpc: Vpc,
    /// Every address block, the first one too. Between them everything is local.
    pub blocks: Vec<Cidr>,
    pub subnets: Vec<Subnet>,
    pub interfaces: Vec<Interface>,
    /// Security groups. One that an interface has and that is not here allows nothing.
    pub groups: Vec<Group>,
    pub nats: Vec<Nat>,
    pub names: Names,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    pub id: String,
    pub cidr: Cidr,
    /// Of its route table, in any order: the longest prefix counts. What has no route is dropped.
    pub routes: Vec<Route>,
    /// Rules of its network ACL for what comes into the subnet, in their order; what none names is dropped.
    pub acl_in: Vec<AclRule>,
    /// The same for what leaves it.
    pub acl_out: Vec<AclRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub to: Cidr,
    pub via: Via,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Via {
    Local,
    /// An attached internet gateway: for interfaces with a public address only.
    Internet,
    /// A NAT gateway of [`NetworkPlan::nats`], whether or not the interface has a public address.
    Nat(String),
    /// A network interface of this VPC. It drops what is not for it unless its source/destination check is off.
    Interface(String),
    Blackhole,
    /// A gateway endpoint.
    Endpoint(String),
}

/// One entry of a network ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclRule {
    pub allow: bool,
    pub traffic: Traffic,
    /// The other side: where it comes from on the way in, where it goes to on the way out.
    pub cidr: Cidr,
}

/// A protocol, with its ports or kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Traffic {
    All,
    /// Destination ports, both ends included.
    Tcp {
        from: u16,
        to: u16,
    },
    Udp {
        from: u16,
        to: u16,
    },
    /// `None` is every type, or every code.
    Icmp {
        kind: Option<u8>,
        code: Option<u8>,
    },
    /// Another protocol by its number.
    Protocol(u8),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// `eni-…`
    pub id: String,
    /// The instance it is attached to. One that is attached to none has addresses, which lead nowhere.
    pub instance: Option<String>,
    /// 0 is `eth0`.
    pub device_index: u16,
    /// The primary address first.
    pub addresses: Vec<Ipv4Addr>,
    pub mac: [u8; 6],
    /// Id of its subnet.
    pub subnet: String,
    /// Ids of its security groups.
    pub groups: Vec<String>,
    pub source_dest_check: bool,
    /// Private and public address of each pair.
    pub public: Vec<(Ipv4Addr, Ipv4Addr)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: String,
    pub ingress: Vec<GroupRule>,
    pub egress: Vec<GroupRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRule {
    pub traffic: Traffic,
    pub peer: Peer,
}

/// The other side of a group's rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    Cidr(Cidr),
    /// The private addresses of the interfaces that have this group.
    Group(String),
}

/// A NAT gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nat {
    pub id: String,
    /// It works where this subnet leads to an internet gateway.
    pub subnet: String,
    /// Its own address in the subnet.
    pub address: Ipv4Addr,
    pub public: Option<Ipv4Addr>,
}

/// Names in the VPC, and what its DHCP options say of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// `enableDnsSupport`: whether the VPC's own resolver answers.
    pub support: bool,
    /// `enableDnsHostnames`: whether public addresses have names.
    pub hostnames: bool,
    /// `us-east-1`
    pub region: String,
    /// `domain-name`: what short names are looked up in. Several are separated by spaces.
    pub domain: Option<String>,
    /// `domain-name-servers`; empty is `AmazonProvidedDNS`.
    pub servers: Vec<Ipv4Addr>,
}

impl Subnet {
    /// A subnet that nothing comes into and nothing leaves.
    pub fn new(id: &str, cidr: Cidr) -> Subnet {
        let (routes, acl_in, acl_out) = (Vec::new(), Vec::new(), Vec::new());
        Subnet { id: id.to_owned(), cidr, routes, acl_in, acl_out }
    }
}

impl Interface {
    /// An interface with one address, in no group and attached to nothing; it would be `eth0`.
    pub fn new(id: &str, subnet: &str, address: Ipv4Addr, mac: [u8; 6]) -> Interface {
        Interface {
            id: id.to_owned(),
            instance: None,
            device_index: 0,
            addresses: vec![address],
            mac,
            subnet: subnet.to_owned(),
            groups: Vec::new(),
            source_dest_check: true,
            public: Vec::new(),
        }
    }
}

impl AclRule {
    /// The rule of a VPC's first network ACL.
    pub fn allow_all() -> AclRule {
        AclRule { allow: true, traffic: Traffic::All, cidr: Cidr { base: Ipv4Addr::UNSPECIFIED, prefix: 0 } }
    }
}

impl NetworkPlan {
    /// A VPC of one block with nothing in it but its names.
    pub fn new(vpc: Vpc, region: &str) -> NetworkPlan {
        let region = region.to_owned();
        NetworkPlan {
            blocks: vec![vpc.cidr],
            vpc,
            subnets: Vec::new(),
            interfaces: Vec::new(),
            groups: Vec::new(),
            nats: Vec::new(),
            names: Names { support: true, hostnames: true, region, domain: None, servers: Vec::new() },
        }
    }

    /// Refuses what cannot be carried out: names that the kernel does not take, addresses that are another's or nobody's.
    pub(crate) fn check(&self) -> Result<(), ComputeError> {
        check_name("VPC id", &self.vpc.id)?;
        let subnets = self.subnets.iter().map(|subnet| &subnet.id);
        let groups = self.groups.iter().map(|group| &group.id);
        let interfaces = self.interfaces.iter().map(|interface| &interface.id);
        let named = self.interfaces.iter().flat_map(|interface| &interface.groups);
        for name in subnets.chain(groups).chain(interfaces).chain(named) {
            check_name("part of a network", name)?;
        }
        let mut taken = HashSet::new();
        for interface in &self.interfaces {
            let subnet = self.subnet(&interface.subnet);
            for address in &interface.addresses {
                if !subnet.is_some_and(|subnet| subnet.cidr.contains(*address)) || !taken.insert(address) {
                    let text =
                        format!("address {address} of {} is taken or outside its subnet", interface.id);
                    return Err(ComputeError::Invalid(text));
                }
            }
        }
        Ok(())
    }

    pub fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.id == id)
    }

    pub fn interface(&self, id: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.id == id)
    }

    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }
}
