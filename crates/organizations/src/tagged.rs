//! What may have tags: roots, units, accounts, policies, the resource policy.

use rolecall_actions::organizations::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::{Fault, Tags};
use rolecall_door::{ByArn, Needs, Question};
use rolecall_identity::records::{
    DelegationPolicies, Organization, OrganizationPolicies, Organizations, Units,
};
use rolecall_store::{Reader, Tx};

use crate::accounts;
use crate::policies::{self, Found};
use crate::refusal;
use crate::standing::Scope;
use crate::transfers::{self, BILLING, Side};
use crate::tree::{self, Node};

/// The tags of a resource by its id.
///
/// # Errors
/// TargetNotFoundException.
pub(crate) fn tags(db: &Reader, organization: &Organization, id: &str) -> Result<Tags, Fault> {
    if id.starts_with("p-") {
        return Ok(policies::find(db, organization, id)?.ok_or_else(refusal::no_target)?.tags());
    }
    if id.starts_with("rp-") {
        let row = db.get::<DelegationPolicies>(&organization.id)?.filter(|row| row.id == id);
        return Ok(row.ok_or_else(refusal::no_target)?.tags);
    }
    if id.starts_with("rt-") {
        return Ok(transfers::find(db, organization, id)?.ok_or_else(refusal::no_target)?.tags);
    }
    Ok(match Node::find(db, organization, id)?.ok_or_else(refusal::no_target)? {
        Node::Root => organization.root_tags.clone(),
        Node::Unit(unit) => unit.tags,
        Node::Account(member) => member.tags,
    })
}

/// Gives a resource other tags.
///
/// # Errors
/// TargetNotFoundException; InvalidInputException for AWS's own policies.
pub(crate) fn put(tx: &mut Tx, organization: &Organization, id: &str, tags: Tags) -> Result<(), Fault> {
    let of = organization.id.clone();
    if id.starts_with("p-") {
        let found = policies::find(tx, organization, id)?.ok_or_else(refusal::no_target)?;
        let mut policy = Found::own(found)?;
        policy.tags = tags;
        return Ok(tx.put::<OrganizationPolicies>(&(of, policy.id.clone()), &policy)?);
    }
    if id.starts_with("rp-") {
        let row = tx.get::<DelegationPolicies>(&of)?.filter(|row| row.id == id);
        let mut row = row.ok_or_else(refusal::no_target)?;
        row.tags = tags;
        return Ok(tx.put::<DelegationPolicies>(&of, &row)?);
    }
    if id.starts_with("rt-") {
        let mut transfer = transfers::find(tx, organization, id)?.ok_or_else(refusal::no_target)?;
        transfer.tags = tags;
        return transfers::put(tx, &transfer);
    }
    match Node::find(tx, organization, id)?.ok_or_else(refusal::no_target)? {
        Node::Root => {
            let organization = Organization { root_tags: tags, ..organization.clone() };
            Ok(tx.put::<Organizations>(&of, &organization)?)
        }
        Node::Unit(mut unit) => {
            unit.tags = tags;
            Ok(tx.put::<Units>(&(of, unit.id.clone()), &unit)?)
        }
        Node::Account(mut member) => {
            member.tags = tags;
            accounts::put(tx, &member)
        }
    }
}

impl Scope<'_, '_> {
    /// A question about whatever has this id.
    pub fn about<A>(&self, action: A, id: &str) -> Result<Question<A>, Fault>
    where
        A: Action + On<kind::Policy> + On<kind::Root> + On<kind::Organizationalunit> + On<kind::Account>,
        A: On<kind::Resourcepolicy> + On<kind::Responsibilitytransfer> + Takes<key::PolicyType>,
        A: Takes<key::TransferDirection> + Takes<key::TransferType>,
    {
        if id.starts_with("rt-") {
            let (transfer, side) = self.transfer(id)?;
            return Ok(Needs::action(action)
                .on(&transfer)
                .key(key::TransferDirection, side.map(Side::word))
                .key(key::TransferType, Some(BILLING.to_lowercase())));
        }
        if id.starts_with("p-") {
            let (policy, policy_type) = self.policy(id)?;
            return Ok(Needs::action(action).on(&policy).key(key::PolicyType, policy_type));
        }
        if id.starts_with("rp-") {
            let policy: ByArn<kind::Resourcepolicy> = self.tagged("resourcepolicy", id, |db, own| {
                Ok(db.get::<DelegationPolicies>(&own.id)?.filter(|row| row.id == id).map(|row| row.tags))
            })?;
            return Ok(Needs::action(action).on(&policy));
        }
        Ok(match tree::arn_kind(id) {
            "root" => Needs::action(action).on(&self.parent::<kind::Root>(id)?),
            "ou" => Needs::action(action).on(&self.parent::<kind::Organizationalunit>(id)?),
            _ => Needs::action(action).on(&self.account::<kind::Account>(id)?),
        })
    }
}
