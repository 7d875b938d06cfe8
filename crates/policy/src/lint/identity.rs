//! Rules and texts for policies of users, groups and roles, boundaries and session policies.
//!
//! The order of the checks is the one in which AWS answers when several are broken, as public recordings show it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{BadAction, Rigor, check_action};
use crate::Kind;
use crate::document::{Broken, Document, RawStatement};

pub(super) const SYNTAX: &str = "Syntax errors in policy.";
const LEGACY: &str = "The policy failed legacy parsing";

const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// First words of IAM's resources, in the order of AWS's message; `root` is newer than that message.
const IAM_KINDS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

type Text = Cow<'static, str>;

pub(super) fn broken(broken: Broken) -> &'static str {
    match broken {
        Broken::EffectCase => LEGACY,
        _ => SYNTAX,
    }
}

pub(super) fn check(kind: Kind, document: &Document, rigor: Rigor) -> Result<(), Text> {
    if rigor == Rigor::Save && kind != Kind::Session && document.version.as_deref() != Some("2012-10-17") {
        return Err("Policy document must be version 2012-10-17 or greater.".into());
    }
    let statements = &document.statements;
    let resource_error = resource_formats(statements);
    if rigor == Rigor::Save && resource_error.is_none() && resources(statements).any(fails_legacy) {
        return Err(LEGACY.into());
    }
    check_sids(statements)?;
    if statements
        .iter()
        .any(|statement| statement.action.as_ref().is_none_or(|listed| listed.items.is_empty()))
    {
        return Err("Policy statement must contain actions.".into());
    }
    if let Some(error) = resource_error {
        return Err(error);
    }
    check_vendors(statements)?;
    if statements
        .iter()
        .any(|statement| statement.resource.as_ref().is_none_or(|listed| listed.items.is_empty()))
    {
        return Err("Policy statement must contain resources.".into());
    }
    if statements.iter().any(|statement| statement.principal.is_some()) {
        return Err("Policy document should not specify a principal.".into());
    }
    Ok(())
}

fn resources(statements: &[RawStatement]) -> impl Iterator<Item = &str> {
    statements
        .iter()
        .filter_map(|statement| statement.resource.as_ref())
        .flat_map(|listed| &listed.items)
        .map(|s| &**s)
}

/// Short ARNs with an empty segment never parsed in the oldest parser, and still do not.
fn fails_legacy(resource: &str) -> bool {
    let short = resource.bytes().filter(|b| *b == b':').count() < 5;
    resource != "*" && ((short && resource.contains("::")) || resource.split(':').nth(2) == Some(""))
}

fn check_sids(statements: &[RawStatement]) -> Result<(), Text> {
    let mut seen = BTreeSet::new();
    let sids =
        || statements.iter().filter_map(|statement| statement.sid.as_deref()).filter(|sid| !sid.is_empty());
    if !sids().all(|sid| seen.insert(sid)) {
        return Err("Statement IDs (SID) in a single policy must be unique.".into());
    }
    if sids().any(|sid| !sid.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
                    expression [A-Za-z0-9]*"
                .into(),
        );
    }
    Ok(())
}

fn check_vendors(statements: &[RawStatement]) -> Result<(), Text> {
    let actions = statements.iter().filter_map(|statement| statement.action.as_ref());
    for action in actions.flat_map(|listed| &listed.items) {
        check_action(action).map_err(|bad| match bad {
            BadAction::NoVendor => Text::from(NO_VENDOR),
            BadAction::ManyColons => "Actions/Condition can contain only one colon.".into(),
            BadAction::Vendor(vendor) => format!("Vendor {vendor} is not valid").into(),
        })?;
    }
    let mut keys = statements.iter().flat_map(|statement| &statement.conditions);
    if keys.any(|condition| !condition.key.contains(':')) {
        return Err(NO_VENDOR.into());
    }
    Ok(())
}

const NO_VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";

/// Of several broken resources AWS names the alphabetically first of the last statement that has one.
fn resource_formats(statements: &[RawStatement]) -> Option<Text> {
    statements.iter().rev().find_map(|statement| {
        let mut sorted: Vec<&String> = statement.resource.iter().flat_map(|listed| &listed.items).collect();
        sorted.sort();
        sorted.into_iter().find_map(|resource| format_error(resource))
    })
}

fn format_error(resource: &str) -> Option<Text> {
    if resource == "*" {
        return None;
    }
    let mut parts = resource.splitn(6, ':');
    if parts.next() != Some("arn") || !resource.contains(':') {
        return Some(format!("Resource {resource} must be in ARN format or \"*\".").into());
    }
    let partition = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    if !PARTITIONS.contains(&partition) && !partition.contains(['*', '?']) {
        return Some(bad_partition(partition, &rest));
    }
    match rest.as_slice() {
        [] if !partition.ends_with('*') => {
            Some("Resource vendor must be fully qualified and cannot contain regexes.".into())
        }
        ["iam", region, _, path] => iam_error(resource, region, path),
        ["s3", region, "", _] if !region.is_empty() && !region.contains(['*', '?']) => {
            Some(format!("Resource {resource} can not contain region information.").into())
        }
        _ => None,
    }
}

fn bad_partition(partition: &str, rest: &[&str]) -> Text {
    let part = |at: usize| match rest.get(at) {
        Some(&"") if at == 0 && rest.len() == 1 => "*",
        Some(part) => part,
        None => "*",
    };
    let (service, region, account, name) = (part(0), part(1), part(2), part(3));
    format!(
        "Partition \"{partition}\" is not valid for resource \
         \"arn:{partition}:{service}:{region}:{account}:{name}\"."
    )
    .into()
}

fn iam_error(resource: &str, region: &str, path: &str) -> Option<Text> {
    if !region.is_empty() && !region.contains(['*', '?']) {
        return Some(format!("IAM resource {resource} cannot contain region information.").into());
    }
    let word = path.split('/').next().unwrap_or_default();
    let known = path == "root"
        || word.contains(['*', '?', '$'])
        || IAM_KINDS.iter().any(|kind| path.starts_with(kind));
    (!known).then(|| {
        format!("IAM resource path must either be \"*\" or start with {}.", IAM_KINDS.join(", ")).into()
    })
}
