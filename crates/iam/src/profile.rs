//! Instance profiles and the one role in each.

use rolecall_base::Fault;
use rolecall_identity::records::{
    InstanceProfile, InstanceProfileIds, InstanceProfiles, Mark, ProfilePlace, ProfilesOfRole, Role,
};
use rolecall_store::{Reader, Tx};

use crate::entity::{self, Entity};
use crate::holder::{Holds, conflict};
use crate::page::{Page, Window};
use crate::quota::{self, Quotas};

/// # Errors
/// EntityAlreadyExists; LimitExceeded when the account has as many as it may.
pub(crate) fn create(tx: &mut Tx, profile: &InstanceProfile, quotas: &Quotas) -> Result<(), Fault> {
    entity::vacant::<InstanceProfile>(tx, profile.account, &profile.name)?;
    quota::grow::<InstanceProfile>(tx, profile.account, quotas)?;
    entity::put(tx, profile)?;
    let (account, name) = profile.key();
    Ok(tx.put::<InstanceProfileIds>(&profile.id, &ProfilePlace { account, name })?)
}

/// # Errors
/// LimitExceeded when there is a role in it, be it the same.
pub(crate) fn add_role(tx: &mut Tx, mut profile: InstanceProfile, role: &Role) -> Result<(), Fault> {
    role.modifiable()?;
    quota::room("InstanceSessionsPerInstanceProfile", usize::from(profile.role.is_some()), 1)?;
    let (account, name) = profile.key();
    tx.put::<ProfilesOfRole>(&(account, role.key().1, name), &Mark {})?;
    profile.role = Some(role.key().1);
    entity::put(tx, &profile)
}

/// # Errors
/// NoSuchEntity when it is not the role in it.
pub(crate) fn remove_role(tx: &mut Tx, mut profile: InstanceProfile, role: &Role) -> Result<(), Fault> {
    let (account, name) = profile.key();
    let held = role.key().1;
    if profile.role.as_ref() != Some(&held) {
        return Err(Role::missing(&role.name));
    }
    role.modifiable()?;
    tx.delete::<ProfilesOfRole>(&(account, held, name))?;
    profile.role = None;
    entity::put(tx, &profile)
}

/// # Errors
/// DeleteConflict while there is a role in it.
pub(crate) fn delete(tx: &mut Tx, profile: &InstanceProfile) -> Result<(), Fault> {
    if profile.role.is_some() {
        return Err(conflict("must remove roles from instance profile first."));
    }
    tx.delete::<InstanceProfileIds>(&profile.id)?;
    quota::shrink::<InstanceProfile>(tx, profile.account)?;
    Ok(tx.delete::<InstanceProfiles>(&profile.key())?)
}

/// The profiles that a role is in.
pub(crate) fn of_role(db: &Reader, role: &Role, window: &Window) -> Result<Page<InstanceProfile>, Fault> {
    let (account, name) = role.key();
    window.scan::<ProfilesOfRole, _>(
        db,
        &(account, name.clone()),
        |profile| (account, name.clone(), profile),
        |(_, _, profile)| profile.clone(),
        |(_, _, profile), _| entity::find::<InstanceProfile>(db, account, profile),
    )
}

/// # Errors
/// DeleteConflict while the role is in a profile.
pub(crate) fn check_in_none(db: &Reader, role: &Role) -> Result<(), Fault> {
    match db.any::<ProfilesOfRole>(&role.key())? {
        true => Err(conflict("must remove roles from instance profile first.")),
        false => Ok(()),
    }
}
