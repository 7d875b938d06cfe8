//! What is asked, and the policies that take part in answering.

use std::sync::Arc;

use rolecall_base::AccountId;

use crate::{Facts, PolicySet, Principal};

/// One question: may this principal do this action on this resource?
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub principal: Principal<'a>,
    /// `iam:CreateUser`; compared without regard to case.
    pub action: &'a str,
    /// An ARN, or `*` for actions that act on no resource.
    pub resource: &'a str,
    /// The account that owns the resource. `None`: the caller's own (list actions, resources not made yet).
    pub resource_account: Option<AccountId>,
    pub facts: &'a dyn Facts,
    pub rule: Rule,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("principal", &self.principal)
            .field("action", &self.action)
            .field("resource", &self.resource)
            .field("resource_account", &self.resource_account)
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

/// Whether identity policies alone may grant within one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// They may.
    #[default]
    Standard,
    /// The resource layer is a role's trust policy, which must name the caller or its account.
    TrustDecides,
    /// The resource layer is a KMS key policy or one like it: it must name the caller or its account. A request on
    /// resource `*` has no key and follows `Standard`.
    KmsLike,
}

/// All policies that apply. An absent layer does not limit; an empty one that is present allows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// The principal's own and its groups' policies. `None` is as good as empty.
    pub identity: Option<&'a PolicySet>,
    pub boundary: Option<&'a PolicySet>,
    /// Inline and managed session policies, as one set.
    pub session: Option<&'a PolicySet>,
    /// The resource's policy, or the role's trust policy.
    pub resource: Option<&'a PolicySet>,
    pub endpoint: Option<&'a PolicySet>,
    /// Service control policies of the caller's account: one set a level, root first. Empty: no organization.
    pub scps: &'a [Arc<PolicySet>],
    /// Resource control policies of the resource's account: one set a level, root first.
    pub rcps: &'a [Arc<PolicySet>],
    /// The caller is a session of a service-linked role: SCPs and RCPs do not bind it.
    pub service_linked_role: bool,
    /// The caller's account is the organization's management account: SCPs do not bind it.
    pub management_account: bool,
    /// The resource's account is the organization's management account: RCPs do not bind it.
    pub resource_in_management_account: bool,
}
