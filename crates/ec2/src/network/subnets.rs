//! Making and removing subnets: each stands in its VPC's blocks, beside the others, under an access list.

use rolecall_base::Fault;
use rolecall_compute::Cidr;
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use super::block::{block, holds, overlap};
use super::{get, in_vpc, own_association, put_in, refusals, take_out};
use crate::faults;
use crate::place::Place;
use crate::records::{
    AssociationOwners, NetworkAcl, NetworkAcls, RouteTables, Subnet, SubnetAssociation, Subnets, Vpc,
};
use crate::regions;
use crate::tags;

/// The subnets of a VPC.
///
/// # Errors
/// When the store can't be read.
pub fn of_vpc(db: &Reader, place: Place<'_>, vpc: &str) -> Result<Vec<Subnet>, Fault> {
    let mut found = Vec::new();
    for id in in_vpc(db, place, vpc, "subnet-")? {
        found.extend(get::<Subnets>(db, place, &id)?);
    }
    Ok(found)
}

/// The zone that a request names by its name or id; without either, one after the other.
///
/// # Errors
/// InvalidParameterValue for a zone of elsewhere, InvalidParameterCombination for two that are not the same.
pub fn zone(
    place: Place<'_>,
    name: Option<&str>,
    id: Option<&str>,
    there: usize,
) -> Result<(String, String), Fault> {
    let zones = regions::zones(place.region);
    let names: Vec<_> = zones.iter().map(|(name, _)| name.as_str()).collect();
    let ids: Vec<_> = zones.iter().map(|(_, id)| id.as_str()).collect();
    let invalid = |value: &str, parameter: &str, all: &[&str]| {
        let why = format!(
            "Subnets can currently only be created in the following availability zones: {}.",
            all.join(", ")
        );
        faults::invalid_value(value, parameter, &why)
    };
    let by_name = |name: &str| zones.iter().find(|(own, _)| own == name);
    let by_id = |id: &str| zones.iter().find(|(_, own)| own == id);
    let found = match (name, id) {
        (Some(name), None) => by_name(name).ok_or_else(|| invalid(name, "availabilityZone", &names))?,
        (None, Some(id)) => by_id(id).ok_or_else(|| invalid(id, "availabilityZoneId", &ids))?,
        (Some(_), Some(_)) => {
            let text = "Only one of availabilityZone and availabilityZoneId may be specified";
            return Err(faults::combination(text));
        }
        (None, None) => {
            let next = zones.get(there % zones.len().max(1));
            next.ok_or_else(|| Fault::internal("a region without zones"))?
        }
    };
    Ok(found.clone())
}

/// Checks that a subnet's block is in its VPC's and beside those of the others.
///
/// # Errors
/// InvalidSubnet.Range, InvalidSubnet.Conflict.
pub fn check(vpc: &Vpc, others: &[Subnet], cidr: Cidr) -> Result<(), Fault> {
    let mut within = false;
    for own in vpc.cidrs() {
        within |= holds(block(own)?, cidr);
    }
    if !within || !(16..=28).contains(&cidr.prefix) {
        return Err(refusals::subnet_range(cidr));
    }
    for other in others {
        if overlap(block(&other.cidr)?, cidr) {
            return Err(refusals::subnet_conflict(cidr));
        }
    }
    Ok(())
}

/// Writes a new subnet, under its VPC's default access list.
///
/// # Errors
/// When the store can't be read.
pub fn add(
    tx: &mut Tx,
    env: &Env,
    place: Place<'_>,
    vpc: &Vpc,
    cidr: Cidr,
    zone: (String, String),
    default: bool,
) -> Result<Subnet, Fault> {
    let subnet = Subnet {
        id: env.resource_id("subnet"),
        vpc: vpc.id.clone(),
        cidr: cidr.to_string(),
        zone: zone.0,
        zone_id: zone.1,
        default,
        public: default,
        route_table: None,
        network_acl: vpc.network_acl.clone(),
        acl_association: env.resource_id("aclassoc"),
    };
    let mut acl = default_acl(tx, place, vpc)?;
    acl.associations
        .push(SubnetAssociation { id: subnet.acl_association.clone(), subnet: subnet.id.clone() });
    tx.put::<NetworkAcls>(&place.key(&acl.id), &acl)?;
    own_association(tx, place, &subnet.acl_association, &acl.id)?;
    tx.put::<Subnets>(&place.key(&subnet.id), &subnet)?;
    put_in(tx, place, &vpc.id, &subnet.id)?;
    Ok(subnet)
}

fn default_acl(db: &Reader, place: Place<'_>, vpc: &Vpc) -> Result<NetworkAcl, Fault> {
    let acl = get::<NetworkAcls>(db, place, &vpc.network_acl)?;
    acl.ok_or_else(|| Fault::internal(format!("{} has no default access list", vpc.id)))
}

/// Removes a subnet with its associations and tags.
///
/// # Errors
/// When the store can't be read.
pub fn remove(tx: &mut Tx, place: Place<'_>, subnet: &Subnet) -> Result<(), Fault> {
    if let Some(mut acl) = get::<NetworkAcls>(tx, place, &subnet.network_acl)? {
        acl.associations.retain(|own| own.subnet != subnet.id);
        tx.put::<NetworkAcls>(&place.key(&acl.id), &acl)?;
    }
    tx.delete::<AssociationOwners>(&place.key(&subnet.acl_association))?;
    if let Some(id) = &subnet.route_table
        && let Some(mut table) = get::<RouteTables>(tx, place, id)?
    {
        for own in table.associations.iter().filter(|own| own.subnet == subnet.id) {
            tx.delete::<AssociationOwners>(&place.key(&own.id))?;
        }
        table.associations.retain(|own| own.subnet != subnet.id);
        tx.put::<RouteTables>(&place.key(&table.id), &table)?;
    }
    tx.delete::<Subnets>(&place.key(&subnet.id))?;
    take_out(tx, place, &subnet.vpc, &subnet.id)?;
    tags::put(tx, place, &subnet.id, Default::default())
}
