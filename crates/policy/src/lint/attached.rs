//! Rules and texts for documents attached to something: resource policies, trust policies, endpoint policies.

use std::borrow::Cow;

use rolecall_base::Arn;

use super::{bucket_actions, check_action};
use crate::document::{Broken, Document, Effect, PrincipalType, RawPrincipal, RawStatement};
use crate::principal::is_unique_id;
use crate::{Kind, ResourceKind};

const SYNTAX: &str = "Invalid policy syntax.";

/// What a role's trust policy may allow, without `sts:`.
const TRUST_ACTIONS: [&str; 6] = [
    "assumerole",
    "assumerolewithsaml",
    "assumerolewithwebidentity",
    "tagsession",
    "setsourceidentity",
    "setcontext",
];

type Text = Cow<'static, str>;

pub(super) fn broken(broken: Broken, text: &str) -> &'static str {
    match broken {
        Broken::Json if !text.starts_with('{') => {
            "Policies must be valid JSON and the first byte must be '{'"
        }
        Broken::Json => "This policy contains invalid Json",
        Broken::NoStatement => "Missing required field Statement",
        Broken::NoStatements => "Could not parse the policy: Statement is empty!",
        Broken::NoEffect => "Missing required field Effect",
        Broken::Version => "The policy must contain a valid version string",
        Broken::Syntax | Broken::EffectCase => SYNTAX,
    }
}

pub(super) fn check(kind: Kind, document: &Document) -> Result<(), Text> {
    for statement in &document.statements {
        match kind {
            Kind::Trust => trust(statement)?,
            Kind::Resource(ResourceKind::Bucket) => bucket(statement)?,
            _ => other(statement)?,
        }
    }
    Ok(())
}

fn trust(statement: &RawStatement) -> Result<(), Text> {
    match &statement.resource {
        Some(listed) if listed.not => return Err("Has prohibited field NotResource".into()),
        Some(_) => return Err("Has prohibited field Resource".into()),
        None => {}
    }
    match &statement.principal {
        None => return Err("Missing required field Principal".into()),
        Some(listed) if listed.not => return Err("Has prohibited field NotPrincipal".into()),
        Some(listed) if listed.items.is_empty() => {
            return Err("Missing required field Principal cannot be empty!".into());
        }
        Some(listed) => check_principals(&listed.items)?,
    }
    for action in actions(statement)? {
        let folded = action.to_ascii_lowercase();
        let known = folded
            .strip_prefix("sts:")
            .is_some_and(|name| name.contains(['*', '?']) || TRUST_ACTIONS.contains(&name));
        if !known {
            return Err("AssumeRole policy may only specify STS AssumeRole actions.".into());
        }
    }
    Ok(())
}

fn bucket(statement: &RawStatement) -> Result<(), Text> {
    match &statement.principal {
        None => return Err("Missing required field Principal".into()),
        // Everyone but the listed must not be let in.
        Some(listed) if listed.items.is_empty() || (listed.not && statement.effect == Effect::Allow) => {
            return Err("Invalid principal in policy".into());
        }
        Some(listed) => check_principals(&listed.items).map_err(|_| "Invalid principal in policy")?,
    }
    for action in actions(statement)? {
        let service = action.split_once(':').map_or(action, |(service, _)| service);
        let is_s3 = ["s3", "*"].iter().any(|known| service.eq_ignore_ascii_case(known));
        if !is_s3 || check_action(action).is_err() {
            return Err("Policy has invalid action".into());
        }
    }
    let Some(listed) = &statement.resource else { return Err("Missing required field Resource".into()) };
    let is_arn =
        |text: &String| Arn::parse(text).is_ok_and(|arn| arn.service == "s3" && !arn.resource.is_empty());
    if listed.items.is_empty() || !listed.items.iter().all(is_arn) {
        return Err("Policy has invalid resource".into());
    }
    bucket_actions::check(statement)
}

fn other(statement: &RawStatement) -> Result<(), Text> {
    if let Some(listed) = &statement.principal {
        check_principals(&listed.items)?;
    }
    if actions(statement)?.any(|action| check_action(action).is_err()) {
        return Err("Policy has invalid action".into());
    }
    let mut resources = statement.resource.iter().flat_map(|listed| &listed.items);
    if resources.any(|resource| resource != "*" && !resource.starts_with("arn:")) {
        return Err("Policy has invalid resource".into());
    }
    Ok(())
}

fn actions(statement: &RawStatement) -> Result<impl Iterator<Item = &str>, Text> {
    match &statement.action {
        Some(listed) if !listed.items.is_empty() => Ok(listed.items.iter().map(String::as_str)),
        _ => Err("Missing required field Action".into()),
    }
}

fn check_principals(items: &[RawPrincipal]) -> Result<(), Text> {
    match items.iter().find(|item| !is_valid(item)) {
        None => Ok(()),
        Some(item) => {
            let word = match item.kind {
                PrincipalType::Aws | PrincipalType::Everyone => "AWS",
                PrincipalType::Service => "SERVICE",
                PrincipalType::Federated => "FEDERATED",
                PrincipalType::CanonicalUser => "CANONICAL_USER",
            };
            Err(format!("Invalid principal in policy: \"{word}\":\"{}\"", item.value).into())
        }
    }
}

fn is_valid(item: &RawPrincipal) -> bool {
    let value = item.value.as_str();
    match item.kind {
        PrincipalType::Everyone => true,
        PrincipalType::Aws => value == "*" || is_aws(value),
        PrincipalType::Service => {
            value.contains('.') && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
        }
        PrincipalType::Federated => !value.is_empty() && !value.contains(['*', '?', ' ']),
        // Stored documents have the account's root ARN in place of the canonical id.
        PrincipalType::CanonicalUser => {
            is_aws(value) || (!value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric()))
        }
    }
}

fn is_aws(value: &str) -> bool {
    if value.parse::<rolecall_base::AccountId>().is_ok() || is_unique_id(value) {
        return true;
    }
    let Ok(arn) = Arn::parse(value) else { return false };
    if arn.account_id().is_none() || !arn.region.is_empty() || value.contains(['*', '?']) {
        return false;
    }
    let (kind, name) = arn.kind_and_rest();
    match (arn.service, kind) {
        ("iam", "root") => name.is_empty(),
        ("iam", "user" | "role") | ("sts", "federated-user") => !name.is_empty(),
        ("sts", "assumed-role") => {
            name.split_once('/').is_some_and(|(role, session)| !role.is_empty() && !session.is_empty())
        }
        _ => false,
    }
}
