//! The lists around managed policies: which there are, and who has one.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::aws_policies;
use rolecall_identity::records::{AttachedTo, BoundaryOf, Group, ManagedPolicies, Role, User};
use rolecall_store::Reader;

use crate::entity::{self, Entity};
use crate::holder::Holds;
use crate::managed::Managed;
use crate::model;
use crate::page::{Page, Rows, Window};

/// Which policies ListPolicies is asked for.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub own: bool,
    pub aws: bool,
    /// Only those that somebody has.
    pub attached: bool,
    pub path_prefix: &'a str,
    pub usage: Usage,
}

/// As what a policy is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    Any,
    Permissions,
    Boundary,
}

impl Usage {
    /// From the request's `PolicyUsageFilter`.
    pub fn new(filter: Option<&str>) -> Usage {
        match filter {
            Some("PermissionsPolicy") => Usage::Permissions,
            Some("PermissionsBoundary") => Usage::Boundary,
            _ => Usage::Any,
        }
    }

    fn is_used(self, db: &Reader, account: AccountId, arn: &str) -> Result<bool, Fault> {
        let users = (account, arn.to_owned());
        Ok((self != Usage::Boundary && db.any::<AttachedTo>(&users)?)
            || (self != Usage::Permissions && db.any::<BoundaryOf>(&users)?))
    }
}

impl Wanted<'_> {
    fn has(&self, db: &Reader, account: AccountId, policy: &Managed) -> Result<bool, Fault> {
        if !policy.path().starts_with(self.path_prefix) {
            return Ok(false);
        }
        // A filter by use leaves out what is not used at all.
        let any = !self.attached && self.usage == Usage::Any;
        Ok(any || self.usage.is_used(db, account, &policy.arn())?)
    }
}

/// The account's own policies by name, then AWS's by path and name.
pub(crate) fn policies(
    db: &Reader,
    account: AccountId,
    wanted: &Wanted<'_>,
    window: &Window,
) -> Result<Page<model::Policy>, Fault> {
    let mut rows = Rows::new(window.limit);
    let after = window.after.as_deref();
    let own_after = after.and_then(|after| after.strip_prefix("own:"));
    let aws_after = after.and_then(|after| after.strip_prefix("then:"));
    if wanted.own && aws_after.is_none() {
        let after = own_after.map(|name| (account, name.to_owned()));
        for ((_, name), policy) in db.scan::<ManagedPolicies>(&(account,), after.as_ref(), usize::MAX)? {
            let policy = Managed::Own(policy);
            if wanted.has(db, account, &policy)?
                && !rows.push(format!("own:{name}"), policy.to_wire(db, account)?)
            {
                return Ok(rows.finish());
            }
        }
    }
    for policy in aws_policies::all().iter().filter(|_| wanted.aws) {
        let place = format!("{}{}", policy.path, policy.name);
        let policy = Managed::Aws(policy);
        if aws_after.is_none_or(|after| place.as_str() > after)
            && wanted.has(db, account, &policy)?
            && !rows.push(format!("then:{place}"), policy.to_wire(db, account)?)
        {
            break;
        }
    }
    Ok(rows.finish())
}

/// Who has a policy.
#[derive(Debug)]
pub(crate) enum Having {
    Group(Group),
    Role(Role),
    User(User),
}

/// Which holders ListEntitiesForPolicy is asked for.
#[derive(Debug)]
pub(crate) struct WantedHolders<'a> {
    /// `user`, `group` or `role`; policies have no policies.
    pub word: Option<String>,
    pub path_prefix: &'a str,
    pub usage: Usage,
}

/// Who has the policy, as permissions or as boundary: groups, roles, users, each by name.
pub(crate) fn holders(
    db: &Reader,
    account: AccountId,
    arn: &str,
    wanted: &WantedHolders<'_>,
    window: &Window,
) -> Result<Page<Having>, Fault> {
    let prefix = (account, arn.to_owned());
    let mut keys = std::collections::BTreeSet::new();
    if wanted.usage != Usage::Boundary {
        keys.extend(db.scan::<AttachedTo>(&prefix, None, usize::MAX)?.into_iter().map(|(key, _)| key));
    }
    if wanted.usage != Usage::Permissions {
        keys.extend(db.scan::<BoundaryOf>(&prefix, None, usize::MAX)?.into_iter().map(|(key, _)| key));
    }
    let mut having = Vec::new();
    for (_, _, word, name) in keys {
        if wanted.word.as_ref().is_none_or(|kind| *kind == word)
            && let Some(holder) = holder(db, account, &word, &name)?
            && holder.path().starts_with(wanted.path_prefix)
        {
            having.push((format!("{word}/{name}"), holder));
        }
    }
    Ok(window.cut(having))
}

fn holder(db: &Reader, account: AccountId, word: &str, name: &str) -> Result<Option<Having>, Fault> {
    Ok(if word == Group::HOLDER.word() {
        entity::find(db, account, name)?.map(Having::Group)
    } else if word == Role::HOLDER.word() {
        entity::find(db, account, name)?.map(Having::Role)
    } else {
        entity::find(db, account, name)?.map(Having::User)
    })
}

impl Having {
    fn path(&self) -> &str {
        match self {
            Having::Group(group) => Entity::path(group),
            Having::Role(role) => Entity::path(role),
            Having::User(user) => Entity::path(user),
        }
    }
}
