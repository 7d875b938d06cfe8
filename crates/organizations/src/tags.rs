//! Tags as requests bring them.

use rolecall_base::{Fault, Tags};

use crate::model;
use crate::refusal::{constraint, invalid};

/// Tags of one resource.
const TAGS: usize = 50;

/// Keys and values, for questions.
pub(crate) fn pairs(tags: Option<&Vec<model::Tag>>) -> impl Iterator<Item = (&str, &str)> {
    tags.into_iter().flatten().map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// Sets tags beside those that are there.
///
/// # Errors
/// InvalidInputException for a key of AWS's or one given twice; ConstraintViolationException above 50.
pub(crate) fn add(own: &mut Tags, new: Option<&Vec<model::Tag>>) -> Result<(), Fault> {
    let mut seen: Vec<&str> = Vec::new();
    for tag in new.into_iter().flatten() {
        let lower = tag.key.to_lowercase();
        if lower.starts_with("aws:") {
            let text = "You specified a system tag. You can't add, edit, or delete system tag keys.";
            return Err(invalid("INVALID_SYSTEM_TAGS_PARAMETER", text));
        }
        if seen.contains(&tag.key.as_str()) {
            return Err(invalid(
                "DUPLICATE_TAG_KEY",
                "Tag keys must be unique among the tags attached to the same entity.",
            ));
        }
        seen.push(&tag.key);
        own.set(tag.key.as_str(), tag.value.as_str());
    }
    if own.len() > TAGS {
        let text = "You have exceeded the number of tags allowed on this resource.";
        return Err(constraint("MAX_TAG_LIMIT_EXCEEDED", text));
    }
    Ok(())
}

/// The tags of something new.
///
/// # Errors
/// As [`add`].
pub(crate) fn first(new: Option<&Vec<model::Tag>>) -> Result<Tags, Fault> {
    let mut tags = Tags::default();
    add(&mut tags, new)?;
    Ok(tags)
}
