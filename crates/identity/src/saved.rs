//! Principals in saved policies: users and roles stand there by unique id, so that one deleted and made anew is somebody
//! else, and are shown by their ARN as long as they exist.

use std::collections::BTreeMap;

use rolecall_base::{AccountId, Arn, Fault};
use rolecall_policy::{Policy, PrincipalType};
use rolecall_store::Reader;

use crate::records::{Entities, Holder, Roles, Users, fold};

/// What stands in a stored document for a principal of type `AWS`; `None` for nobody. `may` says which accounts may be
/// named.
///
/// # Errors
/// When the store can't be read.
pub fn saved_principal(
    db: &Reader,
    value: &str,
    may: &dyn Fn(AccountId) -> Result<bool, Fault>,
) -> Result<Option<String>, Fault> {
    let as_is = || Some(value.to_owned());
    if value == "*" {
        return Ok(as_is());
    }
    if let Ok(account) = value.parse::<AccountId>() {
        return Ok(may(account)?.then(|| account.root_arn()));
    }
    if is_unique_id(value) {
        let Some(place) = db.get::<Entities>(&value)? else { return Ok(None) };
        return Ok(may(place.account)?.then(|| value.to_owned()));
    }
    let Ok(arn) = Arn::parse(value) else { return Ok(None) };
    let Some(account) = arn.account_id() else { return Ok(None) };
    if !may(account)? {
        return Ok(None);
    }
    let key = (account, fold(arn.name()));
    let (word, rest) = arn.kind_and_rest();
    Ok(match (arn.service, word) {
        ("iam", "root") => as_is(),
        ("iam", "user") => db.get::<Users>(&key)?.filter(|user| user.arn() == value).map(|user| user.id),
        ("iam", "role") => db.get::<Roles>(&key)?.filter(|role| role.arn() == value).map(|role| role.id),
        ("sts", "assumed-role" | "federated-user") if !rest.is_empty() => as_is(),
        _ => None,
    })
}

/// The ARN of a user or role by its unique id; `None` for what is no such id, and for one that is gone.
///
/// # Errors
/// When the store can't be read.
pub fn arn_of_id(db: &Reader, id: &str) -> Result<Option<String>, Fault> {
    if !is_unique_id(id) {
        return Ok(None);
    }
    let Some(place) = db.get::<Entities>(&id)? else { return Ok(None) };
    let key = (place.account, place.name);
    Ok(match place.holder {
        Holder::User => db.get::<Users>(&key)?.map(|user| user.arn()),
        Holder::Role => db.get::<Roles>(&key)?.map(|role| role.arn()),
        Holder::Group => None,
    })
}

/// A saved policy as it is shown: ARNs for the unique ids of those who still exist.
///
/// # Errors
/// When the store can't be read.
pub fn shown_principals(db: &Reader, policy: &Policy) -> Result<BTreeMap<String, String>, Fault> {
    let mut arns = BTreeMap::new();
    for entry in policy.principals().iter().filter(|entry| entry.kind == PrincipalType::Aws) {
        if let Some(arn) = arn_of_id(db, &entry.value)? {
            arns.insert(entry.value.clone(), arn);
        }
    }
    Ok(arns)
}

fn is_unique_id(text: &str) -> bool {
    text.starts_with("AIDA") || text.starts_with("AROA")
}
