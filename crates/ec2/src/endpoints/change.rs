//! What an endpoint adds to route tables and subnets, and takes away again.

use rolecall_base::Fault;
use rolecall_env::Env;
use rolecall_store::Tx;

use crate::faults;
use crate::groups;
use crate::interfaces;
use crate::network::{self, must, rows, token};
use crate::place::Place;
use crate::prefix_lists::id_of;
use crate::records::{
    EndpointSubnet, Interfaces, Requester, Route, RouteTables, Subnets, Via, VpcEndpoint, VpcEndpoints,
};
use crate::tags;
use crate::wiring::touch;

/// Leads the service's addresses in some route tables to a gateway endpoint.
///
/// # Errors
/// InvalidRouteTableID.NotFound, InvalidParameter for another VPC's, RouteAlreadyExists.
pub fn add_routes(tx: &mut Tx, place: Place<'_>, own: &VpcEndpoint, tables: &[String]) -> Result<(), Fault> {
    let to = id_of(place.region, &own.service);
    for id in tables {
        let mut table = must::<RouteTables>(tx, place, id, faults::no_route_table)?;
        if table.vpc != own.vpc {
            let text = format!("Route table {id} and network {} belong to different networks.", own.vpc);
            return Err(faults::other("InvalidParameter", text));
        }
        if table.routes.iter().any(|route| route.to == to) {
            let text = format!("route table {id} already has a route with destination-prefix-list-id {to}");
            return Err(faults::other("RouteAlreadyExists", text));
        }
        table.routes.push(Route { to: to.clone(), via: Via::Endpoint(own.id.clone()), own: false });
        tx.put::<RouteTables>(&place.key(id), &table)?;
    }
    touch(tx, place, &own.vpc)
}

/// Takes the routes to an endpoint out of some tables; out of all for `None`.
///
/// # Errors
/// InvalidParameter for a table that has none.
pub fn remove_routes(
    tx: &mut Tx,
    place: Place<'_>,
    own: &VpcEndpoint,
    tables: Option<&[String]>,
) -> Result<(), Fault> {
    let leads = |route: &Route| matches!(&route.via, Via::Endpoint(id) if *id == own.id);
    let mut found = rows::<RouteTables>(tx, place)?;
    found.retain(|table| table.routes.iter().any(leads));
    if let Some(id) = tables.unwrap_or_default().iter().find(|id| !found.iter().any(|own| own.id == **id)) {
        let text = format!("The route table {id} is not associated with the endpoint {}", own.id);
        return Err(faults::other("InvalidParameter", text));
    }
    for mut table in found.into_iter().filter(|table| tables.is_none_or(|ids| ids.contains(&table.id))) {
        table.routes.retain(|route| !leads(route));
        tx.put::<RouteTables>(&place.key(&table.id), &table)?;
    }
    touch(tx, place, &own.vpc)
}

/// Gives an endpoint an interface in each of some subnets.
///
/// # Errors
/// InvalidSubnetID.NotFound, InvalidParameter, DuplicateSubnetsInSameZone, InsufficientFreeAddressesInSubnet.
pub fn add_interfaces(
    tx: &mut Tx,
    env: &Env,
    place: Place<'_>,
    own: &mut VpcEndpoint,
    subnets: &[String],
) -> Result<(), Fault> {
    for id in subnets {
        let subnet = must::<Subnets>(tx, place, id, faults::no_subnet)?;
        if subnet.vpc != own.vpc {
            let text = format!("Subnet {id} and network {} belong to different networks.", own.vpc);
            return Err(faults::other("InvalidParameter", text));
        }
        for other in &own.subnets {
            let other = must::<Subnets>(tx, place, &other.subnet, faults::no_subnet)?;
            if other.zone == subnet.zone {
                let text = format!("Found another VPC endpoint subnet in the availability zone of {id}");
                return Err(faults::other("DuplicateSubnetsInSameZone", text));
            }
        }
        let new = interfaces::New {
            subnet: &subnet,
            cidr: network::block(&subnet.cidr)?,
            addresses: Vec::new(),
            count: 1,
            from: None,
            groups: own.groups.clone(),
            description: format!("VPC Endpoint Interface {}", own.id),
            public: false,
            requester: Some(Requester { id: "vpc-endpoint".into(), kind: "vpc_endpoint".into() }),
        };
        let made = interfaces::make(tx, env, place, new)?;
        interfaces::put(tx, &made)?;
        own.subnets.push(EndpointSubnet { subnet: id.clone(), interface: made.id });
    }
    Ok(())
}

/// Takes an endpoint's interfaces out of some subnets; out of all for `None`.
///
/// # Errors
/// InvalidParameter for a subnet that it is not in.
pub fn remove_interfaces(
    tx: &mut Tx,
    place: Place<'_>,
    own: &mut VpcEndpoint,
    subnets: Option<&[String]>,
) -> Result<(), Fault> {
    let has = |id: &String| own.subnets.iter().any(|own| own.subnet == *id);
    if let Some(id) = subnets.unwrap_or_default().iter().find(|id| !has(id)) {
        let text = format!("The subnet {id} is not associated with the endpoint {}", own.id);
        return Err(faults::other("InvalidParameter", text));
    }
    let (gone, left) =
        own.subnets.drain(..).partition(|own| subnets.is_none_or(|ids| ids.contains(&own.subnet)));
    own.subnets = left;
    let gone: Vec<EndpointSubnet> = gone;
    for one in gone {
        if let Some(interface) = tx.get::<Interfaces>(&place.key(&one.interface))? {
            interfaces::remove(tx, &interface)?;
        }
    }
    Ok(())
}

/// Gives an endpoint's interfaces other security groups.
///
/// # Errors
/// Those of [`groups::for_interface`].
pub fn set_groups(tx: &mut Tx, place: Place<'_>, own: &mut VpcEndpoint, ids: &[String]) -> Result<(), Fault> {
    own.groups = groups::for_interface(tx, place, &own.vpc, ids)?;
    for one in &own.subnets {
        if let Some(mut interface) = tx.get::<Interfaces>(&place.key(&one.interface))? {
            interface.groups.clone_from(&own.groups);
            interfaces::put(tx, &interface)?;
        }
    }
    Ok(())
}

/// Removes an endpoint with its routes, interfaces and tags.
///
/// # Errors
/// When the store can't be read.
pub fn remove(tx: &mut Tx, place: Place<'_>, mut own: VpcEndpoint) -> Result<(), Fault> {
    remove_routes(tx, place, &own, None)?;
    remove_interfaces(tx, place, &mut own, None)?;
    network::take_out(tx, place, &own.vpc, &own.id)?;
    token::forget(tx, place, own.token.as_deref())?;
    tags::put(tx, place, &own.id, Default::default())?;
    tx.delete::<VpcEndpoints>(&place.key(&own.id))?;
    touch(tx, place, &own.vpc)
}
