//! Managed prefix lists: checking, writing and showing those that the account makes.

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::Fault;
use rolecall_door::{At, Question};
use rolecall_store::{Reader, Tx};

use crate::faults;
use crate::groups::{self, canonical_ipv4, canonical_ipv6};
use crate::model::{AddPrefixListEntry, ManagedPrefixList};
use crate::network::questions::on_existing;
use crate::network::{Network, rows, token};
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::records::{PrefixEntry, PrefixList, PrefixListRows, RouteTables, RulePeer};
use crate::tags;
use crate::wiring::touch;

/// The most entries that a list may be made for.
pub const ENTRIES: i32 = 1000;
/// Earlier versions that are kept.
const EARLIER: usize = 100;

/// A list of an id.
///
/// # Errors
/// InvalidPrefixListID.NotFound.
pub fn get(db: &Reader, place: Place<'_>, id: &str) -> Result<PrefixList, Fault> {
    let network = Network::load(db, place)?;
    Ok(PrefixLists::load(db, place, &network)?.get(id)?.clone())
}

/// The same for one that is to be changed.
///
/// # Errors
/// OperationNotPermitted for AWS's own.
pub fn own(db: &Reader, place: Place<'_>, id: &str) -> Result<PrefixList, Fault> {
    let found = get(db, place, id)?;
    if found.aws {
        return Err(faults::not_permitted(format!("The prefix list '{id}' is managed by AWS.")));
    }
    Ok(found)
}

/// Checks a name.
///
/// # Errors
/// InvalidParameterValue.
pub fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() || name.chars().count() > 255 || name.starts_with("com.amazonaws") {
        let why = "It has 1 to 255 characters and does not begin with com.amazonaws.";
        return Err(faults::invalid_value(name, "PrefixListName", why));
    }
    Ok(())
}

/// Checks how many entries a list may have.
///
/// # Errors
/// InvalidParameterValue outside 1 to 1,000; PrefixListMaxEntriesExceeded below what it has.
pub fn check_most(list: &PrefixList) -> Result<(), Fault> {
    if !(1..=ENTRIES).contains(&list.most) {
        let why = "It must be from 1 to 1000.";
        return Err(faults::invalid_value(list.most, "MaxEntries", why));
    }
    if list.entries.len() > usize::try_from(list.most).unwrap_or(0) {
        let text = format!("You've reached the maximum number of entries for the prefix list {}.", list.id);
        return Err(faults::other("PrefixListMaxEntriesExceeded", text));
    }
    Ok(())
}

/// A block in the form of a list's family.
///
/// # Errors
/// InvalidParameterValue.
pub fn canonical(ipv6: bool, cidr: &str) -> Result<String, Fault> {
    let found = if ipv6 { canonical_ipv6(cidr) } else { canonical_ipv4(cidr) };
    found.ok_or_else(|| faults::invalid(format!("CIDR block {cidr} is malformed")))
}

/// Adds entries; one that is there gets the new description.
///
/// # Errors
/// InvalidParameterValue.
pub fn add(list: &mut PrefixList, entries: &[AddPrefixListEntry]) -> Result<(), Fault> {
    for entry in entries {
        let cidr = canonical(list.ipv6, &entry.cidr)?;
        if entry.description.as_ref().is_some_and(|text| text.chars().count() > 255) {
            return Err(faults::invalid("The description of an entry has at most 255 characters."));
        }
        let description = entry.description.clone();
        match list.entries.iter_mut().find(|own| own.cidr == cidr) {
            Some(own) => own.description = description,
            None => list.entries.push(PrefixEntry { cidr, description }),
        }
    }
    Ok(())
}

/// Checks that a list is of the version that the caller knows.
///
/// # Errors
/// PrefixListVersionMismatch.
pub fn check_version(list: &PrefixList, known: i64) -> Result<(), Fault> {
    if known == list.version {
        return Ok(());
    }
    let text = "The prefix list has the incorrect version number";
    Err(faults::other("PrefixListVersionMismatch", text))
}

/// Begins a new version; the current one is kept.
///
/// # Errors
/// IncorrectState when the caller means another version than the current one.
pub fn next_version(list: &mut PrefixList, current: Option<i64>) -> Result<(), Fault> {
    check_version(list, current.unwrap_or_default())?;
    let before = crate::records::PrefixVersion { version: list.version, entries: list.entries.clone() };
    list.earlier.push(before);
    if list.earlier.len() > EARLIER {
        list.earlier.remove(0);
    }
    list.version += 1;
    Ok(())
}

/// Writes a list; every network that uses it has changed.
///
/// # Errors
/// When the store can't be read.
pub fn put(tx: &mut Tx, place: Place<'_>, list: &PrefixList) -> Result<(), Fault> {
    tx.put::<PrefixListRows>(&place.key(&list.id), list)?;
    for vpc in users(tx, place, &list.id)?.into_iter().map(|(_, vpc)| vpc) {
        touch(tx, place, &vpc)?;
    }
    Ok(())
}

/// What refers to a list, each with its VPC: security groups and route tables.
///
/// # Errors
/// When the store can't be read.
pub fn users(db: &Reader, place: Place<'_>, id: &str) -> Result<Vec<(String, String)>, Fault> {
    let network = Network::load(db, place)?;
    let peer = RulePeer::PrefixList(id.to_owned());
    let uses = |group: &&crate::records::SecurityGroup| {
        groups::rules(place, group).iter().any(|rule| rule.peer == peer)
    };
    let mut found: Vec<_> =
        network.groups.iter().filter(uses).map(|own| (own.id.clone(), own.vpc.clone())).collect();
    let tables = rows::<RouteTables>(db, place)?.into_iter();
    let tables = tables.filter(|table| table.routes.iter().any(|route| route.to == id));
    found.extend(tables.map(|table| (table.id, table.vpc)));
    Ok(found)
}

/// Removes a list that nothing refers to.
///
/// # Errors
/// When the store can't be read.
pub fn remove(tx: &mut Tx, place: Place<'_>, list: &PrefixList) -> Result<(), Fault> {
    token::forget(tx, place, list.token.as_deref())?;
    tags::put(tx, place, &list.id, Default::default())?;
    Ok(tx.delete::<PrefixListRows>(&place.key(&list.id))?)
}

pub fn to_wire(
    db: &Reader,
    place: Place<'_>,
    list: &PrefixList,
    state: &str,
) -> Result<ManagedPrefixList, Fault> {
    let owner = if list.aws { "AWS".to_owned() } else { place.account.to_string() };
    let arn = format!(
        "arn:aws:ec2:{}:{}:prefix-list/{}",
        place.region,
        if list.aws { "aws" } else { &owner },
        list.id
    );
    Ok(ManagedPrefixList {
        prefix_list_id: Some(list.id.clone()),
        address_family: Some(if list.ipv6 { "IPv6" } else { "IPv4" }.to_owned()),
        state: Some(state.to_owned()),
        prefix_list_arn: Some(arn),
        prefix_list_name: Some(list.name.clone()),
        max_entries: (!list.aws).then_some(list.most),
        version: (!list.aws).then_some(list.version),
        tags: tags::to_wire(&tags::of(db, place, &list.id)?),
        owner_id: Some(owner),
        ..Default::default()
    })
}

/// An action on one list.
///
/// # Errors
/// When the store can't be read.
pub fn on_list<A>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault>
where
    A: Action + On<kind::PrefixList> + Takes<key::Region>,
{
    on_existing(action, kind::PrefixList, at, id)
}
