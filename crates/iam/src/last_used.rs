//! When keys and roles were last used, as answers show it.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::Identity;
use rolecall_store::Reader;

use crate::model;

/// Of an access key. AWS says `N/A` of a key that was never used.
pub(crate) fn key(identity: &Identity, db: &Reader, id: &str) -> Result<model::AccessKeyLastUsed, Fault> {
    let never = || "N/A".to_owned();
    let used = identity.usage.of_key(db, id)?;
    Ok(model::AccessKeyLastUsed {
        last_used_date: used.as_ref().map(|used| used.time),
        service_name: used.as_ref().map_or_else(never, |used| used.service.clone()),
        region: used.map_or_else(never, |used| used.region),
    })
}

/// Of a role, by its unique id: empty for one that was never used.
pub(crate) fn role(
    identity: &Identity,
    db: &Reader,
    account: AccountId,
    id: &str,
) -> Result<model::RoleLastUsed, Fault> {
    let last = identity.usage.services(db, account, id)?.into_values().max_by_key(|used| used.time);
    Ok(match last {
        Some(used) => model::RoleLastUsed { last_used_date: Some(used.time), region: Some(used.region) },
        None => model::RoleLastUsed::default(),
    })
}
