//! NAT gateways: each has an interface in its subnet; a public one has an elastic address on it.

use std::net::Ipv4Addr;
use std::time::Duration;

use rolecall_base::{Fault, Time};
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use super::block::block;
use super::{put_in, refusals, rows, take_out, token};
use crate::addresses;
use crate::elastic;
use crate::faults;
use crate::interfaces;
use crate::model::CreateNatGatewayRequest;
use crate::place::Place;
use crate::records::{
    ElasticAddress, Interfaces, NatAddress, NatElastic, NatGateway, NatGateways, NetworkInterface,
    PrivateAddress, Requester, Subnet, Subnets, Vpcs,
};
use crate::tags;
use crate::wiring::touch;

/// How long a deleted gateway is still described.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// Further addresses of a gateway.
const PUBLIC_ADDRESSES: usize = 1;
const PRIVATE_ADDRESSES: usize = 7;

/// Whether it is no longer described.
pub fn is_over(nat: &NatGateway, now: Time) -> bool {
    nat.deleted.is_some_and(|deleted| now.since(deleted) >= REMEMBERED)
}

/// What a new gateway is to have.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    pub subnet: &'a str,
    pub public: bool,
    /// Ids of elastic addresses, the primary one's first.
    pub allocations: Vec<&'a str>,
    primary: Option<&'a str>,
    secondary: &'a [String],
    /// Private addresses in all.
    count: usize,
}

impl<'a> Wish<'a> {
    /// What a request asks for.
    ///
    /// # Errors
    /// UnsupportedOperation for regional gateways, MissingParameter, InvalidParameterCombination,
    /// InvalidParameterValue for too many addresses.
    pub fn of(input: &'a CreateNatGatewayRequest) -> Result<Wish<'a>, Fault> {
        let regional = input.availability_mode.as_deref() == Some("regional")
            || input.vpc_id.is_some()
            || input.availability_zone_addresses.is_some();
        if regional {
            return Err(faults::unsupported("A regional NAT gateway"));
        }
        let Some(subnet) = input.subnet_id.as_deref() else { return Err(faults::missing("subnetId")) };
        let public = input.connectivity_type.as_deref() != Some("private");
        let further = input.secondary_allocation_ids.as_deref().unwrap_or_default();
        let allocations: Vec<&str> = input.allocation_id.iter().chain(further).map(String::as_str).collect();
        let secondary = input.secondary_private_ip_addresses.as_deref().unwrap_or_default();
        let wished = input.secondary_private_ip_address_count;
        check(public, input.allocation_id.is_some(), &allocations, secondary, wished)?;
        let more = usize::try_from(wished.unwrap_or(0)).unwrap_or(0);
        let count = 1 + more.max(secondary.len()).max(further.len());
        Ok(Wish {
            subnet,
            public,
            allocations,
            primary: input.private_ip_address.as_deref(),
            secondary,
            count,
        })
    }

    /// The interface of a new gateway, with its addresses; not written yet.
    ///
    /// # Errors
    /// InvalidParameterValue, InvalidIPAddress.InUse, InsufficientFreeAddressesInSubnet.
    pub fn interface(
        &self,
        tx: &mut Tx,
        env: &Env,
        place: Place<'_>,
        subnet: &Subnet,
        nat: &str,
    ) -> Result<NetworkInterface, Fault> {
        let cidr = block(&subnet.cidr)?;
        let mut wished: Vec<Ipv4Addr> = Vec::new();
        for text in self.primary.into_iter().chain(self.secondary.iter().map(String::as_str)) {
            let address = addresses::wished(cidr, text)?;
            let taken = addresses::owner(tx, place, &subnet.id, address)?.is_some();
            if taken || wished.contains(&address) {
                return Err(faults::address_taken(address));
            }
            wished.push(address);
        }
        let new = interfaces::New {
            subnet,
            cidr,
            addresses: wished,
            count: self.count,
            from: None,
            groups: Vec::new(),
            description: format!("Interface for NAT Gateway {nat}"),
            public: false,
            requester: Some(Requester { id: "amazon-aws".into(), kind: "nat_gateway".into() }),
        };
        let mut made = interfaces::make(tx, env, place, new)?;
        if self.primary.is_none() && !self.secondary.is_empty() {
            // What was chosen comes last; it is to be the primary one.
            let last = made.addresses.len().saturating_sub(1);
            made.addresses.swap(0, last);
        }
        made.source_dest_check = false;
        Ok(made)
    }
}

fn check(
    public: bool,
    allocated: bool,
    allocations: &[&str],
    secondary: &[String],
    wished: Option<i32>,
) -> Result<(), Fault> {
    if public && !allocated {
        return Err(faults::missing("allocationId"));
    }
    if !public && !allocations.is_empty() {
        return Err(faults::combination("An Elastic IP address can't be given to a private NAT gateway"));
    }
    if wished.is_some() && (public || !secondary.is_empty()) {
        let text =
            "SecondaryPrivateIpAddressCount is for private NAT gateways without SecondaryPrivateIpAddresses";
        return Err(faults::combination(text));
    }
    if wished.is_some_and(|count| count < 1) {
        return Err(faults::invalid_value(
            wished.unwrap_or(0),
            "secondaryPrivateIpAddressCount",
            "It must be at least 1.",
        ));
    }
    if public && secondary.len() > allocations.len().saturating_sub(1) {
        let text =
            "Each secondary private address of a public NAT gateway needs a secondary Elastic IP address";
        return Err(faults::combination(text));
    }
    let most = if public { PUBLIC_ADDRESSES } else { PRIVATE_ADDRESSES };
    let further = allocations.len().saturating_sub(1).max(secondary.len());
    if further > most || wished.is_some_and(|count| usize::try_from(count).unwrap_or(0) > most) {
        let text = format!("A NAT gateway of this kind has up to {most} secondary addresses");
        return Err(faults::other("NatGatewayAddressLimitExceeded", text));
    }
    Ok(())
}

/// A new gateway with its interface, which is written; the gateway itself is not. `go_on` says whether to, once
/// everything is checked.
///
/// # Errors
/// InvalidSubnetID.NotFound, InvalidAllocationID.NotFound, NatGatewayLimitExceeded, and what addresses are refused for.
pub fn make(
    tx: &mut Tx,
    env: &Env,
    place: Place<'_>,
    wish: &Wish<'_>,
    go_on: impl FnOnce() -> Result<(), Fault>,
) -> Result<NatGateway, Fault> {
    let subnet = super::must::<Subnets>(tx, place, wish.subnet, faults::no_subnet)?;
    let allocations: Result<Vec<_>, Fault> =
        wish.allocations.iter().map(|id| elastic::get(tx, place, id)).collect();
    let allocations = allocations?;
    check_room(tx, place, &subnet.zone)?;
    let now = env.now().whole_seconds();
    let nat = NatGateway {
        id: env.resource_id("nat"),
        vpc: subnet.vpc.clone(),
        subnet: subnet.id.clone(),
        public: wish.public,
        created: now,
        ..NatGateway::default()
    };
    if let Some(failure) = failure(tx, place, &nat, &allocations)? {
        go_on()?;
        return Ok(NatGateway { failure: Some(failure), deleted: Some(now), ..nat });
    }
    let interface = wish.interface(tx, env, place, &subnet, &nat.id)?;
    go_on()?;
    interfaces::put(tx, &interface)?;
    for (own, slot) in allocations.into_iter().zip(&interface.addresses) {
        elastic::associate(tx, env, place, own, &interface.id, slot.address)?;
    }
    put_in(tx, place, &nat.vpc, &nat.id)?;
    let interface = interfaces::get(tx, place, &interface.id)?;
    Ok(NatGateway { addresses: addresses_of(&interface), ..nat })
}

/// Why a gateway that is made all the same won't work, as AWS finds out while it is pending.
fn failure(
    db: &Reader,
    place: Place<'_>,
    nat: &NatGateway,
    allocations: &[ElasticAddress],
) -> Result<Option<(String, String)>, Fault> {
    if !nat.public {
        return Ok(None);
    }
    let because = |code: &str, text: String| Ok(Some((code.to_owned(), text)));
    let vpc = super::must::<Vpcs>(db, place, &nat.vpc, faults::no_vpc)?;
    if vpc.internet_gateway.is_none() {
        let text = format!("Network {} has no Internet gateway attached", vpc.id);
        return because("Gateway.NotAttached", text);
    }
    let mut seen = Vec::new();
    for own in allocations {
        if own.association.is_some() || seen.contains(&&own.id) {
            let text = format!("Elastic IP address {} is already associated", own.id);
            return because("Resource.AlreadyAssociated", text);
        }
        seen.push(&own.id);
    }
    Ok(None)
}

/// Ends a gateway: its interface goes, it is described for a while.
///
/// # Errors
/// When the store can't be read.
pub fn end(tx: &mut Tx, place: Place<'_>, now: Time, mut nat: NatGateway) -> Result<(), Fault> {
    for id in nat.addresses.iter().map(|own| &own.interface).collect::<std::collections::BTreeSet<_>>() {
        if let Some(interface) = tx.get::<Interfaces>(&place.key(id))? {
            interfaces::remove(tx, &interface)?;
        }
    }
    nat.failure = None;
    take_out(tx, place, &nat.vpc, &nat.id)?;
    touch(tx, place, &nat.vpc)?;
    nat.deleted = Some(now.whole_seconds());
    Ok(tx.put::<NatGateways>(&place.key(&nat.id), &nat)?)
}

/// Checks that a zone has room for one more.
///
/// # Errors
/// NatGatewayLimitExceeded
fn check_room(db: &Reader, place: Place<'_>, zone: &str) -> Result<(), Fault> {
    let mut there = 0;
    for nat in rows::<NatGateways>(db, place)? {
        let subnet = super::get::<Subnets>(db, place, &nat.subnet)?;
        there += usize::from(nat.deleted.is_none() && subnet.is_some_and(|subnet| subnet.zone == zone));
    }
    refusals::within(there, refusals::NAT_GATEWAYS, "NatGatewayLimitExceeded", "NAT gateways")
}

/// Forgets what was deleted long ago.
///
/// # Errors
/// When the store can't be read.
pub fn sweep(tx: &mut Tx, place: Place<'_>, now: Time) -> Result<(), Fault> {
    for nat in rows::<NatGateways>(tx, place)?.into_iter().filter(|nat| is_over(nat, now)) {
        tags::put(tx, place, &nat.id, Default::default())?;
        token::forget(tx, place, nat.token.as_deref())?;
        tx.delete::<NatGateways>(&place.key(&nat.id))?;
    }
    Ok(())
}

/// The addresses of a new gateway, as its record keeps them.
fn addresses_of(interface: &NetworkInterface) -> Vec<NatAddress> {
    let own = |own: &PrivateAddress| NatAddress {
        interface: interface.id.clone(),
        private: own.address,
        elastic: own.public.as_ref().and_then(|public| {
            let elastic = public.elastic.as_ref()?;
            Some(NatElastic {
                allocation: elastic.allocation.clone(),
                association: elastic.association.clone(),
                address: public.address,
            })
        }),
    };
    interface.addresses.iter().map(own).collect()
}
