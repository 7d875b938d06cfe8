//! Permissions boundaries of users and roles.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::records::{BoundaryOf, Mark, Role, User};
use rolecall_store::{Reader, Tx};

use crate::entity;
use crate::holder::Holds;
use crate::managed::Managed;
use crate::model::{self, fault};

/// A user or role: what a boundary can be set on.
pub(crate) trait Bounded: Holds {
    fn set_boundary(&mut self, arn: Option<String>);
}

impl Bounded for User {
    fn set_boundary(&mut self, arn: Option<String>) {
        self.boundary = arn;
    }
}

impl Bounded for Role {
    fn set_boundary(&mut self, arn: Option<String>) {
        self.boundary = arn;
    }
}

/// # Errors
/// NoSuchEntity when there is no such policy; InvalidInput for what is no policy's ARN.
pub(crate) fn check(db: &Reader, account: AccountId, arn: Option<&str>) -> Result<(), Fault> {
    let Some(arn) = arn else { return Ok(()) };
    match Managed::find(db, account, arn)? {
        Some(_) => Ok(()),
        None => Err(fault::no_such_entity(format!("Scope ARN: {arn} does not exist or is not attachable."))),
    }
}

/// Sets, changes or (with `None`) removes the boundary of one that exists.
///
/// # Errors
/// As [`check`].
pub(crate) fn set<E: Bounded>(tx: &mut Tx, mut holder: E, arn: Option<&str>) -> Result<(), Fault> {
    holder.modifiable()?;
    let (account, word, name) = holder.shelf();
    check(tx, account, arn)?;
    if let Some(old) = holder.boundary() {
        tx.delete::<BoundaryOf>(&(account, old.to_owned(), word, name))?;
    }
    holder.set_boundary(arn.map(str::to_owned));
    index(tx, &holder)?;
    entity::put(tx, &holder)
}

/// Writes the policy's side of the boundary that a holder was made with.
pub(crate) fn index<E: Holds>(tx: &mut Tx, holder: &E) -> Result<(), Fault> {
    let Some(arn) = holder.boundary() else { return Ok(()) };
    let (account, word, name) = holder.shelf();
    Ok(tx.put::<BoundaryOf>(&(account, arn.to_owned(), word, name), &Mark {})?)
}

/// The boundary as answers show it. The model's enumeration says `PermissionsBoundaryPolicy`; AWS answers `Policy`.
pub(crate) fn to_wire(arn: Option<&str>) -> Option<model::AttachedPermissionsBoundary> {
    arn.map(|arn| model::AttachedPermissionsBoundary {
        permissions_boundary_type: Some("Policy".to_owned()),
        permissions_boundary_arn: Some(arn.to_owned()),
    })
}
