//! Trust policies of roles. Users and roles among their principals are stored by unique id, so that a deleted and
//! re-created one is somebody else, and are shown by their ARN as long as they exist.

use std::collections::BTreeMap;

use rolecall_base::{AccountId, Arn, Fault};
use rolecall_identity::records::{Entities, Holder, Role, User};
use rolecall_policy::{Kind, Policy, PrincipalEntry, PrincipalType};
use rolecall_store::Reader;

use crate::entity;
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
        if let Some(word) = word_to_store(db, &entry.value)? {
            words.insert(entry.value.clone(), word);
        }
    }
    Ok(with_words(&policy, &words))
}

/// A stored trust policy as clients see it: ARNs for the unique ids of those who still exist.
pub(crate) fn shown(db: &Reader, stored: &str) -> Result<String, Fault> {
    let policy = Policy::load(stored, Kind::Trust)
        .map_err(|malformed| Fault::internal(format!("a stored trust policy does not parse: {malformed}")))?;
    let mut words = BTreeMap::new();
    for entry in aws_principals(&policy) {
        if let Some(arn) = arn_of_id(db, &entry.value)? {
            words.insert(entry.value.clone(), arn);
        }
    }
    Ok(with_words(&policy, &words))
}

fn aws_principals(policy: &Policy) -> impl Iterator<Item = &PrincipalEntry> {
    policy.principals().iter().filter(|entry| entry.kind == PrincipalType::Aws)
}

fn with_words(policy: &Policy, words: &BTreeMap<String, String>) -> String {
    policy.text_with_principals(&|entry| {
        let aws = entry.kind == PrincipalType::Aws;
        aws.then(|| words.get(&entry.value).cloned()).flatten()
    })
}

/// What stands in the stored document for a principal; `None` leaves it as it is.
fn word_to_store(db: &Reader, value: &str) -> Result<Option<String>, Fault> {
    if value == "*" {
        return Ok(None);
    }
    if let Ok(account) = value.parse::<AccountId>() {
        return Ok(Some(account.root_arn()));
    }
    if is_unique_id(value) {
        return if arn_of_id(db, value)?.is_some() { Ok(None) } else { Err(nobody(value)) };
    }
    let arn = Arn::parse(value).map_err(|_| nobody(value))?;
    let account = arn.account_id().ok_or_else(|| nobody(value))?;
    let (word, name) = arn.kind_and_rest();
    match (arn.service, word) {
        ("iam", "root") => Ok(None),
        ("iam", "user") => {
            let user = entity::find::<User>(db, account, arn.name())?.filter(|user| user.arn() == value);
            user.map(|user| Some(user.id)).ok_or_else(|| nobody(value))
        }
        ("iam", "role") => {
            let role = entity::find::<Role>(db, account, arn.name())?.filter(|role| role.arn() == value);
            role.map(|role| Some(role.id)).ok_or_else(|| nobody(value))
        }
        ("sts", "assumed-role" | "federated-user") if !name.is_empty() => Ok(None),
        _ => Err(nobody(value)),
    }
}

fn arn_of_id(db: &Reader, id: &str) -> Result<Option<String>, Fault> {
    if !is_unique_id(id) {
        return Ok(None);
    }
    let Some(place) = db.get::<Entities>(&id.to_owned())? else { return Ok(None) };
    Ok(match place.holder {
        Holder::User => entity::find::<User>(db, place.account, &place.name)?.map(|user| user.arn()),
        Holder::Role => entity::find::<Role>(db, place.account, &place.name)?.map(|role| role.arn()),
        Holder::Group => None,
    })
}

fn is_unique_id(text: &str) -> bool {
    text.starts_with("AIDA") || text.starts_with("AROA")
}

fn nobody(value: &str) -> Fault {
    fault::malformed_policy_document(format!("Invalid principal in policy: \"AWS\":\"{value}\""))
}
