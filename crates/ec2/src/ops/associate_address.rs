//! AssociateAddress: an elastic address for a private one of an instance or an interface.

use std::net::Ipv4Addr;

use rolecall_actions::ec2;
use rolecall_base::{Fault, Time};
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::Reader;

use crate::elastic::{self, on_elastic};
use crate::faults;
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::lifecycle;
use crate::model::{AssociateAddress, AssociateAddressRequest, AssociateAddressResult};
use crate::network;
use crate::place::Place;
use crate::questions::on_instance;
use crate::records::{ElasticAddress, NetworkInterface, Vpcs};

impl Operation for AssociateAddress {
    type Access = Write;

    fn needs(input: &AssociateAddressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut needs = on_elastic(ec2::AssociateAddress, at, input.allocation_id.as_deref())?.done();
        if let Some(id) = given(&input.instance_id) {
            needs = needs.and(on_instance(ec2::AssociateAddress, at, id)?.done());
        }
        if let Some(id) = given(&input.network_interface_id) {
            needs = needs.and(on_interface(ec2::AssociateAddress, at, id)?.done());
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssociateAddressResult, Fault> {
        let (place, env, now, input) = (Place::here(req), req.env, req.now, req.input);
        let db = req.db()?;
        elastic::told_once(given(&input.allocation_id), "allocation", given(&input.public_ip))?;
        let Some(id) = given(&input.allocation_id) else {
            return Err(match given(&input.public_ip) {
                Some(_) => faults::combination(
                    "You must specify an allocation id when mapping an address to a VPC instance",
                ),
                None => faults::missing("allocationId"),
            });
        };
        let elastic = elastic::get(db, place, id)?;
        let own = target(db, place, now, input)?;
        let private = private(input, &own)?;
        let vpc = network::must::<Vpcs>(db, place, &own.vpc, faults::no_vpc)?;
        if vpc.internet_gateway.is_none() {
            let text = format!("Network {} is not attached to any internet gateway", own.vpc);
            return Err(faults::other("Gateway.NotAttached", text));
        }
        if let Some(association) = has_already(&elastic, &own, private, input.allow_reassociation)? {
            faults::dry_run(input.dry_run)?;
            return Ok(AssociateAddressResult { association_id: Some(association) });
        }
        faults::dry_run(input.dry_run)?;
        let association = elastic::associate(req.tx()?, env, place, elastic, &own.id, private)?;
        Ok(AssociateAddressResult { association_id: Some(association) })
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// The interface that is meant.
fn target(
    db: &Reader,
    place: Place<'_>,
    now: Time,
    input: &AssociateAddressRequest,
) -> Result<NetworkInterface, Fault> {
    match (given(&input.instance_id), given(&input.network_interface_id)) {
        (None, None) => Err(faults::missing("instanceId or networkInterfaceId")),
        (Some(_), Some(_)) => Err(faults::combination(
            "You may specify either the instance ID or the network interface ID, but not both",
        )),
        (None, Some(id)) => interfaces::own(db, place, id),
        (Some(id), None) => {
            let instance = lifecycle::get(db, place, id, now)?;
            if instance.state.is_ending() {
                let text = format!("The instance '{id}' is not in a valid state for this operation.");
                return Err(faults::other("InvalidInstanceID", text));
            }
            if instance.interfaces.len() > 1 {
                let text = format!(
                    "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for the operation instead."
                );
                return Err(faults::other("InvalidInstanceID", text));
            }
            interfaces::primary(db, &instance)
        }
    }
}

fn private(input: &AssociateAddressRequest, own: &NetworkInterface) -> Result<Ipv4Addr, Fault> {
    let Some(text) = given(&input.private_ip_address) else { return Ok(own.private_ip()) };
    let found = own.addresses.iter().find(|has| has.address.to_string() == text);
    found.map(|has| has.address).ok_or_else(|| {
        let why = format!("Address is not assigned to interface {}.", own.id);
        faults::invalid_value(text, "privateIpAddress", &why)
    })
}

/// The association when it is so already.
///
/// # Errors
/// Resource.AlreadyAssociated for another one that may not be changed.
fn has_already(
    elastic: &ElasticAddress,
    own: &NetworkInterface,
    private: Ipv4Addr,
    may_move: Option<bool>,
) -> Result<Option<String>, Fault> {
    if may_move == Some(false) {
        let slot = own.addresses.iter().find(|has| has.address == private);
        let other = slot.and_then(|slot| slot.public.as_ref()?.elastic.as_ref());
        let pairs = [
            elastic.association.as_ref().map(|has| (&elastic.id, &has.id)),
            other.map(|has| (&own.id, &has.association)),
        ];
        if let Some((resource, association)) = pairs.into_iter().flatten().next() {
            let text = format!("resource {resource} is already associated with associate-id {association}");
            return Err(faults::other("Resource.AlreadyAssociated", text));
        }
    }
    let same = elastic.association.as_ref().filter(|has| has.interface == own.id && has.private == private);
    Ok(same.map(|has| has.id.clone()))
}
