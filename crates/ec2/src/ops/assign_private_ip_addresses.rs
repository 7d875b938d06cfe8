//! AssignPrivateIpAddresses: secondary addresses, chosen or taken over from another interface.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::{Reader, Tx};

use crate::addresses;
use crate::elastic;
use crate::faults::{self, unsupported};
use crate::instance_types;
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::lifecycle;
use crate::model::{
    AssignPrivateIpAddresses, AssignPrivateIpAddressesRequest, AssignPrivateIpAddressesResult,
    AssignedPrivateIpAddress,
};
use crate::network;
use crate::place::Place;
use crate::records::{Associated, ElasticAddresses, NetworkInterface, PrivateAddress, Subnets};

/// The most addresses of an interface that is attached to nothing.
const UNATTACHED: u32 = 50;

impl Operation for AssignPrivateIpAddresses {
    type Access = Write;

    fn needs(input: &AssignPrivateIpAddressesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_interface(ec2::AssignPrivateIpAddresses, at, &input.network_interface_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssignPrivateIpAddressesResult, Fault> {
        let (place, env, now, input) = (Place::here(req), req.env, req.now, req.input);
        let tx = req.tx()?;
        let mut own = interfaces::own(tx, place, &input.network_interface_id)?;
        let (list, count) = wished(input)?;
        let subnet = network::must::<Subnets>(tx, place, &own.subnet, faults::no_subnet)?;
        let cidr = network::block(&subnet.cidr)?;
        let mut assigned = Vec::new();
        for text in list {
            let address = addresses::wished(cidr, text)?;
            if own.addresses.iter().any(|has| has.address == address) {
                continue;
            }
            let moved = match addresses::owner(tx, place, &subnet.id, address)? {
                Some(_) if input.allow_reassignment != Some(true) => {
                    return Err(faults::invalid(format!(
                        "[{address}] is assigned, but move is not allowed."
                    )));
                }
                Some(other) => taken_over(tx, place, &other, &own.id, address)?,
                None => PrivateAddress { address, public: None },
            };
            addresses::claim_private(tx, place, &subnet.id, address, &own.id)?;
            own.addresses.push(moved);
            assigned.push(address);
        }
        check_count(tx, place, now, &own, count)?;
        let from = u32::from_be_bytes(env.random());
        for next in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            let from = from.wrapping_add(next);
            let address = addresses::take_private(tx, env, place, (&subnet.id, cidr), from, &own.id)?;
            own.addresses.push(PrivateAddress { address, public: None });
            assigned.push(address);
        }
        interfaces::put(tx, &own)?;
        let wire = |address: std::net::Ipv4Addr| AssignedPrivateIpAddress {
            private_ip_address: Some(address.to_string()),
        };
        Ok(AssignPrivateIpAddressesResult {
            network_interface_id: Some(own.id),
            assigned_private_ip_addresses: Some(assigned.into_iter().map(wire).collect()),
            assigned_ipv4_prefixes: Some(Vec::new()),
        })
    }
}

fn wished(input: &AssignPrivateIpAddressesRequest) -> Result<(&[String], usize), Fault> {
    let prefixes = input.ipv4_prefixes.as_ref().is_some_and(|list| !list.is_empty());
    if prefixes || input.ipv4_prefix_count.is_some_and(|count| count != 0) {
        return Err(unsupported("A prefix"));
    }
    let list = input.private_ip_addresses.as_deref().unwrap_or_default();
    let count = input.secondary_private_ip_address_count.unwrap_or(0);
    if !list.is_empty() && count != 0 {
        let text = "The parameter secondaryPrivateIpAddressCount cannot be used with the parameter privateIpAddresses";
        return Err(faults::combination(text));
    }
    match usize::try_from(count) {
        Ok(0) if list.is_empty() => {
            Err(faults::missing("privateIpAddresses or secondaryPrivateIpAddressCount"))
        }
        Ok(count) if count <= 50 => Ok((list, count)),
        Ok(_) => Err(too_many()),
        Err(_) => {
            let why = "It must not be negative.";
            Err(faults::invalid_value(count, "secondaryPrivateIpAddressCount", why))
        }
    }
}

fn too_many() -> Fault {
    faults::other("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")
}

/// As many as the type of its instance may have.
fn check_count(
    db: &Reader,
    place: Place<'_>,
    now: rolecall_base::Time,
    own: &NetworkInterface,
    more: usize,
) -> Result<(), Fault> {
    let most = match own.instance() {
        Some(id) => {
            let kind = lifecycle::get(db, place, id, now)?.instance_type;
            instance_types::find(&kind).map_or(1, |found| found.addresses)
        }
        None => UNATTACHED,
    };
    let count = own.addresses.len().saturating_add(more);
    if count > usize::try_from(most).unwrap_or(usize::MAX) { Err(too_many()) } else { Ok(()) }
}

/// Takes a secondary address from another interface; an elastic address goes with it.
fn taken_over(
    tx: &mut Tx,
    place: Place<'_>,
    from: &str,
    to: &str,
    address: std::net::Ipv4Addr,
) -> Result<PrivateAddress, Fault> {
    let mut other = interfaces::own(tx, place, from)?;
    let at = other.addresses.iter().position(|own| own.address == address).filter(|at| *at > 0);
    let Some(at) = at else {
        return Err(faults::invalid(format!("[{address}] is a primary address and can't be moved.")));
    };
    let moved = other.addresses.remove(at);
    interfaces::put(tx, &other)?;
    if let Some(own) = moved.public.as_ref().and_then(|public| public.elastic.as_ref()) {
        let mut row = elastic::get(tx, place, &own.allocation)?;
        let id = own.association.clone();
        row.association = Some(Associated { id, interface: to.to_owned(), private: address });
        tx.put::<ElasticAddresses>(&place.key(&row.id), &row)?;
    }
    Ok(moved)
}
