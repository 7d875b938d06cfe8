//! Trust policies of roles. Users and roles among their principals are stored by unique id, so that a deleted and
//! re-created one is somebody else, and are shown by their ARN as long as they exist.

use std::collections::BTreeMap;

use rolecall_base::Fault;
use rolecall_identity::{saved_principal, shown_principals};
use rolecall_policy::{Kind, Policy, PrincipalEntry, PrincipalType};
use rolecall_store::Reader;

use crate::model::fault;
use crate::quota::{self, Quotas};

/// What is stored for a trust policy that a request brings.
///
/// Account numbers become root ARNs. An account that this server does not have may be named all the same: it may be
/// another server's.
///
/// # Errors
/// MalformedPolicyDocument, also for a principal that does not exist; LimitExceeded above the quota of characters,
/// white space apart.
pub(crate) fn stored(db: &Reader, document: &str, quotas: &Quotas) -> Result<String, Fault> {
    let policy = Policy::parse(document, Kind::Trust)?;
    quota::size("ACLSizePerRole", document, quotas.trust_policy_size)?;
    let mut words = BTreeMap::new();
    for entry in aws_principals(&policy) {
        let word = saved_principal(db, &entry.value, &|_| Ok(true))?;
        words.insert(entry.value.clone(), word.ok_or_else(|| nobody(&entry.value))?);
    }
    Ok(with_words(&policy, &words))
}

/// A stored trust policy as clients see it: ARNs for the unique ids of those who still exist.
pub(crate) fn shown(db: &Reader, stored: &str) -> Result<String, Fault> {
    let policy = Policy::load(stored, Kind::Trust)
        .map_err(|malformed| Fault::internal(format!("a stored trust policy does not parse: {malformed}")))?;
    Ok(with_words(&policy, &shown_principals(db, &policy)?))
}

fn aws_principals(policy: &Policy) -> impl Iterator<Item = &PrincipalEntry> {
    policy.principals().iter().filter(|entry| entry.kind == PrincipalType::Aws)
}

fn with_words(policy: &Policy, words: &BTreeMap<String, String>) -> String {
    policy.text_with_principals(&|entry| {
        let aws = entry.kind == PrincipalType::Aws;
        aws.then(|| words.get(&entry.value).filter(|word| **word != entry.value).cloned()).flatten()
    })
}

fn nobody(value: &str) -> Fault {
    fault::malformed_policy_document(format!("Invalid principal in policy: \"AWS\":\"{value}\""))
}
