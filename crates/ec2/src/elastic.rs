//! Elastic addresses: finding them, and what an association is in both of its records.

use std::net::Ipv4Addr;

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::Fault;
use rolecall_door::{At, Needs, Question};
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use crate::addresses;
use crate::faults;
use crate::interfaces;
use crate::place::Place;
use crate::records::{
    Associated, Elastic, ElasticAddress, ElasticAddresses, NetworkInterface, PublicAddress, PublicAddresses,
};
use crate::tags;

pub fn no_allocation(id: &str) -> Fault {
    faults::other("InvalidAllocationID.NotFound", format!("The allocation ID '{id}' does not exist"))
}

/// The address of an allocation id.
///
/// # Errors
/// InvalidAllocationID.NotFound.
pub fn get(db: &Reader, place: Place<'_>, id: &str) -> Result<ElasticAddress, Fault> {
    db.get::<ElasticAddresses>(&place.key(id))?.ok_or_else(|| no_allocation(id))
}

/// The account's elastic address of a number.
///
/// # Errors
/// InvalidAddress.NotFound.
pub fn by_number(db: &Reader, place: Place<'_>, text: &str) -> Result<ElasticAddress, Fault> {
    let missing = || faults::other("InvalidAddress.NotFound", format!("Address '{text}' not found."));
    let address: Ipv4Addr = text.parse().map_err(|_| missing())?;
    let row = db.get::<PublicAddresses>(&u32::from(address))?.ok_or_else(missing)?;
    db.get::<ElasticAddresses>(&place.key(&row.owner))?.ok_or_else(missing)
}

/// Writes that an address belongs to a private one of an interface; ends what either had before.
///
/// # Errors
/// When the store can't be read.
pub fn associate(
    tx: &mut Tx,
    env: &Env,
    place: Place<'_>,
    mut elastic: ElasticAddress,
    interface: &str,
    private: Ipv4Addr,
) -> Result<String, Fault> {
    disassociate(tx, place, &mut elastic)?;
    let mut own = interfaces::get(tx, place, interface)?;
    let association = env.resource_id("eipassoc");
    let slot = own.addresses.iter_mut().find(|own| own.address == private);
    let slot = slot.ok_or_else(|| Fault::internal(format!("{interface} has no {private}")))?;
    let public = PublicAddress {
        address: elastic.address,
        elastic: Some(Elastic { allocation: elastic.id.clone(), association: association.clone() }),
    };
    match slot.public.replace(public) {
        Some(PublicAddress { elastic: Some(before), .. }) => {
            let mut other = get(tx, place, &before.allocation)?;
            other.association = None;
            tx.put::<ElasticAddresses>(&place.key(&other.id), &other)?;
        }
        Some(PublicAddress { address, elastic: None }) => addresses::free_public(tx, address)?,
        None => {}
    }
    interfaces::put(tx, &own)?;
    let associated = Associated { id: association.clone(), interface: interface.to_owned(), private };
    elastic.association = Some(associated);
    tx.put::<ElasticAddresses>(&place.key(&elastic.id), &elastic)?;
    Ok(association)
}

/// Ends an address's association, if it has one; gives the interface that it was on.
///
/// # Errors
/// When the store can't be read.
pub fn disassociate(
    tx: &mut Tx,
    place: Place<'_>,
    elastic: &mut ElasticAddress,
) -> Result<Option<NetworkInterface>, Fault> {
    let Some(before) = elastic.association.take() else { return Ok(None) };
    tx.put::<ElasticAddresses>(&place.key(&elastic.id), elastic)?;
    let mut own = interfaces::get(tx, place, &before.interface)?;
    for slot in own.addresses.iter_mut().filter(|slot| slot.address == before.private) {
        slot.public = None;
    }
    interfaces::put(tx, &own)?;
    Ok(Some(own))
}

/// An interface is about to lose a private address: an elastic one on it becomes free, another one goes back.
///
/// # Errors
/// When the store can't be read.
pub fn lost(tx: &mut Tx, place: Place<'_>, public: Option<PublicAddress>) -> Result<(), Fault> {
    match public {
        Some(PublicAddress { elastic: Some(own), .. }) => {
            let mut elastic = get(tx, place, &own.allocation)?;
            elastic.association = None;
            Ok(tx.put::<ElasticAddresses>(&place.key(&elastic.id), &elastic)?)
        }
        Some(PublicAddress { address, elastic: None }) => addresses::free_public(tx, address),
        None => Ok(()),
    }
}

/// The actions on one elastic address.
pub trait OnElastic:
    Action
    + On<kind::ElasticIp>
    + Takes<key::Region>
    + Takes<key::AllocationId>
    + Takes<key::Domain>
    + Takes<key::PublicIpAddress>
{
}

impl<A> OnElastic for A where
    A: Action
        + On<kind::ElasticIp>
        + Takes<key::Region>
        + Takes<key::AllocationId>
        + Takes<key::Domain>
        + Takes<key::PublicIpAddress>
{
}

/// An action on the address of an allocation id; on any, when the request names none.
///
/// # Errors
/// When the store can't be read.
pub fn on_elastic<A: OnElastic>(action: A, at: &At<'_>, id: Option<&str>) -> Result<Question<A>, Fault> {
    let (place, db) = (Place::of(at), at.db()?);
    let id = id.filter(|id| !id.is_empty());
    let found = id.map(|id| db.get::<ElasticAddresses>(&place.key(id))).transpose()?.flatten();
    let has = tags::of(db, place, id.unwrap_or("*"))?;
    let resource = place.resource::<kind::ElasticIp>(id.unwrap_or("*")).tagged(has);
    Ok(Needs::action(action)
        .on(&resource)
        .key(key::Region, Some(at.region))
        .key(key::AllocationId, id)
        .key(key::Domain, Some("vpc"))
        .key(key::PublicIpAddress, found.map(|own| own.address.to_string())))
}

/// Refuses to be told twice which address is meant: by its id, or that of its association, and by the address itself, of
/// which one would go unheard.
///
/// # Errors
/// InvalidParameterCombination.
pub fn told_once(id: Option<&str>, name: &str, address: Option<&str>) -> Result<(), Fault> {
    let given = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    if given(id) && given(address) {
        let text = format!("You may specify public IP or {name} id, but not both in the same call");
        return Err(faults::combination(text));
    }
    Ok(())
}
