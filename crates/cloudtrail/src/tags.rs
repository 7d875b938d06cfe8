//! Tags of trails.

use rolecall_base::{Fault, Tags};

use crate::model::{Tag, fault};

/// Tags of one trail.
const MOST: usize = 50;

/// Keys and values of a request, for its questions.
pub(crate) fn pairs(tags: Option<&[Tag]>) -> impl Iterator<Item = (&str, &str)> {
    tags.unwrap_or_default().iter().map(|tag| (tag.key.as_str(), tag.value.as_deref().unwrap_or_default()))
}

/// Sets tags.
///
/// # Errors
/// TagsLimitExceededException, InvalidTagParameterException.
pub(crate) fn set(mut tags: Tags, more: &[Tag]) -> Result<Tags, Fault> {
    for (n, (key, value)) in pairs(Some(more)).enumerate() {
        if more.iter().take(n).any(|earlier| earlier.key == key) {
            return Err(fault::invalid_tag_parameter(format!("The tag key {key} is given more than once.")));
        }
        if key.to_lowercase().starts_with("aws:") || key.is_empty() || key.chars().count() > 128 {
            return Err(fault::invalid_tag_parameter(format!("The tag key {key} is not valid.")));
        }
        if value.chars().count() > 256 {
            return Err(fault::invalid_tag_parameter(format!("The value of tag {key} is not valid.")));
        }
        tags.set(key, value);
    }
    if tags.len() > MOST {
        return Err(fault::tags_limit_exceeded(format!("A trail can have at most {MOST} tags.")));
    }
    Ok(tags)
}
