//! The report of an organization's access: which services control policies leave to a root, unit or account, and when
//! somebody of its accounts last used each.

use std::sync::Arc;

use rolecall_actions::catalog::{self, Service};
use rolecall_actions::organizations::{self as orgs, key, kind};
use rolecall_base::{AccountId, Fault, Time};
use rolecall_door::{At, ByArn, Needs};
use rolecall_identity::path_of;
use rolecall_identity::records::{
    FullAccess, Members, MembersOfOrganization, Organization, OrganizationPolicies, Organizations,
    PoliciesOnTarget, SERVICE_CONTROL, attached_by_default, full_access,
};
use rolecall_policy::{Kind, Policy};
use rolecall_store::Reader;
use serde::{Deserialize, Serialize};

use crate::model::fault;

/// As it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OrganizationReport {
    /// Why there is none: code and message.
    pub failed: Option<(String, String)>,
    pub rows: Vec<Row>,
}

/// One service that is left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub namespace: String,
    pub name: String,
    pub last: Option<Last>,
    /// Accounts in which it was used.
    pub accounts: i32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Last {
    pub time: Time,
    pub region: String,
    /// Of the account.
    pub path: String,
}

/// The organization that the caller's account manages.
///
/// # Errors
/// CallerIsNotManagementAccountException for every other account.
pub(crate) fn managed(db: &Reader, account: AccountId) -> Result<Organization, Fault> {
    managed_if_any(db, account)?.ok_or_else(|| {
        fault::caller_is_not_management_account(
            "The requested operation must be called from the management account of an organization.",
        )
    })
}

fn managed_if_any(db: &Reader, account: AccountId) -> Result<Option<Organization>, Fault> {
    let organization = match db.get::<Members>(&account)? {
        Some(member) => db.get::<Organizations>(&member.organization)?,
        None => None,
    };
    Ok(organization.filter(|organization| organization.management == account))
}

/// Who looks at the organization for the caller.
const SERVICE: &str = "iam.amazonaws.com";

/// What IAM asks Organizations with the caller's rights, as the IAM guide lists it. Nothing for who manages no
/// organization, and so gets no report.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn questions(at: &At<'_>, path: &str, policy: Option<&str>) -> Result<Needs, Fault> {
    let Some(organization) = managed_if_any(at.db()?, at.account())? else { return Ok(Needs::default()) };
    let id = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let mut needs = Needs::action(orgs::ListRoots).anywhere().via(SERVICE).done();
    macro_rules! on {
        ($kind:ident $word:literal: $($action:ident)*) => {{
            let thing = ByArn::<kind::$kind>::new(organization.arn_of($word, id), at.account());
            $(needs = needs.and(Needs::action(orgs::$action).on(&thing).via(SERVICE).done());)*
        }};
    }
    match id {
        _ if id.starts_with("r-") => on!(Root "root": ListChildren ListPoliciesForTarget),
        _ if id.starts_with("ou-") => {
            on!(Organizationalunit "ou": ListParents ListChildren ListPoliciesForTarget)
        }
        _ => on!(Account "account": ListParents ListPoliciesForTarget),
    }
    if let Some(id) = policy {
        let rest = format!("{}/{id}", SERVICE_CONTROL.to_lowercase());
        let own = || organization.arn_of("policy", &rest);
        let policy =
            ByArn::<kind::Policy>::new(full_access(id).map_or_else(own, FullAccess::arn), at.account());
        let kind = Some(SERVICE_CONTROL);
        let look = Needs::action(orgs::DescribePolicy).on(&policy).key(key::PolicyType, kind).via(SERVICE);
        let list =
            Needs::action(orgs::ListTargetsForPolicy).on(&policy).key(key::PolicyType, kind).via(SERVICE);
        needs = needs.and(look.done()).and(list.done());
    }
    Ok(needs)
}

/// The report on an entity by its path, or on a policy within it. What can't be reported is told in the report.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn make(
    at: &At<'_>,
    organization: &Organization,
    path: &str,
    policy: Option<&str>,
) -> Result<OrganizationReport, Fault> {
    let failed = |code: &str, message: String| {
        Ok(OrganizationReport { failed: Some((code.to_owned(), message)), rows: Vec::new() })
    };
    if !organization.is_enabled(SERVICE_CONTROL) {
        return failed(
            "PolicyTypeNotEnabled",
            "Service control policies are not enabled for the organization.".into(),
        );
    }
    let db = at.db()?;
    let path = path.trim_end_matches('/');
    let mut accounts = Vec::new();
    for ((_, account), _) in
        db.scan::<MembersOfOrganization>(&(organization.id.as_str(),), None, usize::MAX)?
    {
        let Some(member) = db.get::<Members>(&account)? else { continue };
        let own = format!("{}/{account}", path_of(db, organization, &member.parent)?);
        let is_self = own == path;
        let is_below = own.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        if is_self || (is_below && account != organization.management) {
            accounts.push((account, own));
        }
    }
    let target = path.rsplit('/').next().unwrap_or_default();
    let parent = if target.parse::<AccountId>().is_ok() { None } else { Some(target) };
    let known = match parent {
        Some(target) => path_of(db, organization, target).is_ok_and(|found| found == path),
        None => !accounts.is_empty(),
    };
    if !known {
        return failed("EntityNotFound", format!("There is no entity with the path {path}."));
    }
    let services = match policy {
        Some(id) => match document(at, organization, id)? {
            Some(document) => left(&[vec![document]]),
            None => return failed("PolicyNotFound", format!("There is no policy with the id {id}.")),
        },
        None if target == organization.management.to_string() => catalog::services().to_vec(),
        None => {
            let levels: Result<Vec<_>, Fault> =
                path.split('/').skip(1).map(|target| level(at, organization, target)).collect();
            left(&levels?)
        }
    };
    if let Some(id) = policy {
        let mut bound = Vec::new();
        for (account, own) in accounts {
            let mut targets = own.split('/').skip(1);
            if targets.try_fold(false, |any, target| {
                Ok::<_, Fault>(any || ids(db, organization, target)?.iter().any(|one| one == id))
            })? {
                bound.push((account, own));
            }
        }
        accounts = bound;
    }
    let mut rows: Vec<Row> = services
        .into_iter()
        .map(|service| Row {
            namespace: service.prefix.to_owned(),
            name: service.name.to_owned(),
            last: None,
            accounts: 0,
        })
        .collect();
    for (account, own) in &accounts {
        for (namespace, used) in at.identity.usage.of_account(db, *account)? {
            let Some(row) = rows.iter_mut().find(|row| row.namespace == namespace) else { continue };
            row.accounts += 1;
            if row.last.as_ref().is_none_or(|last| last.time < used.time) {
                row.last = Some(Last { time: used.time, region: used.region, path: format!("{own}/") });
            }
        }
    }
    Ok(OrganizationReport { failed: None, rows })
}

/// The services of which every level allows some action and none denies it outright.
fn left(levels: &[Vec<Arc<Policy>>]) -> Vec<Service> {
    let is_left = |action: &str| {
        levels.iter().all(|level| {
            level.iter().any(|policy| policy.grants(action))
                && !level.iter().any(|policy| policy.forbids(action))
        })
    };
    let all = catalog::services().iter().copied();
    all.filter(|service| {
        service.actions().any(|action| is_left(&format!("{}:{}", service.prefix, action.name)))
    })
    .collect()
}

fn ids(db: &Reader, organization: &Organization, target: &str) -> Result<Vec<String>, Fault> {
    let row = db.get::<PoliciesOnTarget>(&(organization.id.as_str(), SERVICE_CONTROL, target))?;
    Ok(row.map_or_else(|| attached_by_default(SERVICE_CONTROL), |row| row.policies))
}

fn level(at: &At<'_>, organization: &Organization, target: &str) -> Result<Vec<Arc<Policy>>, Fault> {
    let mut out = Vec::new();
    for id in ids(at.db()?, organization, target)? {
        out.extend(document(at, organization, &id)?);
    }
    Ok(out)
}

fn document(at: &At<'_>, organization: &Organization, id: &str) -> Result<Option<Arc<Policy>>, Fault> {
    let text = match full_access(id) {
        Some(policy) => Some(policy.content.to_owned()),
        None => {
            let row = at.db()?.get::<OrganizationPolicies>(&(organization.id.as_str(), id))?;
            row.filter(|row| row.kind == SERVICE_CONTROL).map(|row| row.content)
        }
    };
    text.map(|text| at.identity.documents.compile(&text, Kind::ServiceControl)).transpose()
}
