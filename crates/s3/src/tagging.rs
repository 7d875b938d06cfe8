//! Tags of objects and buckets: the header, the document, and their limits.

use percent_encoding::percent_decode_str;
use rolecall_base::{Fault, Tags};

use crate::fault;
use crate::model::{Tag, Tagging};

/// How many tags an object may have.
pub const OF_OBJECT: usize = 10;
/// How many tags a bucket may have.
pub const OF_BUCKET: usize = 50;

/// The `x-amz-tagging` header: `k=v&k2=v2`, each percent-encoded.
///
/// # Errors
/// InvalidArgument for what does not read, InvalidTag for tags beyond their limits.
pub fn of_header(header: Option<&str>) -> Result<Tags, Fault> {
    let mut pairs = Vec::new();
    for pair in header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decoded(key)?, decoded(value)?));
    }
    checked(pairs, OF_OBJECT)
}

fn decoded(text: &str) -> Result<String, Fault> {
    let plain = text.replace('+', " ");
    percent_decode_str(&plain).decode_utf8().map(String::from).map_err(|_| {
        let text = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without \
                    tag name duplicates.";
        fault::invalid_argument("x-amz-tagging", &plain, text)
    })
}

/// The tags of a document.
///
/// # Errors
/// InvalidTag, or BadRequest for too many.
pub fn of_document(tagging: &Tagging, limit: usize) -> Result<Tags, Fault> {
    of_list(&tagging.tag_set, limit)
}

/// The tags of a list.
///
/// # Errors
/// As [`of_document`].
pub fn of_list(tags: &[Tag], limit: usize) -> Result<Tags, Fault> {
    checked(tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())), limit)
}

/// As documents show them.
pub fn to_wire(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|tag| Tag { key: tag.key.clone(), value: tag.value.clone() }).collect()
}

/// The value of `x-amz-tagging-count`; absent without tags.
pub fn count(tags: &Tags) -> Option<i32> {
    i32::try_from(tags.len()).ok().filter(|count| *count > 0)
}

fn checked(pairs: impl IntoIterator<Item = (String, String)>, limit: usize) -> Result<Tags, Fault> {
    let mut tags = Tags::default();
    for (key, value) in pairs {
        check_tag(&key, &value)?;
        if tags.get(&key).is_some() {
            return Err(
                fault::invalid_tag("Cannot provide multiple Tags with the same key").with("TagKey", key)
            );
        }
        tags.set(key, value);
    }
    if tags.len() > limit {
        let what = if limit == OF_OBJECT { "Object" } else { "Bucket" };
        return Err(Fault::new("BadRequest", 400, format!("{what} tags cannot be greater than {limit}")));
    }
    Ok(tags)
}

fn check_tag(key: &str, value: &str) -> Result<(), Fault> {
    let allowed =
        |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
    let length = |text: &str| text.encode_utf16().count();
    if key.is_empty() || length(key) > 128 || !allowed(key) {
        return Err(fault::invalid_tag("The TagKey you have provided is invalid").with("TagKey", key));
    }
    if key.to_lowercase().starts_with("aws:") {
        return Err(
            fault::invalid_tag("System tags cannot be added/updated by requester").with("TagKey", key)
        );
    }
    if length(value) > 256 || !allowed(value) {
        return Err(fault::invalid_tag("The TagValue you have provided is invalid")
            .with("TagKey", key)
            .with("TagValue", value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, code: &str) {
        let outcome = of_header(Some(header))
            .map_or_else(|fault| fault.code().to_owned(), |tags| tags.len().to_string());
        assert_eq!(outcome, code, "{header}");
    }

    #[test]
    fn headers_are_read_or_refused() {
        check("a=1&b=two%20words&c", "3");
        check("", "0");
        check("a=1&a=2", "InvalidTag");
        check("aws:x=1", "InvalidTag");
        check("a=%3C", "InvalidTag");
        check("=1", "InvalidTag");
        check(&(0..11).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join("&"), "BadRequest");
        check("a=%ff", "InvalidArgument");
    }
}
