//! Rules for service control and resource control policies. Organizations says the same sentence for each.

use std::borrow::Cow;

use super::{Rigor, check_action};
use crate::Kind;
use crate::document::{Document, Effect, Listed, PrincipalType, RawStatement};

pub(super) const REFUSED: &str =
    "The provided policy document does not meet the requirements of the specified policy type.";

pub(super) fn check(kind: Kind, document: &Document, rigor: Rigor) -> Result<(), Cow<'static, str>> {
    let rule = |statement: &RawStatement| match kind {
        Kind::ResourceControl => {
            is_resource_control(statement) || (rigor == Rigor::Evaluate && is_full_access(statement))
        }
        _ => is_service_control(statement),
    };
    let fine = document
        .statements
        .iter()
        .all(|statement| has_actions(statement) && has_resources(statement) && rule(statement));
    if fine { Ok(()) } else { Err(REFUSED.into()) }
}

fn has_actions(statement: &RawStatement) -> bool {
    statement.action.as_ref().is_some_and(|listed| {
        !listed.items.is_empty() && listed.items.iter().all(|action| check_action(action).is_ok())
    })
}

/// A short ARN must say by a trailing `*` that the rest does not matter.
fn has_resources(statement: &RawStatement) -> bool {
    let is_whole = |text: &String| {
        text == "*"
            || (text.starts_with("arn:")
                && (text.ends_with('*') || text.bytes().filter(|b| *b == b':').count() >= 5))
    };
    statement
        .resource
        .as_ref()
        .is_some_and(|listed| !listed.items.is_empty() && listed.items.iter().all(is_whole))
}

fn is_service_control(statement: &RawStatement) -> bool {
    statement.principal.is_none()
}

fn is_resource_control(statement: &RawStatement) -> bool {
    let actions = statement
        .action
        .as_ref()
        .is_some_and(|listed| !listed.not && !listed.items.iter().any(|text| text == "*"));
    statement.effect == Effect::Deny && names_everyone(statement) && actions
}

/// The statement of RCPFullAWSAccess, which AWS attaches everywhere and takes from nobody.
fn is_full_access(statement: &RawStatement) -> bool {
    let is_star = |listed: &Option<Listed<String>>| {
        listed
            .as_ref()
            .is_some_and(|listed| !listed.not && matches!(listed.items.as_slice(), [one] if one == "*"))
    };
    statement.effect == Effect::Allow
        && names_everyone(statement)
        && is_star(&statement.action)
        && is_star(&statement.resource)
        && statement.conditions.is_empty()
}

fn names_everyone(statement: &RawStatement) -> bool {
    statement.principal.as_ref().is_some_and(|listed| {
        let is_star = |kind, value: &str| {
            kind == PrincipalType::Everyone || (kind == PrincipalType::Aws && value == "*")
        };
        !listed.not
            && !listed.items.is_empty()
            && listed.items.iter().all(|item| is_star(item.kind, &item.value))
    })
}
