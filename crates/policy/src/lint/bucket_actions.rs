//! Whether each action of a bucket policy's statement has a resource to act on: a bucket, or objects in one.
//!
//! Only actions whose kind is beyond doubt by their name are judged; patterns may mean both.

use std::borrow::Cow;

use crate::document::{Listed, RawStatement};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Bucket,
    Object,
}

/// Actions on objects that do not have `Object` in their names.
const ON_OBJECTS: [&str; 5] = [
    "abortmultipartupload",
    "listmultipartuploadparts",
    "bypassgovernanceretention",
    "replicatedelete",
    "replicatetags",
];

/// Actions on buckets that do not have `Bucket` in their names end so.
const ON_BUCKETS: [&str; 7] = [
    "encryptionconfiguration",
    "lifecycleconfiguration",
    "replicationconfiguration",
    "inventoryconfiguration",
    "analyticsconfiguration",
    "metricsconfiguration",
    "accelerateconfiguration",
];

pub(super) fn check(statement: &RawStatement) -> Result<(), Cow<'static, str>> {
    let (Some(actions), Some(resources)) = (&statement.action, &statement.resource) else { return Ok(()) };
    if actions.not || resources.not {
        return Ok(());
    }
    let serves = |kind| move |resource: &String| kind_of_resource(resource).is_none_or(|own| own == kind);
    let idle = |action: &String| kind_of_action(action).is_some_and(|kind| !has(resources, serves(kind)));
    if actions.items.iter().any(idle) {
        return Err("Action does not apply to any resource(s) in statement".into());
    }
    Ok(())
}

fn has(listed: &Listed<String>, test: impl Fn(&String) -> bool) -> bool {
    listed.items.iter().any(test)
}

fn kind_of_action(action: &str) -> Option<Kind> {
    let folded = action.to_ascii_lowercase();
    let name = folded.strip_prefix("s3:").filter(|name| !name.contains(['*', '?']))?;
    let object = ON_OBJECTS.contains(&name) || name == "objectowneroverridetobucketowner";
    if object || (name.contains("object") && !name.contains("bucket") && !name.contains("lambda")) {
        return Some(Kind::Object);
    }
    let bucket = name.contains("bucket") || ON_BUCKETS.iter().any(|end| name.ends_with(end));
    bucket.then_some(Kind::Bucket)
}

/// `None`: it may be both.
fn kind_of_resource(resource: &str) -> Option<Kind> {
    if resource.contains('/') {
        Some(Kind::Object)
    } else {
        (!resource.contains(['*', '?', '$'])).then_some(Kind::Bucket)
    }
}
