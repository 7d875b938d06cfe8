//! Placement groups: finding one by name or id.

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Needs};
use rolecall_store::Reader;

use crate::faults;
use crate::instance_types::InstanceType;
use crate::model;
use crate::network::rows;
use crate::place::Place;
use crate::records::{PlacementGroup, PlacementGroups, PlacementRef};
use crate::tags;

/// Groups of an account in a region.
pub const MOST: usize = 500;
/// Partitions of one group.
pub const PARTITIONS: i32 = 7;

/// The group of an id; there are few, so all are looked through.
///
/// # Errors
/// When the store can't be read.
pub fn by_id(db: &Reader, place: Place<'_>, id: &str) -> Result<Option<PlacementGroup>, Fault> {
    Ok(rows::<PlacementGroups>(db, place)?.into_iter().find(|own| own.id == id))
}

pub fn unknown(name: &str) -> Fault {
    faults::other("InvalidPlacementGroup.Unknown", format!("The Placement Group '{name}' is unknown."))
}

/// The group that the launch or the move of an instance of a type names, if it names one.
///
/// # Errors
/// InvalidPlacementGroup.Unknown, InvalidParameterCombination, InvalidParameterValue.
pub fn wished(
    db: &Reader,
    place: Place<'_>,
    size: Option<&InstanceType>,
    (name, id): (Option<&str>, Option<&str>),
    partition: Option<i32>,
) -> Result<Option<PlacementRef>, Fault> {
    let given = |text: Option<&'_ str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let found = match (given(name), given(id)) {
        (None, None) if partition.is_some() => {
            return Err(faults::combination("PartitionNumber needs a placement group."));
        }
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(faults::combination("GroupName and GroupId may not be specified together."));
        }
        (Some(name), None) => db.get::<PlacementGroups>(&place.key(&name))?.ok_or_else(|| unknown(&name))?,
        (None, Some(id)) => by_id(db, place, &id)?.ok_or_else(|| unknown(&id))?,
    };
    if let Some(size) = size.filter(|size| size.burstable() && found.strategy == "cluster") {
        let text = format!(
            "Cluster placement groups are not supported by the '{}' instance type. Specify a supported instance type or change the placement group strategy, and try again.",
            size.name
        );
        return Err(faults::combination(text));
    }
    if let Some(number) = partition {
        let most = found.partitions.unwrap_or(0);
        if !(1..=most).contains(&number) {
            let why = format!("The placement group has {most} partitions.");
            return Err(faults::invalid_value(number, "partitionNumber", &why));
        }
    }
    Ok(Some(PlacementRef { name: found.name, id: found.id, partition }))
}

/// The question about the group that a request names, if it names one. Policies know groups by their names.
///
/// # Errors
/// When the store can't be read.
pub fn question<A>(
    action: A,
    at: &At<'_>,
    name: Option<&str>,
    id: Option<&str>,
) -> Result<Option<Needs>, Fault>
where
    A: Action
        + On<kind::PlacementGroup>
        + Takes<key::PlacementGroupName>
        + Takes<key::PlacementGroupStrategy>
        + Takes<key::Region>,
{
    let (place, db) = (Place::of(at), at.db()?);
    let given = |text: Option<&'_ str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let (name, found) = match (given(name), given(id)) {
        (Some(name), _) => {
            let found = db.get::<PlacementGroups>(&place.key(&name))?;
            (name, found)
        }
        (None, Some(id)) => {
            let found = by_id(db, place, &id)?;
            (found.as_ref().map_or_else(|| "*".to_owned(), |own| own.name.clone()), found)
        }
        (None, None) => return Ok(None),
    };
    let has = found.as_ref().map(|own| tags::of(db, place, &own.id)).transpose()?.unwrap_or_default();
    let question = Needs::action(action)
        .on(&place.resource::<kind::PlacementGroup>(&name).tagged(has))
        .key(key::Region, Some(at.region))
        .key(key::PlacementGroupName, Some(name.as_str()))
        .key(key::PlacementGroupStrategy, found.as_ref().map(|own| own.strategy.as_str()));
    Ok(Some(question.done()))
}

/// A group as answers show it.
pub fn to_wire(own: &PlacementGroup, place: Place<'_>, tags: &Tags) -> model::PlacementGroup {
    model::PlacementGroup {
        group_name: Some(own.name.clone()),
        state: Some("available".to_owned()),
        strategy: Some(own.strategy.clone()),
        partition_count: own.partitions,
        group_id: Some(own.id.clone()),
        tags: tags::to_wire_if_any(tags),
        group_arn: Some(place.arn("placement-group", &own.name)),
        spread_level: (own.strategy == "spread").then(|| "rack".to_owned()),
        ..Default::default()
    }
}
