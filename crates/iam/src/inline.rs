//! Inline policies: documents that live and die with their user, group or role.

use rolecall_base::Fault;
use rolecall_identity::records::{InlinePolicies, InlinePolicy};
use rolecall_policy::{Kind, Policy};
use rolecall_store::{Reader, Tx};

use crate::holder::Holds;
use crate::model::fault;
use crate::page::{Page, Window};

/// Writes a policy, in the place of one of the same name.
///
/// # Errors
/// MalformedPolicyDocument; LimitExceeded when all inline policies together grow too large.
pub(crate) fn put<E: Holds>(tx: &mut Tx, holder: &E, name: &str, document: &str) -> Result<(), Fault> {
    holder.modifiable()?;
    Policy::parse(document, Kind::Identity)?;
    let mut size = Policy::size_without_whitespace(document);
    for (_, row) in tx.scan::<InlinePolicies>(&holder.shelf(), None, usize::MAX)? {
        if row.name != name {
            size += Policy::size_without_whitespace(&row.document);
        }
    }
    if size > E::INLINE_SIZE {
        return Err(fault::limit_exceeded(format!(
            "Maximum policy size of {} bytes exceeded for {} {}",
            E::INLINE_SIZE,
            E::WORD,
            holder.name()
        )));
    }
    let row = InlinePolicy { name: name.to_owned(), document: document.to_owned() };
    Ok(tx.put::<InlinePolicies>(&key(holder, name), &row)?)
}

/// # Errors
/// NoSuchEntity.
pub(crate) fn get<E: Holds>(db: &Reader, holder: &E, name: &str) -> Result<InlinePolicy, Fault> {
    let row = db.get::<InlinePolicies>(&key(holder, name))?;
    row.ok_or_else(|| {
        fault::no_such_entity(format!("The {} policy with name {name} cannot be found.", E::WORD))
    })
}

/// # Errors
/// NoSuchEntity.
pub(crate) fn delete<E: Holds>(tx: &mut Tx, holder: &E, name: &str) -> Result<(), Fault> {
    holder.modifiable()?;
    get(tx, holder, name)?;
    Ok(tx.delete::<InlinePolicies>(&key(holder, name))?)
}

/// The names, in order.
pub(crate) fn names<E: Holds>(db: &Reader, holder: &E, window: &Window) -> Result<Page<String>, Fault> {
    let (account, word, owner) = holder.shelf();
    window.scan::<InlinePolicies, _>(
        db,
        &holder.shelf(),
        |name| (account, word.clone(), owner.clone(), name),
        |(_, _, _, name)| name.clone(),
        |_, row| Ok(Some(row.name)),
    )
}

fn key<E: Holds>(holder: &E, name: &str) -> (rolecall_base::AccountId, String, String, String) {
    let (account, word, owner) = holder.shelf();
    (account, word, owner, name.to_owned())
}
