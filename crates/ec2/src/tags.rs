//! Tags: reading, checking and writing them.

use rolecall_base::{Fault, Tags};
use rolecall_store::{Reader, Tx};

use crate::faults;
use crate::model;
use crate::place::Place;
use crate::records::{TagSets, Tagged};

/// Tags a resource may have.
const MOST: usize = 50;
/// Characters of a key and of a value.
const KEY: usize = 127;
const VALUE: usize = 256;
/// Why a key that begins so is refused.
pub const RESERVED: &str = "Tag keys starting with 'aws:' are reserved for internal use";

/// The tags of a resource.
///
/// # Errors
/// When the store can't be read.
pub fn of(db: &Reader, place: Place<'_>, id: &str) -> Result<Tags, Fault> {
    Ok(db.get::<TagSets>(&(place.account, place.region, id))?.map(|row| row.tags).unwrap_or_default())
}

/// Writes the tags of a resource; none at all take no row.
///
/// # Errors
/// TagLimitExceeded above 50.
pub fn put(tx: &mut Tx, place: Place<'_>, id: &str, tags: Tags) -> Result<(), Fault> {
    // Those that AWS sets itself do not count.
    if tags.iter().filter(|tag| !tag.key.starts_with("aws:")).count() > MOST {
        let text = "The maximum number of Tags for a resource has been reached.";
        return Err(faults::other("TagLimitExceeded", text));
    }
    if tags.is_empty() {
        tx.delete::<TagSets>(&(place.account, place.region, id))?;
    } else {
        tx.put::<TagSets>(&(place.account, place.region, id), &Tagged { tags })?;
    }
    Ok(())
}

/// The tags of a request.
///
/// # Errors
/// InvalidParameterValue for a key or value that is too long or reserved, or a key that comes twice.
pub fn checked(list: &[model::Tag]) -> Result<Tags, Fault> {
    let mut tags = Tags::default();
    for tag in list {
        let key = tag.key.as_deref().unwrap_or_default();
        let value = tag.value.as_deref().unwrap_or_default();
        if key.is_empty() {
            return Err(faults::invalid("Tag key cannot be null or empty"));
        }
        if key.chars().count() > KEY {
            return Err(faults::invalid(format!("Tag key exceeds the maximum length of {KEY} characters")));
        }
        if value.chars().count() > VALUE {
            return Err(faults::invalid(format!(
                "Tag value exceeds the maximum length of {VALUE} characters"
            )));
        }
        if key.to_lowercase().starts_with("aws:") {
            return Err(faults::invalid(RESERVED));
        }
        if tags.get(key).is_some() {
            return Err(faults::invalid(format!("Duplicate tag key '{key}' specified.")));
        }
        tags.set(key, value);
    }
    Ok(tags)
}

/// The tags that a request gives to the new resource of one kind.
///
/// # Errors
/// InvalidParameterValue for a kind that the operation does not make, or a bad tag.
pub fn of_request(
    given: Option<&[model::TagSpecification]>,
    makes: &[&str],
    kind: &str,
) -> Result<Tags, Fault> {
    let mut tags = Tags::default();
    let mut seen = Vec::new();
    for one in given.unwrap_or_default() {
        let own = one.resource_type.as_deref().unwrap_or_default();
        if !makes.contains(&own) {
            let text = format!("'{own}' is not a valid taggable resource type for this operation.");
            return Err(faults::invalid(text));
        }
        if seen.contains(&own) {
            return Err(faults::invalid(format!("Tag specification resource type '{own}' is given twice.")));
        }
        seen.push(own);
        let set = checked(one.tags.as_deref().unwrap_or_default())?;
        if own == kind {
            tags = set;
        }
    }
    Ok(tags)
}

/// What of a request's tags is known before it is checked: for the question whether they may be set.
pub fn wished(given: Option<&[model::TagSpecification]>, kind: &str) -> Vec<(String, String)> {
    let own = given.unwrap_or_default().iter().filter(|one| one.resource_type.as_deref() == Some(kind));
    let tags = own.flat_map(|one| one.tags.as_deref().unwrap_or_default());
    tags.map(|tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default())).collect()
}

/// Tags as questions take them.
pub fn pairs(tags: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

/// As answers list them; always there, if only empty.
pub fn to_wire(tags: &Tags) -> Option<Vec<model::Tag>> {
    let tag =
        |tag: &rolecall_base::Tag| model::Tag { key: Some(tag.key.clone()), value: Some(tag.value.clone()) };
    Some(tags.iter().map(tag).collect())
}

/// As answers list them that leave an empty set out.
pub fn to_wire_if_any(tags: &Tags) -> Option<Vec<model::Tag>> {
    if tags.is_empty() { None } else { to_wire(tags) }
}
