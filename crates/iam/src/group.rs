//! Who is in which group, indexed from both sides.

use rolecall_base::Fault;
use rolecall_identity::records::{Group, GroupMembers, GroupsOfUser, Mark, User};
use rolecall_store::{Reader, Tx};

use crate::entity::{self, Entity};
use crate::holder::conflict;
use crate::model::fault;
use crate::page::{Page, Window};
use crate::quota;

/// Puts a user into a group; one who is in it already stays.
///
/// # Errors
/// LimitExceeded above ten groups.
pub(crate) fn add(tx: &mut Tx, group: &Group, user: &User) -> Result<(), Fault> {
    let (account, member) = user.key();
    let key = (account, group.key().1, member.clone());
    if tx.exists::<GroupMembers>(&key)? {
        return Ok(());
    }
    let count = tx.count::<GroupsOfUser>(&(account, member.clone()))?;
    quota::room("GroupsPerUser", count, quota::GROUPS_PER_USER)?;
    tx.put::<GroupMembers>(&key, &Mark {})?;
    Ok(tx.put::<GroupsOfUser>(&(account, member, key.1), &Mark {})?)
}

/// # Errors
/// NoSuchEntity when the user is not in the group.
pub(crate) fn remove(tx: &mut Tx, group: &Group, user: &User) -> Result<(), Fault> {
    let (account, member) = user.key();
    let key = (account, group.key().1, member.clone());
    if !tx.exists::<GroupMembers>(&key)? {
        return Err(fault::no_such_entity(format!("User {} not in group {}", user.name, group.name)));
    }
    tx.delete::<GroupMembers>(&key)?;
    Ok(tx.delete::<GroupsOfUser>(&(account, member, key.1))?)
}

/// The users in a group.
pub(crate) fn members(db: &Reader, group: &Group, window: &Window) -> Result<Page<User>, Fault> {
    let (account, name) = group.key();
    window.scan::<GroupMembers, _>(
        db,
        &(account, name.clone()),
        |user| (account, name.clone(), user),
        |(_, _, user)| user.clone(),
        |(_, _, user), _| entity::find::<User>(db, account, user),
    )
}

/// The groups that a user is in.
pub(crate) fn of_user(db: &Reader, user: &User, window: &Window) -> Result<Page<Group>, Fault> {
    let (account, name) = user.key();
    window.scan::<GroupsOfUser, _>(
        db,
        &(account, name.clone()),
        |group| (account, name.clone(), group),
        |(_, _, group)| group.clone(),
        |(_, _, group), _| entity::find::<Group>(db, account, group),
    )
}

/// # Errors
/// DeleteConflict while there is somebody in it.
pub(crate) fn check_empty(db: &Reader, group: &Group) -> Result<(), Fault> {
    match db.any::<GroupMembers>(&group.key())? {
        true => Err(conflict("must remove users from group first.")),
        false => Ok(()),
    }
}

/// # Errors
/// DeleteConflict while the user is in a group.
pub(crate) fn check_in_none(db: &Reader, user: &User) -> Result<(), Fault> {
    match db.any::<GroupsOfUser>(&user.key())? {
        true => Err(conflict("must remove users from group first.")),
        false => Ok(()),
    }
}

/// Keeps a renamed user in its groups.
pub(crate) fn rename_user(tx: &mut Tx, old: &User, new: &User) -> Result<(), Fault> {
    let ((account, from), (_, to)) = (old.key(), new.key());
    if from == to {
        return Ok(());
    }
    for ((_, _, group), mark) in tx.scan::<GroupsOfUser>(&old.key(), None, usize::MAX)? {
        tx.delete::<GroupsOfUser>(&(account, from.clone(), group.clone()))?;
        tx.put::<GroupsOfUser>(&(account, to.clone(), group.clone()), &mark)?;
        tx.delete::<GroupMembers>(&(account, group.clone(), from.clone()))?;
        tx.put::<GroupMembers>(&(account, group, to.clone()), &mark)?;
    }
    Ok(())
}

/// Keeps the members of a renamed group.
pub(crate) fn rename_group(tx: &mut Tx, old: &Group, new: &Group) -> Result<(), Fault> {
    let ((account, from), (_, to)) = (old.key(), new.key());
    if from == to {
        return Ok(());
    }
    for ((_, _, user), mark) in tx.scan::<GroupMembers>(&old.key(), None, usize::MAX)? {
        tx.delete::<GroupMembers>(&(account, from.clone(), user.clone()))?;
        tx.put::<GroupMembers>(&(account, to.clone(), user.clone()), &mark)?;
        tx.delete::<GroupsOfUser>(&(account, user.clone(), from.clone()))?;
        tx.put::<GroupsOfUser>(&(account, user, to.clone()), &mark)?;
    }
    Ok(())
}
