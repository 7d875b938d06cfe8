//! Routes: what a request describes, where it leads, and whether what it leads to is there.

use rolecall_base::Fault;
use rolecall_store::Reader;

use super::block::{block, holds, of_request};
use super::lookup::get;
use super::refusals;
use crate::faults;
use crate::instances;
use crate::place::Place;
use crate::prefix_lists;
use crate::records::{
    Interfaces, InternetGateways, NatGateways, NetworkInterface, PrefixListRows, Route, RouteTable, Via, Vpc,
    Vpcs,
};

/// Whether traffic gets through a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub active: bool,
    /// The instance that the route's interface is attached to.
    pub instance: Option<String>,
}

impl State {
    /// `active` or `blackhole`
    pub fn word(&self) -> &'static str {
        if self.active { "active" } else { "blackhole" }
    }
}

/// The state of a route of a VPC: one whose target is gone or detached leads nowhere.
///
/// # Errors
/// When the store can't be read.
pub fn state(db: &Reader, place: Place<'_>, vpc: &str, route: &Route) -> Result<State, Fault> {
    let only = |active| State { active, instance: None };
    Ok(match &route.via {
        Via::Local => only(true),
        Via::Internet(id) => {
            let gateway = get::<InternetGateways>(db, place, id)?;
            only(gateway.is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc)))
        }
        Via::Nat(id) => only(db.get::<NatGateways>(&place.key(id))?.is_some_and(|nat| nat.deleted.is_none())),
        Via::Interface(id) => {
            let interface = db.get::<Interfaces>(&place.key(id))?;
            let instance = interface.as_ref().and_then(NetworkInterface::instance).map(str::to_owned);
            State { active: instance.is_some(), instance }
        }
        // The route goes with its endpoint, and a peering's with the peering's end.
        Via::Endpoint(_) => only(true),
        Via::Peering(_) => only(false),
    })
}

/// What CreateRoute, ReplaceRoute and DeleteRoute are told of a destination.
#[derive(Clone, Copy, Debug, Default)]
pub struct Destination<'a> {
    pub block: Option<&'a str>,
    pub ipv6: Option<&'a str>,
    pub prefix_list: Option<&'a str>,
}

impl Destination<'_> {
    /// The destination as routes keep it.
    ///
    /// # Errors
    /// MissingParameter for none, UnsupportedOperation for IPv6, InvalidParameterValue for what is no block.
    pub fn parsed(self) -> Result<String, Fault> {
        match (self.block, self.ipv6, self.prefix_list) {
            (Some(cidr), None, None) => Ok(of_request(cidr, "destinationCidrBlock")?.to_string()),
            (None, None, Some(list)) => Ok(list.to_owned()),
            (None, Some(_), None) => Err(faults::unsupported("A route of IPv6 addresses")),
            (None, None, None) => Err(faults::other(
                "MissingParameter",
                "The request must contain the parameter destinationCidrBlock or destinationIpv6CidrBlock or destinationPrefixListId",
            )),
            _ => Err(faults::combination(
                "Only one of destinationCidrBlock, destinationIpv6CidrBlock and destinationPrefixListId may be specified",
            )),
        }
    }
}

/// What CreateRoute and ReplaceRoute are told of a target.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    pub gateway: Option<&'a str>,
    pub nat: Option<&'a str>,
    pub interface: Option<&'a str>,
    pub instance: Option<&'a str>,
    pub peering: Option<&'a str>,
    pub local: bool,
    /// The name of a parameter that is about a kind of target that there is not here.
    pub foreign: Option<&'static str>,
}

impl Target<'_> {
    /// The target as routes keep it, if it is there and of this VPC.
    ///
    /// # Errors
    /// The NotFound of its kind, InvalidParameterValue for one of another network.
    pub fn found(self, db: &Reader, place: Place<'_>, table: &RouteTable) -> Result<Via, Fault> {
        if let Some(foreign) = self.foreign {
            return Err(faults::unsupported(&format!("The parameter {foreign}")));
        }
        let given = [self.gateway, self.nat, self.interface, self.instance, self.peering];
        match given.iter().flatten().count() + usize::from(self.local) {
            1 => {}
            0 => {
                let text = "The request must contain the parameter gatewayId or instanceId or networkInterfaceId or vpcPeeringConnectionId or natGatewayId";
                return Err(faults::other("MissingParameter", text));
            }
            _ => return Err(faults::combination("Only one target of a route may be specified")),
        }
        if self.local || self.gateway == Some("local") {
            return Ok(Via::Local);
        }
        if let Some(id) = self.gateway {
            return gateway(db, place, table, id);
        }
        if let Some(id) = self.nat {
            return nat(db, place, table, id);
        }
        if let Some(id) = self.peering {
            let text = format!("The vpcPeeringConnection ID '{id}' does not exist");
            return Err(faults::other("InvalidVpcPeeringConnectionID.NotFound", text));
        }
        interface(db, place, table, self.interface, self.instance)
    }
}

fn elsewhere(table: &RouteTable, kind: &str, id: &str) -> Fault {
    faults::invalid(format!("route table {} and {kind} {id} belong to different networks", table.id))
}

fn gateway(db: &Reader, place: Place<'_>, table: &RouteTable, id: &str) -> Result<Via, Fault> {
    if id.starts_with("vpce-") {
        // AWS adds these routes itself, with the endpoint.
        return Err(faults::invalid(format!(
            "Cannot create or replace a prefix list route targeting a VPC Endpoint {id}."
        )));
    }
    let missing =
        || faults::other("InvalidGatewayID.NotFound", format!("The gateway ID '{id}' does not exist"));
    let found = get::<InternetGateways>(db, place, id)?.ok_or_else(missing)?;
    if found.vpc.as_deref() != Some(table.vpc.as_str()) {
        return Err(elsewhere(table, "network gateway", id));
    }
    Ok(Via::Internet(found.id))
}

fn nat(db: &Reader, place: Place<'_>, table: &RouteTable, id: &str) -> Result<Via, Fault> {
    let found = db.get::<NatGateways>(&place.key(id))?.filter(|nat| nat.deleted.is_none());
    let Some(found) = found else {
        let text = format!("The natGateway ID '{id}' does not exist");
        return Err(faults::other("InvalidNatGatewayID.NotFound", text));
    };
    if found.vpc != table.vpc {
        return Err(elsewhere(table, "natGateway", id));
    }
    Ok(Via::Nat(found.id))
}

fn interface(
    db: &Reader,
    place: Place<'_>,
    table: &RouteTable,
    interface: Option<&str>,
    instance: Option<&str>,
) -> Result<Via, Fault> {
    let found = match (interface, instance) {
        (Some(id), _) => db.get::<Interfaces>(&place.key(id))?.ok_or_else(|| faults::no_interface(id))?,
        (None, id) => only_interface(db, place, id.unwrap_or_default())?,
    };
    if found.vpc != table.vpc {
        return Err(elsewhere(table, "interface", &found.id));
    }
    Ok(Via::Interface(found.id))
}

fn only_interface(db: &Reader, place: Place<'_>, id: &str) -> Result<NetworkInterface, Fault> {
    let instance = instances::find(db, id)?
        .filter(|own| own.account == place.account && own.region == place.region)
        .ok_or_else(|| faults::no_instances(&[id]))?;
    let mut own = crate::interfaces::of(db, &instance)?;
    if own.len() > 1 {
        let text = format!(
            "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for the operation instead."
        );
        return Err(faults::other("InvalidInstanceID", text));
    }
    own.pop().ok_or_else(|| faults::no_instances(&[id]))
}

/// Checks a new route's destination and target against a VPC: what is within it stays within it.
///
/// # Errors
/// InvalidParameterValue, and NotFound for a prefix list of which there is none.
pub fn check(db: &Reader, place: Place<'_>, table: &RouteTable, to: &str, via: &Via) -> Result<(), Fault> {
    let missing = || faults::no_vpc(&table.vpc);
    let vpc = get::<Vpcs>(db, place, &table.vpc)?.ok_or_else(missing)?;
    if to.starts_with("pl-") {
        return prefix_list(db, place, to);
    }
    let to = block(to)?;
    let mut within = false;
    for own in vpc.cidrs() {
        within |= block(own)? == to;
    }
    if *via == Via::Local && !within {
        let text = format!("The destination CIDR block {to} must be that of the VPC for the target local");
        return Err(faults::invalid(text));
    }
    if *via != Via::Local && !within && inside(&vpc, to)? && !matches!(via, Via::Interface(_) | Via::Nat(_)) {
        let text = format!(
            "The destination CIDR block {to} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
        );
        return Err(faults::invalid(text));
    }
    Ok(())
}

fn inside(vpc: &Vpc, to: rolecall_compute::Cidr) -> Result<bool, Fault> {
    for own in vpc.cidrs() {
        if holds(block(own)?, to) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Such a route would lead nowhere: routers here know blocks alone.
fn prefix_list(db: &Reader, place: Place<'_>, id: &str) -> Result<(), Fault> {
    if db.exists::<PrefixListRows>(&place.key(id))? {
        return Err(faults::unsupported("A route to a prefix list"));
    }
    Err(prefix_lists::no_list(id))
}

/// The place of a route in its table.
///
/// # Errors
/// InvalidRoute.NotFound
pub fn position(table: &RouteTable, to: &str) -> Result<usize, Fault> {
    let found = table.routes.iter().position(|route| route.to == to);
    found.ok_or_else(|| refusals::no_route(to, &table.id))
}
