//! The same facts as tables, for the coverage and permission pages and for the policy linter.

use crate::{Access, ValueType};

/// One action.
#[derive(Clone, Copy, Debug)]
pub struct ActionRow {
    /// `iam:CreateRole`.
    pub name: &'static str,
    pub access: Access,
    /// May be asked on `*`.
    pub wildcard: bool,
    pub resources: &'static [ResourceRow],
    /// Condition keys as AWS writes them, without the global ones.
    pub keys: &'static [&'static str],
    /// Further actions that the caller needs for this one to succeed, such as `iam:PassRole`.
    pub dependent: &'static [&'static str],
}

/// A resource kind that an action takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    pub kind: &'static str,
    pub required: bool,
}

/// A resource kind.
#[derive(Clone, Copy, Debug)]
pub struct KindRow {
    pub name: &'static str,
    /// With `${…}` where a value goes.
    pub arn: &'static str,
}

/// A condition key.
#[derive(Clone, Copy, Debug)]
pub struct KeyRow {
    /// With `${…}` (or `<…>`, as S3 writes it) where a value goes.
    pub pattern: &'static str,
    pub value: ValueType,
}

/// All tables of one service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRows {
    /// The prefix of its actions: `iam`.
    pub service: &'static str,
    pub actions: &'static [ActionRow],
    pub kinds: &'static [KindRow],
    pub keys: &'static [KeyRow],
}

macro_rules! rows {
    ($($service:literal $module:ident)*) => {
        &[$(ServiceRows {
            service: $service,
            actions: crate::$module::ALL,
            kinds: crate::$module::KINDS,
            keys: crate::$module::KEYS,
        }),*]
    };
}

static SERVICES: &[ServiceRows] = rows! {
    "cloudtrail" cloudtrail
    "ec2" ec2
    "ec2-instance-connect" ec2_instance_connect
    "iam" iam
    "organizations" organizations
    "s3" s3
    "ssm" ssm
    "sts" sts
};

/// Every service that has a module here.
pub fn services() -> &'static [ServiceRows] {
    SERVICES
}

/// The row of an action; its name in any case, as policies may write it.
pub fn row(action: &str) -> Option<&'static ActionRow> {
    let (service, name) = action.split_once(':')?;
    let rows = services().iter().find(|rows| rows.service.eq_ignore_ascii_case(service))?;
    let bare = |row: &ActionRow| row.name.get(service.len() + 1..).unwrap_or("");
    let at = rows.actions.binary_search_by(|row| {
        bare(row).bytes().map(|b| b.to_ascii_lowercase()).cmp(name.bytes().map(|b| b.to_ascii_lowercase()))
    });
    at.ok().and_then(|at| rows.actions.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_name_in_any_case() {
        for found in services().iter().flat_map(|service| service.actions) {
            assert_eq!(row(found.name).map(|row| row.name), Some(found.name));
            assert_eq!(row(&found.name.to_uppercase()).map(|row| row.name), Some(found.name));
        }
        assert!(row("iam:NoSuchAction").is_none());
        assert!(row("iam").is_none());
    }

    #[test]
    fn an_action_without_resources_is_asked_on_the_wildcard() {
        assert!(row("iam:ListRoles").is_some_and(|row| row.wildcard && row.resources.is_empty()));
        assert!(row("iam:CreateRole").is_some_and(|row| !row.wildcard));
        assert!(row("s3:GetObject").is_some_and(|row| !row.wildcard));
    }
}
