//! A bucket's policy: compiled once for each text, principals kept by unique id, and what the public access block
//! leaves of it.

use std::collections::HashMap;
use std::sync::Arc;

use rolecall_base::{AccountId, Fault};
use rolecall_door::At;
use rolecall_identity::records::Accounts;
use rolecall_identity::{Caller, Documents, Who, saved_principal, shown_principals};
use rolecall_policy::{Kind, Policy, PolicySet, PrincipalEntry, PrincipalType, ResourceKind};
use rolecall_store::Reader;
use sha2::{Digest, Sha256};

use crate::records::{Bucket, Buckets, PolicyTexts};

/// The most bytes of a bucket policy.
const MAX_BYTES: usize = 20 * 1024;
const KIND: Kind = Kind::Resource(ResourceKind::Bucket);

/// What a bucket's policy says to the caller; `None` when it says nothing.
pub fn of_bucket(at: &At<'_>, bucket: &Bucket) -> Result<Option<Arc<PolicySet>>, Fault> {
    said_to(at.caller, bucket, &at.identity.documents, || at.db())
}

/// A bucket's owner, and what its policy says to a caller.
#[derive(Debug)]
pub struct Said {
    pub owner: AccountId,
    pub policy: Option<Arc<PolicySet>>,
}

/// What the policy of the bucket by that name says to any caller; `None` without such a bucket.
///
/// # Errors
/// When the store can't be read.
pub fn of_name(
    db: &Reader,
    documents: &Documents,
    caller: &Caller,
    name: &str,
) -> Result<Option<Said>, Fault> {
    let Some(bucket) = db.get::<Buckets>(&name)? else { return Ok(None) };
    let policy = said_to(caller, &bucket, documents, || Ok(db))?;
    Ok(Some(Said { owner: bucket.owner, policy }))
}

fn said_to<'d>(
    caller: &Caller,
    bucket: &Bucket,
    documents: &Documents,
    db: impl FnOnce() -> Result<&'d Reader, Fault>,
) -> Result<Option<Arc<PolicySet>>, Fault> {
    let Some(mark) = bucket.policy else { return Ok(None) };
    let inside =
        caller.who == Who::Service || (caller.who != Who::Anonymous && caller.account == bucket.owner);
    let restricted = bucket.public_access_block.is_some_and(|block| block.restrict_public_buckets);
    if mark.public && restricted && !inside {
        return Ok(None);
    }
    let text = || {
        let row = db()?.get::<PolicyTexts>(&bucket.name.as_str())?;
        let row = row.ok_or_else(|| Fault::internal(format!("the policy of {} is gone", bucket.name)))?;
        Ok(row.text)
    };
    documents.resource(KIND, mark.digest, "bucket policy", text).map(Some)
}

/// By what a text is known.
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A document that is about to become a bucket's policy, as it is stored: ARNs of users and roles turned into unique
/// ids, so that one deleted and made again is not let in.
///
/// # Errors
/// MalformedPolicy, in S3's words.
pub fn accept(db: &Reader, bucket: &str, text: &str) -> Result<String, Fault> {
    let malformed = |text: &str| Fault::new("MalformedPolicy", 400, text.to_owned());
    if text.len() > MAX_BYTES {
        return Err(malformed("Policies must not exceed 20480 bytes in size."));
    }
    let policy = Policy::parse(text, KIND)?;
    check_resources(bucket, text)?;
    let mut ids = HashMap::new();
    for entry in policy.principals() {
        let Some(stored) = stored_principal(db, entry)? else {
            let detail = format!("\"AWS\" : \"{}\"", entry.value);
            return Err(malformed("Invalid principal in policy").with("Detail", detail));
        };
        ids.insert(entry.value.clone(), stored);
    }
    Ok(policy.text_with_principals(&|entry| {
        ids.get(&entry.value).filter(|stored| **stored != entry.value).cloned()
    }))
}

/// Every resource is the bucket or in it.
fn check_resources(bucket: &str, text: &str) -> Result<(), Fault> {
    let own = crate::bucket::arn(bucket);
    let invalid = || Fault::new("MalformedPolicy", 400, "Policy has invalid resource");
    let unreadable = || Fault::new("MalformedPolicy", 400, "This policy contains invalid Json");
    for statement in &crate::public::statements(text).ok_or_else(unreadable)? {
        for resource in
            ["Resource", "NotResource"].iter().flat_map(|name| crate::public::texts(statement.get(*name)))
        {
            let rest = resource.strip_prefix(&own).ok_or_else(invalid)?;
            if !rest.is_empty() && !rest.starts_with('/') && !rest.starts_with('*') {
                return Err(invalid());
            }
        }
    }
    Ok(())
}

/// A principal as it is stored; `None` when there is no such principal.
fn stored_principal(db: &Reader, entry: &PrincipalEntry) -> Result<Option<String>, Fault> {
    let as_is = || Some(entry.value.clone());
    match entry.kind {
        PrincipalType::Aws => {}
        PrincipalType::CanonicalUser => return account_of_canonical(db, &entry.value),
        _ => return Ok(as_is()),
    }
    saved_principal(db, &entry.value, &|account| Ok(db.exists::<Accounts>(&account)?))
}

/// The account of a canonical id. Accounts are few.
fn account_of_canonical(db: &Reader, id: &str) -> Result<Option<String>, Fault> {
    let accounts = db.scan::<Accounts>(&(), None, usize::MAX)?;
    Ok(accounts.into_iter().find(|(_, row)| row.canonical_id == id).map(|(account, _)| account.to_string()))
}

/// A stored document as it is shown: unique ids turned back into ARNs where their owners still exist.
///
/// # Errors
/// InternalFailure when it does not parse.
pub fn shown(db: &Reader, text: &str) -> Result<String, Fault> {
    let policy = Policy::load(text, KIND).map_err(Fault::internal)?;
    let mut arns = shown_principals(db, &policy)?;
    for entry in policy.principals().iter().filter(|entry| entry.kind == PrincipalType::CanonicalUser) {
        let account = entry.value.parse::<AccountId>().map_err(Fault::internal)?;
        arns.insert(entry.value.clone(), crate::bucket::owner_id(db, account)?);
    }
    Ok(policy.text_with_principals(&|entry| arns.get(&entry.value).cloned()))
}
