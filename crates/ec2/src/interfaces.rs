//! Network interfaces: reading and making them, and what an instance's start, stop and end do to its own.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use rolecall_base::Fault;
use rolecall_compute::Cidr;
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use crate::addresses;
use crate::elastic;
use crate::faults;
use crate::network::{rows, token};
use crate::place::Place;
use crate::records::{
    Attachment, Instance, Interfaces, NetworkInterface, PrivateAddress, PublicAddress, Requester, Subnet,
};
use crate::tags;
use crate::wiring;

/// The interface of an id.
///
/// # Errors
/// InvalidNetworkInterfaceId.Malformed, InvalidNetworkInterfaceID.NotFound.
pub fn get(db: &Reader, place: Place<'_>, id: &str) -> Result<NetworkInterface, Fault> {
    if !id.starts_with("eni-") {
        return Err(faults::malformed("InvalidNetworkInterfaceId.Malformed", id, "eni"));
    }
    db.get::<Interfaces>(&place.key(id))?.ok_or_else(|| faults::no_interface(id))
}

/// The same for one that is to be changed by its account: what a service manages, it alone changes.
///
/// # Errors
/// As of [`get`]; OperationNotPermitted.
pub fn own(db: &Reader, place: Place<'_>, id: &str) -> Result<NetworkInterface, Fault> {
    let found = get(db, place, id)?;
    match &found.requester {
        Some(requester) => {
            let text = format!("The network interface '{id}' is managed by {}.", requester.id);
            Err(faults::not_permitted(text))
        }
        None => Ok(found),
    }
}

pub fn no_attachment(id: &str) -> Fault {
    let text = format!("The network interface attachment '{id}' does not exist");
    faults::other("InvalidAttachmentID.NotFound", text)
}

/// Checks a description.
///
/// # Errors
/// InvalidParameterValue above 255 characters.
pub fn check_description(text: Option<&str>) -> Result<(), Fault> {
    match text {
        Some(text) if text.chars().count() > 255 => {
            Err(faults::invalid_value(text, "description", "It has at most 255 characters."))
        }
        _ => Ok(()),
    }
}

/// The interfaces of an instance, the primary one first.
///
/// # Errors
/// When the store can't be read.
pub fn of(db: &Reader, instance: &Instance) -> Result<Vec<NetworkInterface>, Fault> {
    let mut found = Vec::with_capacity(instance.interfaces.len());
    for id in &instance.interfaces {
        found.extend(db.get::<Interfaces>(&(instance.account, instance.region.as_str(), id.as_str()))?);
    }
    Ok(found)
}

/// The interface that an instance was launched with; it never leaves it.
///
/// # Errors
/// InternalFailure when the instance is over.
pub fn primary(db: &Reader, instance: &Instance) -> Result<NetworkInterface, Fault> {
    let first = instance.interfaces.first().map(|id| instance_key(instance, id));
    let found = first.map(|key| db.get::<Interfaces>(&key)).transpose()?.flatten();
    found.ok_or_else(|| Fault::internal(format!("{} has no network interface", instance.id)))
}

fn instance_key<'a>(instance: &'a Instance, id: &'a str) -> (rolecall_base::AccountId, &'a str, &'a str) {
    (instance.account, instance.region.as_str(), id)
}

/// The interfaces of many instances, by id: one scan for many, a look each for few, and in a transaction.
///
/// # Errors
/// When the store can't be read.
pub fn of_all(
    db: &Reader,
    place: Place<'_>,
    instances: &[Instance],
) -> Result<BTreeMap<String, NetworkInterface>, Fault> {
    let found = if instances.len() > 16 && !db.is_recording() {
        rows::<Interfaces>(db, place)?
    } else {
        let mut found = Vec::new();
        for instance in instances {
            found.extend(of(db, instance)?);
        }
        found
    };
    Ok(found.into_iter().map(|own| (own.id.clone(), own)).collect())
}

/// Writes an interface, which is a change of its VPC's network.
///
/// # Errors
/// When it can't be written.
pub fn put(tx: &mut Tx, interface: &NetworkInterface) -> Result<(), Fault> {
    touch(tx, interface)?;
    Ok(tx.put::<Interfaces>(&interface.key(), interface)?)
}

fn touch(tx: &mut Tx, interface: &NetworkInterface) -> Result<(), Fault> {
    wiring::touch(tx, Place { account: interface.account, region: &interface.region }, &interface.vpc)
}

/// What a new interface is to be.
#[derive(Clone, Debug)]
pub struct New<'a> {
    pub subnet: &'a Subnet,
    /// The subnet's block.
    pub cidr: Cidr,
    /// Addresses that were wished for and are free, the primary one first.
    pub addresses: Vec<Ipv4Addr>,
    /// How many addresses it is to have; the rest are chosen. At least one.
    pub count: usize,
    /// From which place in the subnet on they are looked for; anywhere if it is all the same.
    pub from: Option<u32>,
    pub groups: Vec<String>,
    pub description: String,
    pub public: bool,
    pub requester: Option<Requester>,
}

/// Makes an interface that is attached to nothing, and takes its addresses. It is not written: [`put`] does that.
///
/// # Errors
/// InsufficientFreeAddressesInSubnet.
pub fn make(tx: &mut Tx, env: &Env, place: Place<'_>, new: New<'_>) -> Result<NetworkInterface, Fault> {
    let id = env.resource_id("eni");
    let subnet = new.subnet;
    for address in &new.addresses {
        addresses::claim_private(tx, place, &subnet.id, *address, &id)?;
    }
    let mut own = new.addresses;
    let mut from = new.from.unwrap_or_else(|| u32::from_be_bytes(env.random()));
    while own.len() < new.count.max(1) {
        own.push(addresses::take_private(tx, env, place, (&subnet.id, new.cidr), from, &id)?);
        from = from.wrapping_add(1);
    }
    Ok(NetworkInterface {
        account: place.account,
        region: place.region.to_owned(),
        vpc: subnet.vpc.clone(),
        subnet: subnet.id.clone(),
        zone: subnet.zone.clone(),
        mac: hardware_address(env),
        addresses: own.into_iter().map(|address| PrivateAddress { address, public: None }).collect(),
        groups: new.groups,
        description: new.description,
        source_dest_check: true,
        public: new.public,
        attachment: None,
        requester: new.requester,
        created: env.now().whole_seconds(),
        token: None,
        id,
    })
}

/// A locally administered address, as EC2's begin.
fn hardware_address(env: &Env) -> String {
    let random: [u8; 5] = env.random();
    random.iter().fold("0a".to_owned(), |text, byte| format!("{text}:{byte:02x}"))
}

/// How an interface is attached from the start of an instance.
pub fn attachment(env: &Env, instance: &str, device_index: i32, delete_on_termination: bool) -> Attachment {
    Attachment {
        id: env.resource_id("eni-attach"),
        instance: instance.to_owned(),
        device_index,
        network_card: 0,
        delete_on_termination,
        attached: env.now().whole_seconds(),
    }
}

/// Removes an interface, its addresses and its tags.
///
/// # Errors
/// When it can't be written.
pub fn remove(tx: &mut Tx, interface: &NetworkInterface) -> Result<(), Fault> {
    let place = Place { account: interface.account, region: &interface.region };
    for own in &interface.addresses {
        addresses::free_private(tx, place, &interface.subnet, own.address)?;
        elastic::lost(tx, place, own.public.clone())?;
    }
    token::forget(tx, place, interface.token.as_deref())?;
    tags::put(tx, place, &interface.id, Default::default())?;
    touch(tx, interface)?;
    Ok(tx.delete::<Interfaces>(&interface.key())?)
}

/// An instance starts: its primary interface gets a public address, if it is to have one. As in AWS, it gets none
/// while the instance has a second interface or an elastic address.
///
/// # Errors
/// When no address is left.
pub fn started(tx: &mut Tx, env: &Env, instance: &Instance) -> Result<(), Fault> {
    let mut own = primary(tx, instance)?;
    let has_any = of(tx, instance)?.iter().flat_map(|own| &own.addresses).any(|own| own.public.is_some());
    if !own.public || has_any || instance.interfaces.len() > 1 {
        return Ok(());
    }
    let address = addresses::take_public(tx, env, &own.id)?;
    if let Some(first) = own.addresses.first_mut() {
        first.public = Some(PublicAddress { address, elastic: None });
    }
    put(tx, &own)
}

/// An instance no longer runs: a public address that is not an elastic one goes back.
///
/// # Errors
/// When it can't be written.
pub fn stopped(tx: &mut Tx, instance: &Instance) -> Result<(), Fault> {
    for mut own in of(tx, instance)? {
        let mut freed = false;
        for address in &mut own.addresses {
            if let Some(PublicAddress { address: public, elastic: None }) = address.public {
                address.public = None;
                freed = true;
                addresses::free_public(tx, public)?;
            }
        }
        if freed {
            put(tx, &own)?;
        }
    }
    Ok(())
}

/// An instance is over: its interfaces go with it, or stay behind without it.
///
/// # Errors
/// When it can't be written.
pub fn ended(tx: &mut Tx, instance: &mut Instance) -> Result<(), Fault> {
    for mut own in of(tx, instance)? {
        match own.attachment.take() {
            Some(attachment) if !attachment.delete_on_termination => put(tx, &own)?,
            _ => remove(tx, &own)?,
        }
    }
    instance.interfaces = Vec::new();
    Ok(())
}
