//! The questions about what networks consist of: each kind with the condition keys that its actions take.
//!
//! What does not exist is asked about all the same, without tags and keys, so that a stranger is not told.

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, Kind, On, Takes};
use rolecall_base::Fault;
use rolecall_door::{At, Needs, Question};

use super::lookup::get;
use crate::place::Place;
use crate::records::{NetworkAcls, RouteTables, Subnets, Vpcs};
use crate::tags;

macro_rules! action_on {
    ($(#[$doc:meta] $name:ident: $kind:ident [$($key:ident)*];)*) => {$(
        #[$doc]
        pub trait $name: Action + On<kind::$kind> + Takes<key::Region> $(+ Takes<key::$key>)* {}

        impl<A: Action + On<kind::$kind> + Takes<key::Region> $(+ Takes<key::$key>)*> $name for A {}
    )*};
}

action_on! {
    /// An action on a VPC.
    OnVpc: Vpc [Tenancy VpcID];
    /// An action on a subnet.
    OnSubnet: Subnet [AvailabilityZone AvailabilityZoneId SubnetID Vpc];
    /// An action on a route table.
    OnRouteTable: RouteTable [RouteTableID Vpc];
    /// An action on a network access list.
    OnNetworkAcl: NetworkAcl [NetworkAclID Vpc];
    /// An action on an internet gateway.
    OnInternetGateway: InternetGateway [InternetGatewayID];
    /// An action on a set of DHCP options.
    OnDhcpOptions: DhcpOptions [DhcpOptionsID];
}

/// An action on something that is there, or is said to be, with its tags.
///
/// # Errors
/// When the store can't be read.
pub fn on_existing<A, K>(action: A, _: K, at: &At<'_>, id: &str) -> Result<Question<A>, Fault>
where
    A: Action + On<K> + Takes<key::Region>,
    K: Kind,
{
    let place = Place::of(at);
    let resource = place.resource::<K>(id).tagged(tags::of(at.db()?, place, id)?);
    Ok(Needs::action(action).on(&resource).key(key::Region, Some(at.region)))
}

/// # Errors
/// When the store can't be read.
pub fn on_vpc<A: OnVpc>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let vpc = get::<Vpcs>(at.db()?, Place::of(at), id)?;
    let question = on_existing(action, kind::Vpc, at, id)?.key(key::VpcID, Some(id));
    Ok(question.key(key::Tenancy, vpc.map(|vpc| vpc.tenancy())))
}

/// # Errors
/// When the store can't be read.
pub fn on_subnet<A: OnSubnet>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let place = Place::of(at);
    let subnet = get::<Subnets>(at.db()?, place, id)?;
    Ok(on_existing(action, kind::Subnet, at, id)?
        .key(key::SubnetID, Some(id))
        .key(key::AvailabilityZone, subnet.as_ref().map(|subnet| subnet.zone.as_str()))
        .key(key::AvailabilityZoneId, subnet.as_ref().map(|subnet| subnet.zone_id.as_str()))
        .key(key::Vpc, subnet.map(|subnet| place.arn("vpc", &subnet.vpc))))
}

/// # Errors
/// When the store can't be read.
pub fn on_route_table<A: OnRouteTable>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let place = Place::of(at);
    let table = get::<RouteTables>(at.db()?, place, id)?;
    Ok(on_existing(action, kind::RouteTable, at, id)?
        .key(key::RouteTableID, Some(id))
        .key(key::Vpc, table.map(|table| place.arn("vpc", &table.vpc))))
}

/// # Errors
/// When the store can't be read.
pub fn on_network_acl<A: OnNetworkAcl>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let place = Place::of(at);
    let acl = get::<NetworkAcls>(at.db()?, place, id)?;
    Ok(on_existing(action, kind::NetworkAcl, at, id)?
        .key(key::NetworkAclID, Some(id))
        .key(key::Vpc, acl.map(|acl| place.arn("vpc", &acl.vpc))))
}

/// # Errors
/// When the store can't be read.
pub fn on_internet_gateway<A>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault>
where
    A: OnInternetGateway,
{
    Ok(on_existing(action, kind::InternetGateway, at, id)?.key(key::InternetGatewayID, Some(id)))
}

/// # Errors
/// When the store can't be read.
pub fn on_dhcp_options<A: OnDhcpOptions>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    Ok(on_existing(action, kind::DhcpOptions, at, id)?.key(key::DhcpOptionsID, Some(id)))
}
