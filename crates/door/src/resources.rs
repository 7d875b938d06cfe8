//! The identities that several services ask about, and resources that are known by their ARN alone.

use std::marker::PhantomData;
use std::sync::Arc;

use rolecall_actions::{Kind, iam::kind};
use rolecall_base::{AccountId, Tags};
use rolecall_identity::records::{Group, InstanceProfile, ManagedPolicy, Role, User};
use rolecall_policy::PolicySet;

use crate::needs::Resource;

/// A resource by its ARN: one that is yet to be made, or was not found.
#[derive(Clone, Debug)]
pub struct ByArn<K> {
    arn: String,
    account: AccountId,
    tags: Tags,
    kind: PhantomData<K>,
}

impl<K: Kind> ByArn<K> {
    pub fn new(arn: impl Into<String>, account: AccountId) -> ByArn<K> {
        ByArn { arn: arn.into(), account, tags: Tags::default(), kind: PhantomData }
    }

    /// With the tags it has.
    #[must_use]
    pub fn tagged(mut self, tags: Tags) -> ByArn<K> {
        self.tags = tags;
        self
    }
}

impl<K: Kind> Resource for ByArn<K> {
    type Kind = K;

    fn arn(&self) -> String {
        self.arn.clone()
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn tags(&self) -> Tags {
        self.tags.clone()
    }
}

macro_rules! tagged_record {
    ($record:ty, $kind:ty) => {
        impl Resource for $record {
            type Kind = $kind;

            fn arn(&self) -> String {
                self.arn()
            }

            fn account(&self) -> AccountId {
                self.account
            }

            fn tags(&self) -> Tags {
                self.tags.clone()
            }
        }
    };
}

tagged_record!(User, kind::User);
tagged_record!(Role, kind::Role);
tagged_record!(ManagedPolicy, kind::Policy);
tagged_record!(InstanceProfile, kind::InstanceProfile);

impl Resource for Group {
    type Kind = kind::Group;

    fn arn(&self) -> String {
        self.arn()
    }

    fn account(&self) -> AccountId {
        self.account
    }
}

/// A role as the target of AssumeRole: its trust policy is its resource policy.
#[derive(Clone, Debug)]
pub struct TrustingRole {
    pub role: Arc<Role>,
    pub trust: Arc<PolicySet>,
}

impl Resource for TrustingRole {
    type Kind = kind::Role;

    fn arn(&self) -> String {
        self.role.arn()
    }

    fn account(&self) -> AccountId {
        self.role.account
    }

    fn tags(&self) -> Tags {
        self.role.tags.clone()
    }

    fn policy(&self) -> Option<Arc<PolicySet>> {
        Some(self.trust.clone())
    }
}
