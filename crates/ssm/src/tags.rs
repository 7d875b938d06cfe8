//! Tags of parameters.

use rolecall_base::{Fault, Tags};
use rolecall_door::At;

use crate::model::{Tag, fault};
use crate::named::{self, Named, invalid};
use crate::records::Parameter;

/// Tags of one parameter.
const MOST: usize = 50;

/// Keys and values of a request, for its questions.
pub(crate) fn pairs(tags: Option<&[Tag]>) -> impl Iterator<Item = (&str, &str)> {
    tags.unwrap_or_default().iter().map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// Sets tags.
///
/// # Errors
/// ValidationException for a key of AWS's own, TooManyTagsError.
pub(crate) fn set(mut tags: Tags, more: &[Tag]) -> Result<Tags, Fault> {
    for tag in more {
        if tag.key.to_lowercase().starts_with("aws:") {
            return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
        }
        tags.set(tag.key.as_str(), tag.value.as_str());
    }
    if tags.len() > MOST {
        return Err(fault::too_many_tags_error(format!("A parameter can have at most {MOST} tags.")));
    }
    Ok(tags)
}

pub(crate) fn to_wire(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|tag| Tag { key: tag.key.clone(), value: tag.value.clone() }).collect()
}

/// The parameter that a tagging call is about; nothing for the other kinds of things, which there are none of.
pub(crate) fn tagged(at: &At<'_>, kind: &str, id: &str) -> Result<Option<Named>, Fault> {
    if kind != "Parameter" {
        return Ok(None);
    }
    Ok(Some(named::any(at, id)?))
}

/// The same, which must be there.
///
/// # Errors
/// InvalidResourceId.
pub(crate) fn there(at: &At<'_>, kind: &str, id: &str) -> Result<Parameter, Fault> {
    let found = tagged(at, kind, id)?.and_then(|named| named.parameter);
    found.ok_or_else(|| {
        let text =
            format!("The resource ID \"{id}\" is not valid. Verify that the ID is correct and try again.");
        fault::invalid_resource_id(text)
    })
}
