//! What a document is for: it decides which elements it may have and with which words it is refused.

use serde::Serialize;

/// The kinds of policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Kind {
    /// Of a user, group or role; inline or managed.
    Identity,
    /// A permissions boundary. Stored as a managed policy, so the same document is also parsed as `Identity`.
    Boundary,
    /// Passed to AssumeRole and its kin.
    Session,
    /// Attached to a resource.
    Resource(ResourceKind),
    /// A role's trust policy.
    Trust,
    /// A service control policy of an organization.
    ServiceControl,
    /// A resource control policy of an organization.
    ResourceControl,
    /// Of a VPC endpoint.
    Endpoint,
}

/// Whose resource policy it is, where that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ResourceKind {
    /// An S3 bucket: refused with `MalformedPolicy`.
    Bucket,
    /// Any other resource.
    Other,
}

impl Kind {
    /// Statements of this kind name principals.
    pub fn has_principals(self) -> bool {
        matches!(self, Kind::Resource(_) | Kind::Trust | Kind::ResourceControl | Kind::Endpoint)
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Kind::Resource(ResourceKind::Bucket) => "MalformedPolicy",
            Kind::ServiceControl | Kind::ResourceControl => "MalformedPolicyDocumentException",
            _ => "MalformedPolicyDocument",
        }
    }
}
