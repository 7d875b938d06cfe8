//! Tags of IAM resources: keys are unique whatever their case.

use rolecall_base::{Fault, Tags};

use crate::model::{self, fault};
use crate::page::{Page, Window};
use crate::quota;

/// The tags that a request brings, as condition keys are made of them.
pub(crate) fn pairs(tags: Option<&Vec<model::Tag>>) -> impl Iterator<Item = (&str, &str)> {
    tags.into_iter().flatten().map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// The tags of something new. `quota` is the name of the quota, such as `TagsPerRole`.
///
/// # Errors
/// InvalidInput for a key that comes twice or belongs to AWS; LimitExceeded above 50.
pub(crate) fn first(tags: Option<&Vec<model::Tag>>, quota: &str) -> Result<Tags, Fault> {
    let mut own = Tags::default();
    if let Some(tags) = tags {
        add(&mut own, tags, quota)?;
    }
    Ok(own)
}

/// Adds tags; one whose key is there in whatever case takes the old one's place.
///
/// # Errors
/// As [`first`].
pub(crate) fn add(own: &mut Tags, tags: &[model::Tag], quota: &str) -> Result<(), Fault> {
    check(tags)?;
    let mut merged = Tags::default();
    for old in own.iter() {
        let new = tags.iter().find(|tag| same(&tag.key, &old.key));
        match new {
            Some(new) => merged.set(new.key.clone(), new.value.clone()),
            None => merged.set(old.key.clone(), old.value.clone()),
        }
    }
    for tag in tags {
        merged.set(tag.key.clone(), tag.value.clone());
    }
    if merged.len() > quota::TAGS {
        return Err(quota::exceeded(quota, quota::TAGS));
    }
    *own = merged;
    Ok(())
}

/// Removes tags, whatever the case of their keys; a key that is not there is no error.
///
/// # Errors
/// InvalidInput for a key that belongs to AWS.
pub(crate) fn remove(own: &mut Tags, keys: &[String]) -> Result<(), Fault> {
    keys.iter().try_for_each(|key| reserved(key))?;
    let gone = |key: &str| keys.iter().any(|other| same(other, key));
    *own = own.iter().filter(|tag| !gone(&tag.key)).map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    Ok(())
}

/// The tags as an answer shows them; none at all where there are none.
pub(crate) fn to_wire(tags: &Tags) -> Option<Vec<model::Tag>> {
    let tags: Vec<_> = tags.iter().map(wire_tag).collect();
    (!tags.is_empty()).then_some(tags)
}

/// A page of tags, sorted by key.
pub(crate) fn page(tags: &Tags, window: &Window) -> Page<model::Tag> {
    let mut sorted: Vec<_> = tags.iter().map(|tag| (tag.key.clone(), wire_tag(tag))).collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    window.cut(sorted)
}

fn wire_tag(tag: &rolecall_base::Tag) -> model::Tag {
    model::Tag { key: tag.key.clone(), value: tag.value.clone() }
}

fn check(tags: &[model::Tag]) -> Result<(), Fault> {
    for (index, tag) in tags.iter().enumerate() {
        reserved(&tag.key)?;
        if tags.iter().take(index).any(|earlier| same(&earlier.key, &tag.key)) {
            return Err(fault::invalid_input(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    Ok(())
}

fn reserved(key: &str) -> Result<(), Fault> {
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(fault::invalid_input("Caller is an end user and not allowed to mutate system tags"));
    }
    Ok(())
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> model::Tag {
        model::Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn a_key_in_another_case_replaces_the_tag() {
        let mut tags = first(Some(&vec![tag("Team", "a"), tag("x", "1")]), "TagsPerRole").unwrap();
        add(&mut tags, &[tag("team", "b")], "TagsPerRole").unwrap();
        assert_eq!((tags.len(), tags.get("team"), tags.get("Team")), (2, Some("b"), None));
        remove(&mut tags, &["TEAM".into()]).unwrap();
        assert_eq!(tags.len(), 1);
    }

    #[test]
    fn duplicates_and_keys_of_aws_are_refused() {
        let twice = first(Some(&vec![tag("a", "1"), tag("A", "2")]), "TagsPerRole").unwrap_err();
        assert_eq!(
            twice.message(),
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        );
        assert_eq!(first(Some(&vec![tag("aws:x", "1")]), "TagsPerRole").unwrap_err().code(), "InvalidInput");
    }

    #[test]
    fn fifty_tags_are_the_most() {
        let many: Vec<_> = (0..51).map(|n| tag(&format!("k{n}"), "")).collect();
        let fault = first(Some(&many), "TagsPerRole").unwrap_err();
        assert_eq!(fault.message(), "Cannot exceed quota for TagsPerRole: 50");
    }
}
