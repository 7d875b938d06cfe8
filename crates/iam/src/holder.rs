//! What policies hang on: users, groups and roles. Their beginning, their renaming, their end.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::forget_principal;
use rolecall_identity::records::{
    AttachedTo, Attachments, BoundaryOf, Entities, Entity as Place, Group, Holder, InlinePolicies, Mark,
    Role, User, fold,
};
use rolecall_store::{Reader, Tx};

use crate::entity::{self, Entity};
use crate::model::fault;
use crate::quota::{self, Limited, Quotas};

/// A user, group or role.
pub(crate) trait Holds: Entity + Limited {
    const HOLDER: Holder;
    /// Characters of all inline policies together, white space apart.
    const INLINE_SIZE: usize;
    /// The name of the quota of attached policies.
    const ATTACHED_QUOTA: &'static str;

    /// How many managed policies may be attached.
    fn attached_limit(quotas: &Quotas) -> usize;

    /// `AIDA…`, `AGPA…`, `AROA…`.
    fn id(&self) -> &str;

    /// # Errors
    /// UnmodifiableEntity for a role that only its service may change.
    fn modifiable(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// What the keys of its policies begin with: account, holder's word, folded name.
    fn shelf(&self) -> (AccountId, String, String) {
        let (account, name) = self.key();
        (account, Self::HOLDER.word().to_owned(), name)
    }
}

impl Holds for User {
    const HOLDER: Holder = Holder::User;
    const INLINE_SIZE: usize = 2048;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerUser";

    fn attached_limit(quotas: &Quotas) -> usize {
        quotas.policies_per_user
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Holds for Group {
    const HOLDER: Holder = Holder::Group;
    const INLINE_SIZE: usize = 5120;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerGroup";

    fn attached_limit(quotas: &Quotas) -> usize {
        quotas.policies_per_group
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Holds for Role {
    const HOLDER: Holder = Holder::Role;
    const INLINE_SIZE: usize = 10_240;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerRole";

    fn attached_limit(quotas: &Quotas) -> usize {
        quotas.policies_per_role
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn modifiable(&self) -> Result<(), Fault> {
        if !self.is_service_linked() {
            return Ok(());
        }
        Err(fault::unmodifiable_entity(format!(
            "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
            self.name
        )))
    }
}

/// Writes a new one: its row and the row of its unique id.
///
/// # Errors
/// EntityAlreadyExists; LimitExceeded when the account has as many as it may.
pub(crate) fn create<E: Holds>(tx: &mut Tx, holder: &E, quotas: &Quotas) -> Result<(), Fault> {
    entity::vacant::<E>(tx, holder.key().0, holder.name())?;
    quota::grow::<E>(tx, holder.key().0, quotas)?;
    entity::put(tx, holder)?;
    place(tx, holder)
}

/// # Errors
/// DeleteConflict while policies hang on it.
pub(crate) fn check_bare<E: Holds>(db: &Reader, holder: &E) -> Result<(), Fault> {
    if db.any::<Attachments>(&holder.shelf())? {
        return Err(conflict("must detach all policies first."));
    }
    if db.any::<InlinePolicies>(&holder.shelf())? {
        return Err(conflict("must delete policies first."));
    }
    Ok(())
}

/// The fault of deleting what something else still needs.
pub(crate) fn conflict(what: &str) -> Fault {
    fault::delete_conflict(format!("Cannot delete entity, {what}"))
}

/// Deletes a bare one; its unique id leads nowhere from now on.
pub(crate) fn erase<E: Holds>(tx: &mut Tx, holder: &E) -> Result<(), Fault> {
    if let Some(arn) = holder.boundary() {
        let (account, word, name) = holder.shelf();
        tx.delete::<BoundaryOf>(&(account, arn.to_owned(), word, name))?;
    }
    forget_principal(tx, holder.key().0, holder.id())?;
    tx.delete::<Entities>(&holder.id().to_owned())?;
    quota::shrink::<E>(tx, holder.key().0)?;
    Ok(tx.delete::<<E as Entity>::Table>(&holder.key())?)
}

/// Puts `new` in the place of `old`, which has the same id and perhaps another name or path, and moves all that hangs
/// on it.
///
/// # Errors
/// EntityAlreadyExists when the new name is another's.
pub(crate) fn replace<E: Holds>(tx: &mut Tx, old: &E, new: &E) -> Result<(), Fault> {
    if old.key() != new.key() {
        entity::vacant::<E>(tx, new.key().0, new.name())?;
        tx.delete::<<E as Entity>::Table>(&old.key())?;
        move_policies(tx, old, new)?;
    }
    entity::put(tx, new)?;
    place(tx, new)
}

fn move_policies<E: Holds>(tx: &mut Tx, old: &E, new: &E) -> Result<(), Fault> {
    let (account, word, from) = old.shelf();
    let to = fold(new.name());
    for ((_, _, _, policy), row) in tx.scan::<InlinePolicies>(&old.shelf(), None, usize::MAX)? {
        tx.delete::<InlinePolicies>(&(account, word.clone(), from.clone(), policy.clone()))?;
        tx.put::<InlinePolicies>(&(account, word.clone(), to.clone(), policy), &row)?;
    }
    for ((_, _, _, arn), row) in tx.scan::<Attachments>(&old.shelf(), None, usize::MAX)? {
        tx.delete::<Attachments>(&(account, word.clone(), from.clone(), arn.clone()))?;
        tx.put::<Attachments>(&(account, word.clone(), to.clone(), arn.clone()), &row)?;
        tx.delete::<AttachedTo>(&(account, arn.clone(), word.clone(), from.clone()))?;
        tx.put::<AttachedTo>(&(account, arn, word.clone(), to.clone()), &Mark {})?;
    }
    if let Some(arn) = old.boundary() {
        tx.delete::<BoundaryOf>(&(account, arn.to_owned(), word.clone(), from))?;
        tx.put::<BoundaryOf>(&(account, arn.to_owned(), word, to), &Mark {})?;
    }
    Ok(())
}

fn place<E: Holds>(tx: &mut Tx, holder: &E) -> Result<(), Fault> {
    let (account, name) = holder.key();
    let place = Place { account, holder: E::HOLDER, name };
    Ok(tx.put::<Entities>(&holder.id().to_owned(), &place)?)
}
