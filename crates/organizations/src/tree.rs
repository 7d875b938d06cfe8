//! The tree: roots and units, what is below them, how deep it goes.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::path_of;
use rolecall_identity::records::{Member, MembersOfParent, Organization, Unit, Units, UnitsOfParent};
use rolecall_store::Reader;

use crate::accounts;
use crate::model::{self, fault};
use crate::refusal::{self, constraint};

/// Levels of units below the root.
const DEPTH: usize = 5;
/// Units of an organization.
const UNITS: usize = 2_000;

/// Something of the tree.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Root,
    Unit(Unit),
    Account(Box<Member>),
}

impl Node {
    /// `None` when there is no such root, unit or account in the organization.
    pub fn find(db: &Reader, organization: &Organization, id: &str) -> Result<Option<Node>, Fault> {
        if id == organization.root {
            return Ok(Some(Node::Root));
        }
        if id.starts_with("ou-") {
            return Ok(unit_if_any(db, organization, id)?.map(Node::Unit));
        }
        Ok(accounts::find(db, organization, id)?.map(|member| Node::Account(Box::new(member))))
    }

    pub fn id(&self, organization: &Organization) -> String {
        match self {
            Node::Root => organization.root.clone(),
            Node::Unit(unit) => unit.id.clone(),
            Node::Account(member) => member.account.to_string(),
        }
    }

    /// `TargetType`.
    pub fn word(&self) -> &'static str {
        match self {
            Node::Root => "ROOT",
            Node::Unit(_) => "ORGANIZATIONAL_UNIT",
            Node::Account(_) => "ACCOUNT",
        }
    }

    pub fn arn(&self, organization: &Organization) -> String {
        organization.arn_of(arn_kind(&self.id(organization)), &self.id(organization))
    }

    pub fn name(&self, db: &Reader) -> Result<String, Fault> {
        Ok(match self {
            Node::Root => "Root".to_owned(),
            Node::Unit(unit) => unit.name.clone(),
            Node::Account(member) => accounts::record(db, member.account)?.shown_name(),
        })
    }
}

/// The word in the ARN of what has this id.
pub(crate) fn arn_kind(id: &str) -> &'static str {
    match id.split('-').next() {
        Some("r") => "root",
        Some("ou") => "ou",
        _ => "account",
    }
}

pub(crate) fn unit_if_any(db: &Reader, organization: &Organization, id: &str) -> Result<Option<Unit>, Fault> {
    Ok(db.get::<Units>(&(organization.id.as_str(), id))?)
}

/// # Errors
/// OrganizationalUnitNotFoundException.
pub(crate) fn unit(db: &Reader, organization: &Organization, id: &str) -> Result<Unit, Fault> {
    unit_if_any(db, organization, id)?.ok_or_else(refusal::no_unit)
}

/// Whether a root or unit has this id.
pub(crate) fn is_parent(db: &Reader, organization: &Organization, id: &str) -> Result<bool, Fault> {
    Ok(id == organization.root || unit_if_any(db, organization, id)?.is_some())
}

/// # Errors
/// ParentNotFoundException.
pub(crate) fn check_parent(db: &Reader, organization: &Organization, id: &str) -> Result<(), Fault> {
    if is_parent(db, organization, id)? { Ok(()) } else { Err(refusal::no_parent()) }
}

/// Accounts directly below a root or unit.
pub(crate) fn accounts_of(
    db: &Reader,
    organization: &Organization,
    parent: &str,
) -> Result<Vec<AccountId>, Fault> {
    let prefix = (organization.id.as_str(), parent);
    let rows = db.scan::<MembersOfParent>(&prefix, None, usize::MAX)?;
    Ok(rows.into_iter().map(|((_, _, account), _)| account).collect())
}

/// Units directly below a root or unit.
pub(crate) fn units_of(db: &Reader, organization: &Organization, parent: &str) -> Result<Vec<String>, Fault> {
    let prefix = (organization.id.as_str(), parent);
    let rows = db.scan::<UnitsOfParent>(&prefix, None, usize::MAX)?;
    Ok(rows.into_iter().map(|((_, _, unit), _)| unit).collect())
}

/// # Errors
/// DuplicateOrganizationalUnitException when a neighbor has this name.
pub(crate) fn check_name(
    db: &Reader,
    organization: &Organization,
    parent: &str,
    name: &str,
) -> Result<(), Fault> {
    for id in units_of(db, organization, parent)? {
        if unit(db, organization, &id)?.name == name {
            let text = "An OU with the same name already exists.";
            return Err(fault::duplicate_organizational_unit(text));
        }
    }
    Ok(())
}

/// # Errors
/// ConstraintViolationException when a new unit below `parent` would be too deep, or one too many.
pub(crate) fn check_room(db: &Reader, organization: &Organization, parent: &str) -> Result<(), Fault> {
    // The path of a root has one slash, that of a unit below it two.
    let depth = path_of(db, organization, parent)?.matches('/').count();
    if depth > DEPTH {
        let text = "You have exceeded the allowed depth of organizational units.";
        return Err(constraint("OU_DEPTH_LIMIT_EXCEEDED", text));
    }
    if db.count::<Units>(&(organization.id.as_str(),))? >= UNITS {
        let text = "You have exceeded the number of organizational units.";
        return Err(constraint("OU_NUMBER_LIMIT_EXCEEDED", text));
    }
    Ok(())
}

/// A unit as clients see it.
pub(crate) fn shown(
    db: &Reader,
    organization: &Organization,
    unit: &Unit,
) -> Result<model::OrganizationalUnit, Fault> {
    Ok(model::OrganizationalUnit {
        id: Some(unit.id.clone()),
        arn: Some(organization.arn_of("ou", &unit.id)),
        name: Some(unit.name.clone()),
        path: Some(format!("{}/", path_of(db, organization, &unit.id)?)),
    })
}

/// A root as clients see it.
pub(crate) fn shown_root(organization: &Organization) -> model::Root {
    let enabled = organization
        .enabled
        .iter()
        .map(|name| model::PolicyTypeSummary { type_: Some(name.clone()), status: Some("ENABLED".into()) });
    model::Root {
        id: Some(organization.root.clone()),
        arn: Some(organization.arn_of("root", &organization.root)),
        name: Some("Root".into()),
        policy_types: Some(enabled.collect()),
    }
}
