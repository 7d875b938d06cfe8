//! AWS's default quotas, and what it says when one is exceeded.

use rolecall_base::Fault;
use rolecall_policy::Policy;

use crate::model::fault;

pub(crate) const ACCESS_KEYS_PER_USER: usize = 2;
pub(crate) const GROUPS_PER_USER: usize = 10;
pub(crate) const ATTACHED_POLICIES: usize = 10;
pub(crate) const VERSIONS_PER_POLICY: usize = 5;
pub(crate) const SERVER_CERTIFICATES: usize = 20;
pub(crate) const SIGNING_CERTIFICATES_PER_USER: usize = 2;
pub(crate) const MFA_DEVICES_PER_USER: usize = 8;
/// Virtual devices of an account: as many as it may have users.
pub(crate) const MFA_DEVICES: usize = 5000;
pub(crate) const TAGS: usize = 50;
/// Characters of a managed policy, white space apart.
pub(crate) const POLICY_SIZE: usize = 6144;
/// Characters of a trust policy, white space apart.
pub(crate) const TRUST_SIZE: usize = 2048;

/// # Errors
/// LimitExceeded when there are `count` already and no more may come.
pub(crate) fn room(name: &str, count: usize, limit: usize) -> Result<(), Fault> {
    if count >= limit { Err(exceeded(name, limit)) } else { Ok(()) }
}

/// # Errors
/// LimitExceeded when a document is larger than `limit` characters, white space apart.
pub(crate) fn size(name: &str, document: &str, limit: usize) -> Result<(), Fault> {
    if Policy::size_without_whitespace(document) > limit { Err(exceeded(name, limit)) } else { Ok(()) }
}

pub(crate) fn exceeded(name: &str, limit: usize) -> Fault {
    fault::limit_exceeded(format!("Cannot exceed quota for {name}: {limit}"))
}
