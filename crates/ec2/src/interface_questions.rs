//! The questions about network interfaces.

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::Fault;
use rolecall_door::{At, Needs, Question};

use crate::place::Place;
use crate::records::Interfaces;
use crate::tags;

/// The actions on one network interface.
pub trait OnInterface:
    Action
    + On<kind::NetworkInterface>
    + Takes<key::AvailabilityZone>
    + Takes<key::NetworkInterfaceID>
    + Takes<key::Region>
    + Takes<key::Subnet>
    + Takes<key::Vpc>
{
}

impl<A> OnInterface for A where
    A: Action
        + On<kind::NetworkInterface>
        + Takes<key::AvailabilityZone>
        + Takes<key::NetworkInterfaceID>
        + Takes<key::Region>
        + Takes<key::Subnet>
        + Takes<key::Vpc>
{
}

/// An action on one interface, to be finished by the caller. One that does not exist has no tags and no keys.
///
/// # Errors
/// When the store can't be read.
pub fn on_interface<A: OnInterface>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let (place, db) = (Place::of(at), at.db()?);
    let found = db.get::<Interfaces>(&place.key(id))?;
    let resource = place.resource::<kind::NetworkInterface>(id).tagged(tags::of(db, place, id)?);
    Ok(Needs::action(action)
        .on(&resource)
        .key(key::Region, Some(at.region))
        .key(key::NetworkInterfaceID, Some(id))
        .key(key::AvailabilityZone, found.as_ref().map(|own| own.zone.as_str()))
        .key(key::Subnet, found.as_ref().map(|own| place.arn("subnet", &own.subnet)))
        .key(key::Vpc, found.as_ref().map(|own| place.arn("vpc", &own.vpc))))
}
