//! Names of policies, for reasons, traces and audit records.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Policy;

/// Where a document comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PolicyId {
    /// A stored policy with an ARN of its own: managed policies, boundaries, organization policies.
    Managed(String),
    /// Inline in a user, group or role.
    Inline { owner: Owner, entity: String, name: String },
    /// The document of a resource, a role's trust, a session, an endpoint: a text that names it.
    Attached(String),
}

/// What an inline policy is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    User,
    Group,
    Role,
}

impl PolicyId {
    pub fn managed(arn: impl Into<String>) -> PolicyId {
        PolicyId::Managed(arn.into())
    }

    pub fn inline(owner: Owner, entity: impl Into<String>, name: impl Into<String>) -> PolicyId {
        PolicyId::Inline { owner, entity: entity.into(), name: name.into() }
    }

    pub fn attached(name: impl Into<String>) -> PolicyId {
        PolicyId::Attached(name.into())
    }

    /// The ARN that AWS appends to the reason of an explicit deny.
    pub fn arn(&self) -> Option<&str> {
        match self {
            PolicyId::Managed(arn) => Some(arn),
            PolicyId::Inline { .. } | PolicyId::Attached(_) => None,
        }
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyId::Managed(text) | PolicyId::Attached(text) => f.write_str(text),
            PolicyId::Inline { name, .. } => write!(f, "inline:{name}"),
        }
    }
}

/// A document under its name.
#[derive(Clone, Debug)]
pub struct Named {
    pub policy: Arc<Policy>,
    pub id: PolicyId,
}

impl Named {
    pub fn new(policy: Arc<Policy>, id: PolicyId) -> Named {
        Named { policy, id }
    }
}
