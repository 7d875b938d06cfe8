//! Long-term access keys of users and of the root user.

use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Resource};
use rolecall_identity::records::{
    AccessKey, AccessKeys, AccessKeysOfOwner, Entities, KeyOwner, KeyUses, User,
};
use rolecall_identity::{Caller, Who};
use rolecall_store::{Reader, Tx};

use crate::entity::{self, Target};
use crate::holder::conflict;
use crate::model::{self, fault};
use crate::page::{Page, Window};
use crate::quota;

/// Whose keys a request is about: a user's, or (`None`) the root user's own.
///
/// # Errors
/// ValidationError when it names nobody and the caller is neither a user nor root.
pub(crate) fn user_name<'a>(caller: &'a Caller, given: Option<&'a str>) -> Result<Option<&'a str>, Fault> {
    match (given, caller.who) {
        (Some(name), _) => Ok(Some(name)),
        (None, Who::Root) => Ok(None),
        (None, Who::User) => Ok(caller.user_name.as_deref()),
        (None, _) => Err(Fault::validation("Must specify userName when calling with non-User credentials")),
    }
}

/// The user that a request is about, or the root user.
pub(crate) fn target(at: &At<'_>, given: Option<&str>) -> Result<Target<User>, Fault> {
    match user_name(at.caller, given)? {
        Some(name) => Target::find(at, name),
        None => Ok(Target::by_arn(at.account().root_arn(), at.account())),
    }
}

/// The owner of the keys that a request is about, and the name that answers show.
///
/// # Errors
/// NoSuchEntity when there is no such user.
pub(crate) fn owner(
    db: &Reader,
    caller: &Caller,
    given: Option<&str>,
) -> Result<(KeyOwner, Option<String>), Fault> {
    match user_name(caller, given)? {
        None => Ok((KeyOwner::Root, None)),
        Some(name) => {
            let user: User = entity::get(db, caller.account, name)?;
            Ok((KeyOwner::User(user.id), Some(user.name)))
        }
    }
}

/// As [`owner`], where the root user has no such credentials.
///
/// # Errors
/// NoSuchEntity when there is no such user; ValidationError when it is root or a session.
pub(crate) fn user(db: &Reader, caller: &Caller, given: Option<&str>) -> Result<User, Fault> {
    match user_name(caller, given)? {
        Some(name) => entity::get(db, caller.account, name),
        None => Err(Fault::validation("Must specify userName when calling with non-User credentials")),
    }
}

/// The user whose key this is; `None` for root's keys, other accounts' and unknown ones.
pub(crate) fn holder(db: &Reader, account: AccountId, id: &str) -> Result<Option<User>, Fault> {
    let key = db.get::<AccessKeys>(&id.to_owned())?.filter(|key| key.account == account);
    let Some(KeyOwner::User(user_id)) = key.map(|key| key.owner) else { return Ok(None) };
    let Some(place) = db.get::<Entities>(&user_id)? else { return Ok(None) };
    entity::find(db, place.account, &place.name)
}

/// # Errors
/// LimitExceeded when the owner has two keys.
pub(crate) fn check_room(db: &Reader, account: AccountId, owner: &KeyOwner) -> Result<(), Fault> {
    let count = db.count::<AccessKeysOfOwner>(&(account, owner.word().to_owned()))?;
    quota::room("AccessKeysPerUser", count, quota::ACCESS_KEYS_PER_USER)
}

/// # Errors
/// NoSuchEntity when it is not a key of this owner.
pub(crate) fn get(db: &Reader, account: AccountId, owner: &KeyOwner, id: &str) -> Result<AccessKey, Fault> {
    let key = db.get::<AccessKeys>(&id.to_owned())?;
    let key = key.filter(|key| key.account == account && key.owner == *owner);
    key.ok_or_else(|| missing(id))
}

/// # Errors
/// ValidationError for a status that keys can't be given.
pub(crate) fn set_status(tx: &mut Tx, mut key: AccessKey, status: &str) -> Result<(), Fault> {
    key.active = match status {
        "Active" => true,
        "Inactive" => false,
        other => {
            return Err(Fault::validation(format!("Status {other} cannot be set on an access key.")));
        }
    };
    Ok(tx.put::<AccessKeys>(&key.id.clone(), &key)?)
}

pub(crate) fn delete(tx: &mut Tx, key: &AccessKey) -> Result<(), Fault> {
    tx.delete::<KeyUses>(&key.id)?;
    tx.delete::<AccessKeysOfOwner>(&(key.account, key.owner.word().to_owned(), key.id.clone()))?;
    Ok(tx.delete::<AccessKeys>(&key.id)?)
}

/// The owner's keys, without their secrets.
pub(crate) fn list(
    db: &Reader,
    account: AccountId,
    owner: &KeyOwner,
    name: Option<&str>,
    window: &Window,
) -> Result<Page<model::AccessKeyMetadata>, Fault> {
    let word = owner.word().to_owned();
    window.scan::<AccessKeysOfOwner, _>(
        db,
        &(account, word.clone()),
        |id| (account, word.clone(), id),
        |(_, _, id)| id.clone(),
        |(_, _, id), _| {
            Ok(db.get::<AccessKeys>(id)?.map(|key| model::AccessKeyMetadata {
                user_name: name.map(str::to_owned),
                access_key_id: Some(key.id),
                status: Some(status(key.active).to_owned()),
                create_date: Some(key.created),
            }))
        },
    )
}

/// # Errors
/// DeleteConflict while the user has keys.
pub(crate) fn check_none(db: &Reader, user: &User) -> Result<(), Fault> {
    match db.any::<AccessKeysOfOwner>(&(Resource::account(user), user.id.clone()))? {
        true => Err(conflict("must delete access keys first.")),
        false => Ok(()),
    }
}

pub(crate) fn status(active: bool) -> &'static str {
    if active { "Active" } else { "Inactive" }
}

pub(crate) fn missing(id: &str) -> Fault {
    fault::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}
