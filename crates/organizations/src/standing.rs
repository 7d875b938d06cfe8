//! Who speaks for an organization: its management account; in part its delegated administrators, and whoever its
//! resource policy names.

use std::sync::Arc;

use rolecall_actions::organizations::{key, kind};
use rolecall_actions::{Action, Kind as ResourceKind, On, Takes};
use rolecall_base::{AccountId, Fault, Tags};
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Question};
use rolecall_identity::Identity;
use rolecall_identity::records::{
    DelegatedAdministrators, DelegationPolicies, Member, Members, Organization, Organizations,
};
use rolecall_policy::{Kind, PolicySet, ResourceKind as Guarded};
use rolecall_store::Reader;
use sha2::{Digest, Sha256};

use crate::accounts;
use crate::policies;
use crate::refusal;
use crate::tree;

/// Whom an operation is for, beside the management account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nobody else.
    Management,
    /// Whom the organization's resource policy lets: what manages policies.
    Policies,
    /// These, and delegated administrators: what only reads.
    Read,
}

/// A caller's account in its organization.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub organization: Organization,
    pub member: Member,
    entitled: Entitled,
}

/// What lets a caller in, its own permissions apart.
#[derive(Clone, Debug)]
enum Entitled {
    Management,
    Delegated,
    /// If this policy allows it.
    ByPolicy(Arc<PolicySet>),
    No,
}

impl Standing {
    /// `None`: the account is in no organization.
    fn find(
        db: &Reader,
        identity: &Identity,
        account: AccountId,
        reach: Reach,
    ) -> Result<Option<Standing>, Fault> {
        let Some(member) = db.get::<Members>(&account)? else { return Ok(None) };
        let organization = db.get::<Organizations>(&member.organization)?;
        let organization = organization.ok_or_else(|| Fault::internal("an organization is gone"))?;
        let id = &organization.id;
        let entitled = if organization.management == account {
            Entitled::Management
        } else if reach == Reach::Management {
            Entitled::No
        } else if reach == Reach::Read && db.any::<DelegatedAdministrators>(&(id.clone(), account))? {
            Entitled::Delegated
        } else {
            let policy = db.get::<DelegationPolicies>(id)?;
            policy.map_or(Ok(Entitled::No), |policy| compiled(identity, &policy.content))?
        };
        Ok(Some(Standing { organization, member, entitled }))
    }

    /// # Errors
    /// AWSOrganizationsNotInUseException, and AccessDeniedException for a member that the operation is not for.
    pub fn require<Op: Operation>(req: &Authorized<'_, Op>, reach: Reach) -> Result<Standing, Fault> {
        let standing = Standing::find(req.db()?, req.identity, req.account(), reach)?;
        let standing = standing.ok_or_else(refusal::not_in_use)?;
        if matches!(standing.entitled, Entitled::No) {
            return Err(refusal::barred());
        }
        Ok(standing)
    }

    /// The caller's own organization, whoever the caller is in it.
    ///
    /// # Errors
    /// AWSOrganizationsNotInUseException.
    pub fn own<Op: Operation>(req: &Authorized<'_, Op>) -> Result<Standing, Fault> {
        Standing::find(req.db()?, req.identity, req.account(), Reach::Management)?
            .ok_or_else(refusal::not_in_use)
    }
}

fn compiled(identity: &Identity, content: &str) -> Result<Entitled, Fault> {
    let digest = Sha256::digest(content.as_bytes()).into();
    let kind = Kind::Resource(Guarded::Other);
    let text = || Ok(content.to_owned());
    identity.documents.resource(kind, digest, "organization resource policy", text).map(Entitled::ByPolicy)
}

/// How an operation's questions are put.
#[derive(Debug)]
pub(crate) struct Scope<'a, 'w> {
    at: &'a At<'w>,
    standing: Option<Standing>,
}

impl<'a, 'w> Scope<'a, 'w> {
    pub fn new(at: &'a At<'w>, reach: Reach) -> Result<Scope<'a, 'w>, Fault> {
        let standing = Standing::find(at.db()?, at.identity, at.account(), reach)?;
        Ok(Scope { at, standing })
    }

    /// The state as this call sees it.
    pub fn db(&self) -> Result<&Reader, Fault> {
        self.at.db()
    }

    pub fn organization(&self) -> Option<&Organization> {
        self.standing.as_ref().map(|standing| &standing.organization)
    }

    /// Something of the organization, by what its ARN ends with. Who is in no organization is asked all the same, so
    /// that it is denied before it is told so.
    pub fn thing<K: ResourceKind>(&self, kind: &str, rest: &str) -> ByArn<K> {
        let arn = match self.organization() {
            Some(organization) => organization.arn_of(kind, rest),
            None => format!("arn:aws:organizations::{}:{kind}/o-0000000000/{rest}", self.at.account()),
        };
        ByArn::new(arn, self.at.account())
    }

    /// The same, with the tags that `find` finds.
    pub fn tagged<K: ResourceKind>(
        &self,
        kind: &str,
        rest: &str,
        find: impl FnOnce(&Reader, &Organization) -> Result<Option<Tags>, Fault>,
    ) -> Result<ByArn<K>, Fault> {
        let thing = self.thing(kind, rest);
        let Some(organization) = self.organization() else { return Ok(thing) };
        let tags = find(self.at.db()?, organization)?;
        Ok(thing.tagged(tags.unwrap_or_default()))
    }

    /// The finished question. For who comes by the resource policy, the organization is the management account's, and
    /// that policy must allow; for all others their own permissions decide, and the operation itself refuses those that
    /// it is not for.
    pub fn ask<A: Action>(&self, question: Question<A>) -> Needs {
        let own = self.at.account();
        let question = match &self.standing {
            Some(Standing { organization, entitled: Entitled::ByPolicy(policy), .. }) => {
                question.in_account(organization.management, Some(policy.clone()))
            }
            _ => question.in_account(own, None),
        };
        question.done()
    }
}

/// Resources by their ids.
impl Scope<'_, '_> {
    /// A root or unit.
    pub fn parent<K: ResourceKind>(&self, id: &str) -> Result<ByArn<K>, Fault> {
        self.tagged(tree::arn_kind(id), id, |db, organization| {
            if id == organization.root {
                return Ok(Some(organization.root_tags.clone()));
            }
            Ok(tree::unit_if_any(db, organization, id)?.map(|unit| unit.tags))
        })
    }

    pub fn account<K: ResourceKind>(&self, id: &str) -> Result<ByArn<K>, Fault> {
        self.tagged("account", id, |db, organization| accounts::tags(db, organization, id))
    }

    /// A policy, and the name of its type where there is such a policy.
    pub fn policy(&self, id: &str) -> Result<(ByArn<kind::Policy>, Option<String>), Fault> {
        let found = match self.organization() {
            Some(organization) => policies::find(self.at.db()?, organization, id)?,
            None => None,
        };
        Ok(match (found, self.organization()) {
            (Some(found), Some(organization)) => {
                let arn = found.summary(organization).arn.unwrap_or_default();
                let kind = Some(found.kind().to_owned());
                (ByArn::new(arn, self.at.account()).tagged(found.tags()), kind)
            }
            _ => (self.thing("policy", &format!("*/{id}")), None),
        })
    }

    /// What attaching and detaching ask: about the policy, and about what it is to hang on.
    pub fn on_policy_and_target<A>(&self, action: A, policy: &str, target: &str) -> Result<Needs, Fault>
    where
        A: Action + On<kind::Policy> + On<kind::Root> + On<kind::Organizationalunit> + On<kind::Account>,
        A: Takes<key::PolicyType> + Copy,
    {
        let (policy, policy_type) = self.policy(policy)?;
        let on_target = match tree::arn_kind(target) {
            "root" => Needs::action(action).on(&self.parent::<kind::Root>(target)?),
            "ou" => Needs::action(action).on(&self.parent::<kind::Organizationalunit>(target)?),
            _ => Needs::action(action).on(&self.account::<kind::Account>(target)?),
        };
        let on_policy = Needs::action(action).on(&policy).key(key::PolicyType, policy_type.clone());
        Ok(self.ask(on_policy).and(self.ask(on_target.key(key::PolicyType, policy_type))))
    }
}
