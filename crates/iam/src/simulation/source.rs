//! The policies of a simulation: those of the request, and those of a user, group or role.

use std::sync::Arc;

use rolecall_base::{AccountId, Fault};
use rolecall_door::At;
use rolecall_identity::Loader;
use rolecall_identity::records::{Group, Role, User};
use rolecall_policy::{Kind, Named, Owner, Policy, PolicyId, PolicySet};
use rolecall_store::Reader;

use super::{Document, Exclusions};
use crate::context_keys::Source;
use crate::entity;
use crate::model::{OrderedOrganizationPolicyType, fault};

/// All layers but the resource's.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub identity: PolicySet,
    pub boundary: Option<PolicySet>,
    /// One set a level, root first; `None` outside of organizations.
    pub scps: Option<Vec<Arc<PolicySet>>>,
    pub service_linked: bool,
}

impl Sources {
    /// Policies of the request alone.
    ///
    /// # Errors
    /// InvalidInput for a document that AWS would refuse, for a second boundary, and for a level without policies.
    pub fn given(
        policies: &[String],
        boundary: Option<&[String]>,
        levels: Option<&[OrderedOrganizationPolicyType]>,
    ) -> Result<Sources, Fault> {
        Ok(Sources {
            identity: PolicySet::new(listed(policies, Kind::Identity, "PolicyInputList")?),
            boundary: given_boundary(boundary)?,
            scps: levels.filter(|levels| !levels.is_empty()).map(given_levels).transpose()?,
            ..Sources::default()
        })
    }

    /// What a user, group or role has, less what is left out, with what the request adds.
    ///
    /// # Errors
    /// NoSuchEntity; as [`Sources::given`].
    pub fn attached(
        at: &At<'_>,
        source: &Source,
        exclusions: &Exclusions,
        policies: Option<&[String]>,
        boundary: Option<&[String]>,
    ) -> Result<Sources, Fault> {
        let (db, account) = (at.db()?, at.account());
        let loader = Loader { db, documents: &at.identity.documents };
        let mut named = Vec::new();
        for one in source.policies(at)?.policies() {
            let one = Named::new(one.policy.clone(), truly_named(db, account, &one.id)?);
            if !exclusions.identity(&one.id) {
                named.push(one);
            }
        }
        named.extend(listed(policies.unwrap_or_default(), Kind::Identity, "PolicyInputList")?);
        let mut sources = Sources { identity: PolicySet::new(named), ..Sources::default() };
        let own = match source {
            Source::User(_, name) => entity::get::<User>(db, account, name)?.boundary,
            Source::Group(..) => None,
            Source::Role(_, name) => {
                let role = entity::get::<Role>(db, account, name)?;
                sources.service_linked = role.is_service_linked();
                role.boundary
            }
        };
        sources.boundary = match given_boundary(boundary)? {
            Some(given) => Some(given),
            None if exclusions.boundary() => None,
            None => {
                let own = loader.boundary(own.as_deref())?;
                own.map(|set| PolicySet::new(set.policies().to_vec()))
            }
        };
        if !exclusions.scps() {
            let placement = at.identity.placement(account)?;
            sources.scps = placement.seat.as_ref().map(|seat| seat.scps.clone());
        }
        Ok(sources)
    }
}

/// A document of a request.
///
/// # Errors
/// InvalidInput.
pub(super) fn read(text: &str, kind: Kind) -> Result<Document, Fault> {
    let policy = Policy::load(text, kind).map_err(|malformed| fault::invalid_input(malformed.message))?;
    Ok(Arc::new(policy))
}

fn listed(texts: &[String], kind: Kind, list: &str) -> Result<Vec<Named>, Fault> {
    let numbered = texts.iter().enumerate();
    numbered
        .map(|(at, text)| Ok(Named::new(read(text, kind)?, PolicyId::attached(format!("{list}.{}", at + 1)))))
        .collect()
}

fn given_boundary(list: Option<&[String]>) -> Result<Option<PolicySet>, Fault> {
    match list.unwrap_or_default() {
        [] => Ok(None),
        one @ [_] => {
            Ok(Some(PolicySet::new(listed(one, Kind::Boundary, "PermissionsBoundaryPolicyInputList")?)))
        }
        _ => Err(fault::invalid_input("The list of Permissions Boundary policies cannot exceed 1 items.")),
    }
}

fn given_levels(levels: &[OrderedOrganizationPolicyType]) -> Result<Vec<Arc<PolicySet>>, Fault> {
    let numbered = levels.iter().enumerate();
    numbered
        .map(|(at, level)| {
            let texts = level.service_control_policy_input_list.as_deref().unwrap_or_default();
            if texts.is_empty() {
                return Err(fault::invalid_input(format!(
                    "Organization policy at index {} must contain at least one service control policy",
                    at + 1
                )));
            }
            let list = format!("OrderedOrganizationPolicyInputList.{}", at + 1);
            Ok(Arc::new(PolicySet::new(listed(texts, Kind::ServiceControl, &list)?)))
        })
        .collect()
}

/// The id with the entity's name as it is written: the loader knows it in lower case.
pub(crate) fn truly_named(db: &Reader, account: AccountId, id: &PolicyId) -> Result<PolicyId, Fault> {
    let PolicyId::Inline { owner, entity, name } = id else { return Ok(id.clone()) };
    let found = match owner {
        Owner::User => entity::find::<User>(db, account, entity)?.map(|user| user.name),
        Owner::Group => entity::find::<Group>(db, account, entity)?.map(|group| group.name),
        Owner::Role => entity::find::<Role>(db, account, entity)?.map(|role| role.name),
    };
    Ok(PolicyId::inline(*owner, found.unwrap_or_else(|| entity.clone()), name.clone()))
}
