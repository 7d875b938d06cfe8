//! The report of last accessed services: who could use which service by a user's, group's, role's or policy's
//! permissions, and when each did.

use std::collections::BTreeMap;
use std::sync::Arc;

use rolecall_base::{AccountId, Fault, Time};
use rolecall_door::At;
use rolecall_identity::Loader;
use rolecall_identity::records::{AttachedTo, Group, GroupMembers, Role, Use, User, fold};
use rolecall_policy::{Kind, Policy};
use rolecall_store::Reader;
use serde::{Deserialize, Serialize};

use crate::context_keys::Source;
use crate::entity;
use crate::managed::{self, Managed};
use crate::model::fault;
use crate::report::{self, Report};
use crate::service_access::{granted, tracked};

/// Whose report it is.
#[derive(Debug)]
pub(crate) enum Subject {
    Source(Box<Source>),
    Policy(String),
}

/// As it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccessReport {
    /// `SERVICE_LEVEL` or `ACTION_LEVEL`.
    pub granularity: String,
    pub entities: Vec<Listed>,
    pub services: Vec<ServiceRow>,
}

/// A user or role that has the permissions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub arn: String,
    pub name: String,
    /// `USER` or `ROLE`.
    pub kind: String,
    pub id: String,
    pub path: String,
}

/// A service that the permissions are about.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ServiceRow {
    pub namespace: String,
    pub name: String,
    /// Newest first.
    pub uses: Vec<Used>,
    pub actions: Vec<(String, Used)>,
}

/// The last use by one of the entities.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Used {
    /// Place among the report's entities.
    pub entity: usize,
    pub time: Time,
    pub region: String,
}

impl Subject {
    /// # Errors
    /// InvalidInput for what is no such ARN.
    pub fn find(at: &At<'_>, arn: &str) -> Result<Subject, Fault> {
        if managed::is_policy(arn) {
            return Ok(Subject::Policy(arn.to_owned()));
        }
        Ok(Subject::Source(Box::new(Source::find(at, arn)?)))
    }
}

/// # Errors
/// NoSuchEntity when the subject does not exist.
pub(crate) fn make(at: &At<'_>, subject: &Subject, granularity: &str) -> Result<AccessReport, Fault> {
    let (db, account) = (at.db()?, at.account());
    let (policies, entities) = match subject {
        Subject::Source(source) => (documents(at, source)?, members(db, account, source)?),
        Subject::Policy(arn) => {
            Managed::get(db, account, arn)?;
            let loader = Loader { db, documents: &at.identity.documents };
            let text = loader.managed_text(arn)?.unwrap_or_default();
            (vec![at.identity.documents.compile(&text, Kind::Identity)?], attached(db, account, arn)?)
        }
    };
    let mut services: Vec<ServiceRow> = granted(&policies)
        .into_iter()
        .map(|service| ServiceRow {
            namespace: service.prefix.to_owned(),
            name: service.name.to_owned(),
            uses: Vec::new(),
            actions: Vec::new(),
        })
        .collect();
    let usage = &at.identity.usage;
    for (place, entity) in entities.iter().enumerate() {
        let used = |used: Use| Used { entity: place, time: used.time, region: used.region };
        let last = usage.services(db, account, &entity.id)?;
        for (namespace, one) in last {
            if let Some(row) = services.iter_mut().find(|row| row.namespace == namespace) {
                row.uses.push(used(one));
            }
        }
        if granularity != "ACTION_LEVEL" {
            continue;
        }
        for (operation, one) in usage.operations(db, account, &entity.id)? {
            let namespace = operation.split(':').next().unwrap_or_default();
            let row = services.iter_mut().find(|row| row.namespace == namespace);
            if let (Some(row), Some(action)) = (row, tracked(&operation)) {
                row.actions.push((action.to_owned(), used(one)));
            }
        }
    }
    for row in &mut services {
        row.uses.sort_by_key(|used| std::cmp::Reverse(used.time));
        let mut newest: BTreeMap<String, Used> = BTreeMap::new();
        for (action, used) in std::mem::take(&mut row.actions) {
            let known = newest.entry(action).or_insert_with(|| used.clone());
            if used.time > known.time {
                *known = used;
            }
        }
        row.actions = newest.into_iter().collect();
    }
    Ok(AccessReport { granularity: granularity.to_owned(), entities, services })
}

/// A report that the caller asked for.
///
/// # Errors
/// NoSuchEntity for an unknown job and for one of somebody else.
pub(crate) fn find(
    db: &Reader,
    account: AccountId,
    by: &str,
    job: &str,
) -> Result<(Time, AccessReport), Fault> {
    let found: Option<Report> = report::get(db, account, job)?.filter(|report| report.by == by);
    let report = found.ok_or_else(|| fault::no_such_entity(format!("No job found for job id {job}")))?;
    let read = serde_json::from_str(&report.text).map_err(Fault::internal)?;
    Ok((report.created, read))
}

fn documents(at: &At<'_>, source: &Source) -> Result<Vec<Arc<Policy>>, Fault> {
    Ok(source.policies(at)?.policies().iter().map(|named| named.policy.clone()).collect())
}

/// The user or role itself, or the group's users.
fn members(db: &Reader, account: AccountId, source: &Source) -> Result<Vec<Listed>, Fault> {
    match source {
        Source::User(_, name) => Ok(vec![user(&entity::get(db, account, name)?)]),
        Source::Role(_, name) => Ok(vec![role(&entity::get(db, account, name)?)]),
        Source::Group(_, name) => {
            let group: Group = entity::get(db, account, name)?;
            of_group(db, account, &fold(&group.name))
        }
    }
}

fn of_group(db: &Reader, account: AccountId, group: &str) -> Result<Vec<Listed>, Fault> {
    let mut out = Vec::new();
    for ((_, _, name), _) in db.scan::<GroupMembers>(&(account, group.to_owned()), None, usize::MAX)? {
        out.extend(entity::find::<User>(db, account, &name)?.as_ref().map(user));
    }
    Ok(out)
}

/// Who has a managed policy: users and roles, and the users of groups.
fn attached(db: &Reader, account: AccountId, arn: &str) -> Result<Vec<Listed>, Fault> {
    let mut out: Vec<Listed> = Vec::new();
    for ((_, _, word, name), _) in db.scan::<AttachedTo>(&(account, arn.to_owned()), None, usize::MAX)? {
        match word.as_str() {
            "user" => out.extend(entity::find::<User>(db, account, &name)?.as_ref().map(user)),
            "role" => out.extend(entity::find::<Role>(db, account, &name)?.as_ref().map(role)),
            _ => out.extend(of_group(db, account, &name)?),
        }
    }
    out.sort_by(|one, other| one.arn.cmp(&other.arn));
    out.dedup_by(|one, other| one.id == other.id);
    Ok(out)
}

fn user(user: &User) -> Listed {
    Listed {
        arn: user.arn(),
        name: user.name.clone(),
        kind: "USER".to_owned(),
        id: user.id.clone(),
        path: user.path.clone(),
    }
}

fn role(role: &Role) -> Listed {
    Listed {
        arn: role.arn(),
        name: role.name.clone(),
        kind: "ROLE".to_owned(),
        id: role.id.clone(),
        path: role.path.clone(),
    }
}
