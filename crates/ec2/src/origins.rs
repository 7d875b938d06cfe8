//! Where a request from inside of a VPC really comes from: the endpoint that its way leads through, or the public
//! address that it would leave the VPC with.

use std::net::Ipv4Addr;

use rolecall_base::{AccountId, Fault};
use rolecall_store::{Reader, Scan};

use crate::addresses;
use crate::network::{block, get, in_vpc, rows};
use crate::place::Place;
use crate::records::{
    Interfaces, NatGateways, NetworkInterface, RouteTables, Subnets, Via, VpcEndpoint, VpcEndpoints, Vpcs,
};

pub use crate::endpoints::EVERYTHING;

/// The account and region of a VPC. There are few listeners, so all VPCs are looked through.
///
/// # Errors
/// When the store can't be read.
pub fn place_of(db: &Reader, vpc: &str) -> Result<Option<(AccountId, String)>, Fault> {
    let keys = db.keys(&Scan::<Vpcs>::new(&()))?;
    Ok(keys.into_iter().find(|(.., id)| id == vpc).map(|(account, region, _)| (account, region)))
}

/// The way that a request takes.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// The public address that it leaves the VPC with.
    pub public: Option<Ipv4Addr>,
    pub endpoint: Option<VpcEndpoint>,
}

/// The way from an address of a VPC to a service. A gateway endpoint that the subnet's route table leads to comes
/// first; then an interface endpoint with the service's own name.
///
/// # Errors
/// When the store can't be read.
pub fn way(
    db: &Reader,
    (account, region): (AccountId, &str),
    vpc: &str,
    from: Ipv4Addr,
    service: &str,
) -> Result<Way, Fault> {
    let place = Place { account, region };
    let Some(record) = get::<Vpcs>(db, place, vpc)? else { return Ok(Way::default()) };
    let mut subnet = None;
    for id in in_vpc(db, place, vpc, "subnet-")? {
        let found = get::<Subnets>(db, place, &id)?;
        if let Some(found) = found.filter(|own| block(&own.cidr).is_ok_and(|cidr| cidr.contains(from))) {
            subnet = Some(found);
            break;
        }
    }
    let Some(subnet) = subnet else { return Ok(Way::default()) };
    let table = subnet.route_table.as_ref().unwrap_or(&record.route_table);
    let routes = get::<RouteTables>(db, place, table)?.map(|table| table.routes).unwrap_or_default();
    for route in &routes {
        if let Via::Endpoint(id) = &route.via
            && let Some(own) = db.get::<VpcEndpoints>(&place.key(id))?
            && own.service == service
        {
            return Ok(Way { public: None, endpoint: Some(own) });
        }
    }
    let interface = |own: &VpcEndpoint| {
        own.vpc == vpc && own.service == service && own.private_dns && !own.subnets.is_empty()
    };
    if let Some(own) = rows::<VpcEndpoints>(db, place)?.into_iter().find(interface) {
        return Ok(Way { public: None, endpoint: Some(own) });
    }
    let nat = routes.iter().find_map(|route| match &route.via {
        Via::Nat(id) if route.to == "0.0.0.0/0" => Some(id),
        _ => None,
    });
    let public = match nat {
        Some(id) => db.get::<NatGateways>(&place.key(id))?.and_then(|nat| {
            nat.addresses.first().and_then(|own| own.elastic.as_ref()).map(|elastic| elastic.address)
        }),
        None => match addresses::owner(db, place, &subnet.id, from)? {
            Some(id) => db.get::<Interfaces>(&place.key(&id))?.and_then(|own| public_of(&own, from)),
            None => None,
        },
    };
    Ok(Way { public, endpoint: None })
}

fn public_of(own: &NetworkInterface, private: Ipv4Addr) -> Option<Ipv4Addr> {
    let slot = own.addresses.iter().find(|own| own.address == private)?;
    slot.public.as_ref().map(|public| public.address)
}
