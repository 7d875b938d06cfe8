//! Policies: the organization's own and AWS's, and what they are attached to.

use rolecall_base::{Fault, Tags};
use rolecall_identity::records::{
    FULL_ACCESS, FullAccess, OnTarget, Organization, OrganizationPolicies, OrganizationPolicy,
    PoliciesOnTarget, RESOURCE_CONTROL, SERVICE_CONTROL, attached_by_default, full_access,
};
use rolecall_policy::{Kind, Policy};
use rolecall_store::{Reader, Tx};
use serde_json::Value;

use crate::management;
use crate::model::{self, fault};
use crate::policy_type::{self, PolicyType};
use crate::refusal::{self, constraint};
use crate::tree::{self, Node};

/// A policy of either sort.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Own(Box<OrganizationPolicy>),
    Aws(&'static FullAccess),
}

impl Found {
    pub fn id(&self) -> &str {
        match self {
            Found::Own(policy) => &policy.id,
            Found::Aws(policy) => policy.id,
        }
    }

    /// AWS's name of its type.
    pub fn kind(&self) -> &str {
        match self {
            Found::Own(policy) => &policy.kind,
            Found::Aws(policy) => policy.kind,
        }
    }

    pub fn tags(&self) -> Tags {
        match self {
            Found::Own(policy) => policy.tags.clone(),
            Found::Aws(_) => Tags::default(),
        }
    }

    pub fn content(&self) -> &str {
        match self {
            Found::Own(policy) => &policy.content,
            Found::Aws(policy) => policy.content,
        }
    }

    pub fn summary(&self, organization: &Organization) -> model::PolicySummary {
        let (arn, name, description) = match self {
            Found::Own(policy) => {
                (arn(organization, policy), policy.name.as_str(), policy.description.as_str())
            }
            Found::Aws(policy) => (policy.arn(), policy.name, policy.description),
        };
        model::PolicySummary {
            id: Some(self.id().to_owned()),
            arn: Some(arn),
            name: Some(name.to_owned()),
            description: Some(description.to_owned()),
            type_: Some(self.kind().to_owned()),
            aws_managed: Some(matches!(self, Found::Aws(_))),
        }
    }

    pub fn shown(&self, organization: &Organization) -> model::Policy {
        model::Policy {
            policy_summary: Some(self.summary(organization)),
            content: Some(self.content().to_owned()),
        }
    }

    /// The one that may be changed.
    ///
    /// # Errors
    /// InvalidInputException for AWS's.
    pub fn own(self) -> Result<OrganizationPolicy, Fault> {
        match self {
            Found::Own(policy) => Ok(*policy),
            Found::Aws(_) => Err(refusal::invalid(
                "IMMUTABLE_POLICY",
                "You specified a policy that is managed by AWS and can't be modified.",
            )),
        }
    }
}

fn arn(organization: &Organization, policy: &OrganizationPolicy) -> String {
    organization.arn_of("policy", &format!("{}/{}", policy.kind.to_lowercase(), policy.id))
}

pub(crate) fn find(db: &Reader, organization: &Organization, id: &str) -> Result<Option<Found>, Fault> {
    if let Some(policy) = full_access(id) {
        return Ok(Some(Found::Aws(policy)));
    }
    let row = db.get::<OrganizationPolicies>(&(organization.id.as_str(), id))?;
    Ok(row.map(|policy| Found::Own(Box::new(policy))))
}

/// # Errors
/// PolicyNotFoundException.
pub(crate) fn get(db: &Reader, organization: &Organization, id: &str) -> Result<Found, Fault> {
    find(db, organization, id)?.ok_or_else(refusal::no_policy)
}

/// All policies of a type, in the order of their ids.
pub(crate) fn of_type(db: &Reader, organization: &Organization, kind: &str) -> Result<Vec<Found>, Fault> {
    let rows = db.scan::<OrganizationPolicies>(&(organization.id.as_str(),), None, usize::MAX)?;
    let own = rows.into_iter().filter(|(_, row)| row.kind == kind).map(|(_, row)| Found::Own(Box::new(row)));
    let aws = FULL_ACCESS.iter().filter(|policy| policy.kind == kind).map(Found::Aws);
    let mut all: Vec<Found> = own.chain(aws).collect();
    all.sort_by(|a, b| a.id().cmp(b.id()));
    Ok(all)
}

/// # Errors
/// MalformedPolicyDocumentException; ConstraintViolationException for one that is too long.
pub(crate) fn check_content(kind: &PolicyType, content: &str) -> Result<(), Fault> {
    if content.chars().count() > kind.size {
        return Err(constraint(
            "POLICY_CONTENT_LIMIT_EXCEEDED",
            "You have exceeded the maximum policy size.",
        ));
    }
    match kind.name {
        SERVICE_CONTROL => drop(Policy::parse(content, Kind::ServiceControl)?),
        RESOURCE_CONTROL => drop(Policy::parse(content, Kind::ResourceControl)?),
        _ => {
            let parsed: Option<Value> = serde_json::from_str(content).ok();
            if parsed.is_none_or(|value| !management::is_well_formed(kind.name, &value)) {
                let text = "The provided policy document does not meet the requirements of the specified policy type.";
                return Err(fault::malformed_policy_document(text));
            }
        }
    }
    Ok(())
}

/// # Errors
/// DuplicatePolicyException when another one of its type has this name.
pub(crate) fn check_name(
    db: &Reader,
    organization: &Organization,
    kind: &str,
    name: &str,
    own_id: &str,
) -> Result<(), Fault> {
    for other in of_type(db, organization, kind)? {
        if other.id() != own_id && other.summary(organization).name.as_deref() == Some(name) {
            return Err(fault::duplicate_policy("A policy with the same name already exists."));
        }
    }
    Ok(())
}

/// # Errors
/// PolicyTypeNotEnabledException while the root does not have the type.
pub(crate) fn check_enabled(organization: &Organization, kind: &str) -> Result<(), Fault> {
    if organization.is_enabled(kind) {
        return Ok(());
    }
    Err(fault::policy_type_not_enabled("This operation can be performed only for enabled policy types."))
}

/// The ids of what is attached to a target.
pub(crate) fn on_target(
    db: &Reader,
    organization: &Organization,
    kind: &str,
    target: &str,
) -> Result<Vec<String>, Fault> {
    let row = db.get::<PoliciesOnTarget>(&(organization.id.as_str(), kind, target))?;
    Ok(row.map_or_else(|| attached_by_default(kind), |row| row.policies))
}

fn put_on_target(
    tx: &mut Tx,
    organization: &Organization,
    kind: &str,
    target: &str,
    policies: Vec<String>,
) -> Result<(), Fault> {
    let key = (organization.id.as_str(), kind, target);
    tx.put::<PoliciesOnTarget>(&key, &OnTarget { policies })?;
    bind(tx, organization, kind, target)
}

/// Says whom a change on a target binds.
fn bind(tx: &mut Tx, organization: &Organization, kind: &str, target: &str) -> Result<(), Fault> {
    if !policy_type::find(kind)?.is_control() {
        return Ok(());
    }
    if let Some(Node::Account(member)) = Node::find(tx, organization, target)? {
        // Its own row is a premise of what is decided about it.
        return crate::accounts::put(tx, &member);
    }
    rolecall_identity::bind_anew(tx, &organization.id)
}

/// # Errors
/// DuplicatePolicyAttachmentException; ConstraintViolationException when the target has as many as it may.
pub(crate) fn attach(
    tx: &mut Tx,
    organization: &Organization,
    policy: &Found,
    target: &str,
) -> Result<(), Fault> {
    let kind = policy_type::find(policy.kind())?;
    check_enabled(organization, kind.name)?;
    let mut attached = on_target(tx, organization, kind.name, target)?;
    if attached.iter().any(|id| id == policy.id()) {
        // AWS's text, which is that of another fault.
        let text = "A policy with the specified name and type already exists.";
        return Err(fault::duplicate_policy_attachment(text));
    }
    if attached.len() >= kind.attached {
        let text = "You have attached the maximum number of policies to the specified target.";
        return Err(constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", text));
    }
    attached.push(policy.id().to_owned());
    put_on_target(tx, organization, kind.name, target, attached)
}

/// # Errors
/// PolicyNotAttachedException; ConstraintViolationException for the last SCP of a target; InvalidInputException for
/// RCPFullAWSAccess, which nobody may detach.
pub(crate) fn detach(
    tx: &mut Tx,
    organization: &Organization,
    policy: &Found,
    target: &str,
) -> Result<(), Fault> {
    let kind = policy.kind();
    let mut attached = on_target(tx, organization, kind, target)?;
    if !organization.is_enabled(kind) || !attached.iter().any(|id| id == policy.id()) {
        return Err(fault::policy_not_attached(
            "The specified policy isn't attached to the specified target.",
        ));
    }
    if kind == RESOURCE_CONTROL && matches!(policy, Found::Aws(_)) {
        let text = "You can't detach the RCPFullAWSAccess policy.";
        return Err(refusal::invalid("NON_DETACHABLE_POLICY", text));
    }
    if kind == SERVICE_CONTROL && attached.len() == 1 {
        let text = "You cannot remove the last policy attached to the specified target. You must have at least one \
                    attached at all times.";
        return Err(constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", text));
    }
    attached.retain(|id| id != policy.id());
    put_on_target(tx, organization, kind, target, attached)
}

/// Everything that a policy is attached to.
pub(crate) fn targets(db: &Reader, organization: &Organization, policy: &Found) -> Result<Vec<Node>, Fault> {
    let kind = policy.kind();
    if !organization.is_enabled(kind) {
        return Ok(Vec::new());
    }
    let mut ids = vec![organization.root.clone()];
    ids.extend(all_units(db, organization)?);
    ids.extend(crate::accounts::all(db, organization)?.iter().map(ToString::to_string));
    let mut targets = Vec::new();
    for id in ids {
        if on_target(db, organization, kind, &id)?.iter().any(|attached| attached == policy.id()) {
            targets.extend(Node::find(db, organization, &id)?);
        }
    }
    Ok(targets)
}

fn all_units(db: &Reader, organization: &Organization) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    let mut parents = vec![organization.root.clone()];
    while let Some(parent) = parents.pop() {
        let below = tree::units_of(db, organization, &parent)?;
        parents.extend(below.iter().cloned());
        found.extend(below);
    }
    Ok(found)
}

/// Whether a policy of the organization's own is attached to anything.
pub(crate) fn is_attached(db: &Reader, organization: &Organization, policy: &Found) -> Result<bool, Fault> {
    let rows = db.scan::<PoliciesOnTarget>(&(organization.id.as_str(), policy.kind()), None, usize::MAX)?;
    Ok(rows.iter().any(|(_, row)| row.policies.iter().any(|id| id == policy.id())))
}
