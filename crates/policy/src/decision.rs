//! What was decided and why, and the words AWS tells it with.

use serde::{Deserialize, Serialize};

use crate::id::PolicyId;

/// The kinds of policy that take part in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layer {
    ServiceControl,
    ResourceControl,
    Endpoint,
    Resource,
    /// The resource layer where it is a role's trust policy.
    Trust,
    Identity,
    Boundary,
    Session,
}

/// Why a decision came out as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// This layer's statement granted it: `Identity`, `Resource` or `Trust`.
    Granted(Layer),
    /// The root user's own account needs no policy.
    Root,
    /// sts:GetCallerIdentity, which no policy can deny.
    Always,
    /// A matching Deny in this layer.
    ExplicitDeny(Layer),
    /// Nothing in this layer allows it, and something had to.
    Silent(Layer),
}

/// A statement that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched<'a> {
    pub policy: &'a PolicyId,
    /// Position of the statement in its document, from 0.
    pub statement: usize,
    pub sid: Option<&'a str>,
}

/// The outcome for one principal, action and resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    pub allowed: bool,
    pub reason: Reason,
    /// The deciding statement; `None` where the absence of one decided, or root needed none.
    pub matched: Option<Matched<'a>>,
    /// The caller's account is not the resource's: AWS then keeps the reason to itself.
    pub cross_account: bool,
}

impl Decision<'_> {
    /// A matching Deny decided.
    pub fn is_explicit_deny(&self) -> bool {
        matches!(self.reason, Reason::ExplicitDeny(_))
    }

    /// `allowed`, `explicitDeny` or `implicitDeny`, as simulations name it.
    pub fn word(&self) -> &'static str {
        match (self.allowed, self.is_explicit_deny()) {
            (true, _) => "allowed",
            (false, true) => "explicitDeny",
            (false, false) => "implicitDeny",
        }
    }

    /// The reason as it ends an AccessDenied message, e.g. `because no identity-based policy allows the
    /// iam:CreateUser action`. Empty when allowed, and for callers of another account, who get the short form.
    pub fn message_reason(&self, action: &str) -> String {
        if self.cross_account { String::new() } else { self.full_reason(action) }
    }

    /// As [`Decision::message_reason`], but also for callers of another account: for logs, traces and simulations.
    pub fn full_reason(&self, action: &str) -> String {
        match self.reason {
            Reason::Granted(_) | Reason::Root | Reason::Always => String::new(),
            Reason::Silent(layer) => format!("because no {} allows the {action} action", layer.noun()),
            Reason::ExplicitDeny(layer) => {
                let mut text = format!("with an explicit deny in {} {}", layer.article(), layer.noun());
                if let Some(arn) =
                    self.matched.and_then(|matched| matched.policy.arn()).filter(|_| layer.tells_arn())
                {
                    text.push_str(": ");
                    text.push_str(arn);
                }
                text
            }
        }
    }

    /// The whole denial: `User: … is not authorized to perform: … on resource: … because …`.
    ///
    /// `requester` is the user's, session's or root's ARN (`anonymous` for nobody). `resource` is left out for
    /// `None` and `*`, as AWS does for list actions. S3 wants its resource in double quotes: pass it quoted.
    pub fn denial(&self, requester: &str, action: &str, resource: Option<&str>) -> String {
        let mut text = format!("User: {requester} is not authorized to perform: {action}");
        if let Some(resource) = resource.filter(|resource| *resource != "*") {
            text.push_str(" on resource: ");
            text.push_str(resource);
        }
        let reason = self.message_reason(action);
        if !reason.is_empty() {
            text.push(' ');
            text.push_str(&reason);
        }
        text
    }
}

impl Layer {
    /// How AWS calls a policy of this kind.
    pub fn noun(self) -> &'static str {
        match self {
            Layer::ServiceControl => "service control policy",
            Layer::ResourceControl => "resource control policy",
            Layer::Endpoint => "VPC endpoint policy",
            Layer::Resource => "resource-based policy",
            Layer::Trust => "role trust policy",
            Layer::Identity => "identity-based policy",
            Layer::Boundary => "permissions boundary",
            Layer::Session => "session policy",
        }
    }

    fn article(self) -> &'static str {
        match self {
            Layer::Identity => "an",
            Layer::Trust => "the",
            _ => "a",
        }
    }

    /// AWS names the policy only for these.
    fn tells_arn(self) -> bool {
        matches!(
            self,
            Layer::ServiceControl
                | Layer::ResourceControl
                | Layer::Identity
                | Layer::Boundary
                | Layer::Session
        )
    }
}
