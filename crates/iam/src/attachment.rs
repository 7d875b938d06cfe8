//! Managed policies attached to users, groups and roles, indexed from both sides.

use rolecall_base::{Fault, Time};
use rolecall_identity::records::{AttachedTo, Attachment, Attachments, Mark};
use rolecall_store::{Reader, Tx};

use crate::holder::Holds;
use crate::managed::{self, Managed};
use crate::model::{self, fault};
use crate::page::{Page, Window};
use crate::quota::{self, Quotas};

/// Attaches a policy; one that is attached already stays so.
///
/// # Errors
/// NoSuchEntity, LimitExceeded above the quota, PolicyNotAttachable for the policies of service-linked roles.
pub(crate) fn attach<E: Holds>(
    tx: &mut Tx,
    holder: &E,
    arn: &str,
    now: Time,
    quotas: &Quotas,
) -> Result<(), Fault> {
    holder.modifiable()?;
    let (account, word, name) = holder.shelf();
    let policy = Managed::find(tx, account, arn)?
        .ok_or_else(|| fault::no_such_entity(format!("Policy {arn} does not exist or is not attachable.")))?;
    if !policy.is_attachable() {
        let text = match rolecall_identity::is_root_task(arn) {
            true => "Cannot attach a Root Task Policy.",
            false => "Cannot attach a Service Role Policy to a Customer Role.",
        };
        return Err(fault::policy_not_attachable(text));
    }
    let key = (account, word.clone(), name.clone(), arn.to_owned());
    if tx.exists::<Attachments>(&key)? {
        return Ok(());
    }
    let count = tx.count::<Attachments>(&holder.shelf())?;
    quota::room(E::ATTACHED_QUOTA, count, E::attached_limit(quotas))?;
    tx.put::<Attachments>(&key, &Attachment { attached: now.whole_seconds() })?;
    Ok(tx.put::<AttachedTo>(&(account, arn.to_owned(), word, name), &Mark {})?)
}

/// # Errors
/// NoSuchEntity when it is not attached.
pub(crate) fn detach<E: Holds>(tx: &mut Tx, holder: &E, arn: &str) -> Result<(), Fault> {
    holder.modifiable()?;
    let (account, word, name) = holder.shelf();
    let key = (account, word.clone(), name.clone(), arn.to_owned());
    if !tx.exists::<Attachments>(&key)? {
        return Err(managed::missing(arn));
    }
    tx.delete::<Attachments>(&key)?;
    Ok(tx.delete::<AttachedTo>(&(account, arn.to_owned(), word, name))?)
}

/// What is attached, of policies whose path begins with `path_prefix`.
pub(crate) fn list<E: Holds>(
    db: &Reader,
    holder: &E,
    path_prefix: Option<&str>,
    window: &Window,
) -> Result<Page<model::AttachedPolicy>, Fault> {
    let (account, word, owner) = holder.shelf();
    window.scan::<Attachments, _>(
        db,
        &holder.shelf(),
        |arn| (account, word.clone(), owner.clone(), arn),
        |(_, _, _, arn)| arn.clone(),
        |(_, _, _, arn), _| {
            let (path, name) = managed::place(arn);
            let wanted = path_prefix.is_none_or(|prefix| path.starts_with(prefix));
            Ok(wanted.then(|| model::AttachedPolicy {
                policy_name: Some(name.to_owned()),
                policy_arn: Some(arn.clone()),
            }))
        },
    )
}
