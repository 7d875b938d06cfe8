//! Session tags: those of the request, and those that the calling session passes on.

use rolecall_base::Fault;
use rolecall_identity::Caller;

use crate::model::Tag;

/// The most session tags.
const MOST: usize = 50;

/// The tags of the session to be, and the keys of those that will travel on.
#[derive(Debug, Default)]
pub struct SessionTags {
    pub all: Vec<(String, String)>,
    pub transitive: Vec<String>,
}

/// Keys of session tags differ in more than their case.
fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

fn invalid(text: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterValue", 400, text)
}

/// The tags that a session inherits from the calling one.
pub fn inherited(caller: &Caller) -> Vec<(String, String)> {
    let Some(session) = caller.session.as_deref() else { return Vec::new() };
    let travels = |key: &str| session.transitive.iter().any(|own| same(own, key));
    session.tags.iter().filter(|(key, _)| travels(key)).cloned().collect()
}

/// Puts together the tags of a new session.
///
/// # Errors
/// InvalidParameterValue for doubled keys, too many, or a conflict with an inherited tag.
pub fn gather(caller: &Caller, tags: &[Tag], transitive: &[String]) -> Result<SessionTags, Fault> {
    if tags.len() > MOST {
        return Err(Fault::validation("The number of session tags can not exceed 50."));
    }
    let mut all = inherited(caller);
    let mut keys: Vec<String> = all.iter().map(|(key, _)| key.clone()).collect();
    let inherited_keys = keys.clone();
    let among = |list: &[String], key: &str| list.iter().any(|own| same(own, key));
    for key in transitive {
        if among(&inherited_keys, key) {
            return Err(invalid(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag \
                 key from the calling session.",
            ));
        }
        if !tags.iter().any(|tag| same(&tag.key, key)) {
            return Err(invalid("The specified transitive tag key must be included in the requested tags."));
        }
    }
    for tag in tags {
        if among(&inherited_keys, &tag.key) {
            return Err(invalid(
                "One of the specified tag keys can't be set because it conflicts with a transitive tag key from the \
                 calling session.",
            ));
        }
        if among(&keys, &tag.key) {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys beginning with aws: are reserved."));
        }
        keys.push(tag.key.clone());
        all.push((tag.key.clone(), tag.value.clone()));
    }
    let travelling = inherited_keys.into_iter().chain(transitive.iter().cloned()).collect();
    Ok(SessionTags { all, transitive: travelling })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_only_in_case_are_doubled_in_every_alphabet() {
        for (one, other) in [("Team", "team"), ("Équipe", "équipe")] {
            let tag = |key: &str| Tag { key: key.into(), value: "x".into() };
            let refused = gather(&Caller::anonymous(), &[tag(one), tag(other)], &[]);
            assert_eq!(refused.unwrap_err().code(), "InvalidParameterValue", "{one}");
        }
    }
}
