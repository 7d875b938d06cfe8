//! The account's alias, the name in its sign-in address. An account has at most one.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::records::{Account, Accounts};
use rolecall_store::{Reader, Tx};

use crate::model::fault;
use crate::records::{AccountAliases, AliasOwner};

/// Gives the account an alias, in the place of the one it has.
///
/// # Errors
/// EntityAlreadyExists when it is another account's.
pub(crate) fn set(tx: &mut Tx, account: AccountId, alias: &str) -> Result<(), Fault> {
    let mut row = read(tx, account)?;
    if row.alias.as_deref() == Some(alias) {
        return Ok(());
    }
    if tx.exists::<AccountAliases>(&alias.to_owned())? {
        return Err(fault::entity_already_exists(format!("The account alias {alias} already exists.")));
    }
    if let Some(old) = row.alias.replace(alias.to_owned()) {
        tx.delete::<AccountAliases>(&old)?;
    }
    tx.put::<AccountAliases>(&alias.to_owned(), &AliasOwner { account })?;
    Ok(tx.put::<Accounts>(&account, &row)?)
}

/// # Errors
/// NoSuchEntity when it is not the account's alias.
pub(crate) fn remove(tx: &mut Tx, account: AccountId, alias: &str) -> Result<(), Fault> {
    let mut row = read(tx, account)?;
    if row.alias.as_deref() != Some(alias) {
        return Err(fault::no_such_entity(format!("The account alias {alias} cannot be found.")));
    }
    row.alias = None;
    tx.delete::<AccountAliases>(&alias.to_owned())?;
    Ok(tx.put::<Accounts>(&account, &row)?)
}

pub(crate) fn read(db: &Reader, account: AccountId) -> Result<Account, Fault> {
    let row = db.get::<Accounts>(&account)?;
    row.ok_or_else(|| Fault::internal(format!("account {account} has no record")))
}
