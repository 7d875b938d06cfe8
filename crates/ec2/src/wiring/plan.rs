//! The network plan of one VPC, from its records.

use rolecall_base::Fault;
use rolecall_compute::plan::{
    AclRule, Group, GroupRule, Interface, Names, Nat, NetworkPlan, Peer, Route, Subnet, Traffic, Via,
};
use rolecall_compute::{Cidr, Vpc};
use rolecall_store::Reader;

use crate::groups;
use crate::machines::mac;
use crate::network::{self, Network, block};
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::records::{
    self, DhcpOptionSets, Interfaces, InternetGateway, InternetGateways, NatGateway, NatGateways, NetworkAcl,
    NetworkAcls, NetworkInterface, PrivateAddress, RouteTable, RouteTables, Rule, RulePeer, SecurityGroups,
    Subnets, Vpcs,
};

/// The whole plan of a VPC; `None` when there is none of that id.
///
/// # Errors
/// When the store can't be read, or a record is broken.
pub(crate) fn plan(db: &Reader, place: Place<'_>, vpc: &str) -> Result<Option<NetworkPlan>, Fault> {
    let Some(record) = network::get::<Vpcs>(db, place, vpc)? else { return Ok(None) };
    let of_vpc = Network::load(db, place)?;
    let own = |id: &String| id == vpc;
    let subnets = of_vpc.subnets.iter().filter(|subnet| own(&subnet.vpc));
    let groups = of_vpc.groups.iter().filter(|group| own(&group.vpc));
    let interfaces = network::rows::<Interfaces>(db, place)?;
    let interfaces = interfaces.iter().filter(|interface| own(&interface.vpc));
    let lists = PrefixLists::load(db, place, &of_vpc)?;
    let paths = Paths::load(db, place, &record)?;
    Ok(Some(NetworkPlan {
        vpc: Vpc { id: vpc.to_owned(), cidr: block(&record.cidr)? },
        blocks: record.cidrs().map(block).collect::<Result<_, Fault>>()?,
        subnets: subnets.map(|record| paths.subnet(record, &lists)).collect::<Result<_, Fault>>()?,
        interfaces: interfaces.map(interface).collect::<Result<_, Fault>>()?,
        groups: groups.map(|record| group(place, record, &lists)).collect::<Result<_, Fault>>()?,
        nats: paths.nats.iter().filter_map(nat).collect(),
        names: names(db, place, &record)?,
    }))
}

/// As much of a VPC's plan as decides who reaches one interface from outside: the interface, its subnet and its groups,
/// as they stand in the whole plan. What it takes to make depends on their rules alone and not on the size of the VPC.
///
/// # Errors
/// When the store can't be read, or a record is broken.
pub(super) fn near(
    db: &Reader,
    place: Place<'_>,
    own: &NetworkInterface,
) -> Result<Option<NetworkPlan>, Fault> {
    let Some(record) = network::get::<Vpcs>(db, place, &own.vpc)? else { return Ok(None) };
    let of_vpc = |id: &String| *id == own.vpc;
    let subnet = network::get::<Subnets>(db, place, &own.subnet)?.filter(|subnet| of_vpc(&subnet.vpc));
    let mut groups = Vec::new();
    for id in &own.groups {
        groups.extend(network::get::<SecurityGroups>(db, place, id)?.filter(|group| of_vpc(&group.vpc)));
    }
    let paths = Paths::near(db, place, &record, subnet.as_ref())?;
    let rules = groups.iter().flat_map(|group| groups::rules(place, group));
    let peers = rules.filter_map(|rule| match rule.peer {
        RulePeer::PrefixList(id) => Some(id),
        _ => None,
    });
    let targets = paths.tables.iter().flat_map(|table| &table.routes).map(|route| route.to.clone());
    let lists = targets.chain(peers).filter(|id| id.starts_with("pl-")).collect();
    let lists = PrefixLists::named(db, place, &lists)?;
    let plan = NetworkPlan::new(Vpc { id: own.vpc.clone(), cidr: block(&record.cidr)? }, place.region);
    Ok(Some(NetworkPlan {
        subnets: subnet.iter().map(|record| paths.subnet(record, &lists)).collect::<Result<_, Fault>>()?,
        interfaces: vec![interface(own)?],
        groups: groups.iter().map(|record| group(place, record, &lists)).collect::<Result<_, Fault>>()?,
        ..plan
    }))
}

/// What says where packets of a VPC's subnets go.
struct Paths {
    vpc: records::Vpc,
    tables: Vec<RouteTable>,
    acls: Vec<NetworkAcl>,
    gateways: Vec<InternetGateway>,
    nats: Vec<NatGateway>,
}

impl Paths {
    fn load(db: &Reader, place: Place<'_>, vpc: &records::Vpc) -> Result<Paths, Fault> {
        Ok(Paths {
            vpc: vpc.clone(),
            tables: network::all::<RouteTables>(db, place)?,
            acls: network::all::<NetworkAcls>(db, place)?,
            gateways: network::all::<InternetGateways>(db, place)?,
            nats: network::all::<NatGateways>(db, place)?
                .into_iter()
                .filter(|nat| nat.vpc == vpc.id)
                .collect(),
        })
    }

    /// What says so of one subnet alone.
    fn near(
        db: &Reader,
        place: Place<'_>,
        vpc: &records::Vpc,
        subnet: Option<&records::Subnet>,
    ) -> Result<Paths, Fault> {
        let mut own = Paths {
            vpc: vpc.clone(),
            tables: Vec::new(),
            acls: Vec::new(),
            gateways: Vec::new(),
            nats: Vec::new(),
        };
        let Some(subnet) = subnet else { return Ok(own) };
        let table = subnet.route_table.as_ref().unwrap_or(&vpc.route_table);
        own.tables.extend(network::get::<RouteTables>(db, place, table)?);
        own.acls.extend(network::get::<NetworkAcls>(db, place, &subnet.network_acl)?);
        for route in own.tables.iter().flat_map(|table| &table.routes) {
            match &route.via {
                records::Via::Internet(id) => {
                    own.gateways.extend(network::get::<InternetGateways>(db, place, id)?);
                }
                records::Via::Nat(id) => {
                    let found = network::get::<NatGateways>(db, place, id)?;
                    own.nats.extend(found.filter(|nat| nat.vpc == vpc.id));
                }
                _ => {}
            }
        }
        Ok(own)
    }

    fn subnet(&self, record: &records::Subnet, lists: &PrefixLists) -> Result<Subnet, Fault> {
        let table = record.route_table.as_ref().unwrap_or(&self.vpc.route_table);
        let table = self.tables.iter().find(|own| own.id == *table);
        let routes = table.into_iter().flat_map(|table| &table.routes);
        let acl = self.acls.iter().find(|own| own.id == record.network_acl);
        let rules = |egress| -> Result<Vec<AclRule>, Fault> {
            let mut rules: Vec<_> =
                acl.into_iter().flat_map(|acl| &acl.rules).filter(|rule| rule.egress == egress).collect();
            rules.sort_by_key(|rule| rule.number);
            // Only blocks of IPv4 say something about networks that have nothing else.
            rules.into_iter().filter(|rule| !rule.cidr.contains(':')).map(acl_rule).collect()
        };
        Ok(Subnet {
            id: record.id.clone(),
            cidr: block(&record.cidr)?,
            routes: routes
                .map(|route| self.routes(route, lists))
                .collect::<Result<Vec<_>, Fault>>()?
                .concat(),
            acl_in: rules(false)?,
            acl_out: rules(true)?,
        })
    }

    /// A route to a block, or to each of a prefix list; one whose target is gone leads nowhere.
    fn routes(&self, record: &records::Route, lists: &PrefixLists) -> Result<Vec<Route>, Fault> {
        let attached = |id: &String| {
            self.gateways.iter().any(|own| own.id == *id && own.vpc.as_ref() == Some(&self.vpc.id))
        };
        let works =
            |id: &String| self.nats.iter().any(|nat| nat.id == *id && nat.public && nat.deleted.is_none());
        let via = match &record.via {
            records::Via::Local => Via::Local,
            records::Via::Internet(id) if attached(id) => Via::Internet,
            records::Via::Nat(id) if works(id) => Via::Nat(id.clone()),
            records::Via::Interface(id) => Via::Interface(id.clone()),
            records::Via::Endpoint(id) => Via::Endpoint(id.clone()),
            records::Via::Internet(_) | records::Via::Nat(_) | records::Via::Peering(_) => Via::Blackhole,
        };
        let blocks = match record.to.as_str() {
            list if list.starts_with("pl-") => blocks(lists, list)?,
            // Networks have no other IPv6 than that of metadata.
            six if six.contains(':') => Vec::new(),
            own => vec![block(own)?],
        };
        Ok(blocks.into_iter().map(|to| Route { to, via: via.clone() }).collect())
    }
}

fn nat(record: &NatGateway) -> Option<Nat> {
    let address = record.addresses.first()?;
    Some(Nat {
        id: record.id.clone(),
        subnet: record.subnet.clone(),
        address: address.private,
        public: address.elastic.as_ref().map(|elastic| elastic.address),
    })
}

fn acl_rule(record: &records::AclRule) -> Result<AclRule, Fault> {
    let (from, to) = ports(record.ports.unwrap_or((0, 65_535)));
    let traffic = match record.protocol {
        -1 => Traffic::All,
        6 => Traffic::Tcp { from, to },
        17 => Traffic::Udp { from, to },
        1 => icmp(record.icmp.unwrap_or((-1, -1))),
        other => Traffic::Protocol(u8::try_from(other).map_err(Fault::internal)?),
    };
    Ok(AclRule { allow: record.allow, traffic, cidr: block(&record.cidr)? })
}

/// A range of ports as it is kept; -1 is all.
fn ports((from, to): (i32, i32)) -> (u16, u16) {
    let (from, to) = if from < 0 { (0, 65_535) } else { (from, to) };
    (u16::try_from(from).unwrap_or(u16::MAX), u16::try_from(to).unwrap_or(u16::MAX))
}

/// Type and code as they are kept; -1 is all.
fn icmp((kind, code): (i32, i32)) -> Traffic {
    Traffic::Icmp { kind: u8::try_from(kind).ok(), code: u8::try_from(code).ok() }
}

fn names(db: &Reader, place: Place<'_>, vpc: &records::Vpc) -> Result<Names, Fault> {
    let set = network::get::<DhcpOptionSets>(db, place, &vpc.dhcp_options)?;
    let values = |name: &str| {
        let mut options = set.iter().flat_map(|set| &set.options);
        options.find(|(own, _)| own == name).map(|(_, values)| values.clone()).unwrap_or_default()
    };
    let addresses =
        |text: &String| text.split(',').filter_map(|part| part.trim().parse().ok()).collect::<Vec<_>>();
    Ok(Names {
        support: vpc.dns_support,
        hostnames: vpc.dns_hostnames,
        region: place.region.to_owned(),
        domain: values("domain-name").first().cloned(),
        servers: values("domain-name-servers").iter().flat_map(addresses).collect(),
    })
}

/// One interface of a plan.
pub(super) fn interface(record: &NetworkInterface) -> Result<Interface, Fault> {
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
