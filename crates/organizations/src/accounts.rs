//! Member accounts: finding and showing them, their joining and leaving.

use rolecall_base::{AccountId, Fault, Tags, Time};
use rolecall_identity::path_of;
use rolecall_identity::records::{
    Account, Accounts, DelegatedAdministrators, Mark, Member, Members, MembersOfOrganization,
    MembersOfParent, Organization, PoliciesOnTarget,
};
use rolecall_store::{Reader, Tx};

use crate::model;
use crate::policy_type::TYPES;
use crate::refusal::{self, constraint};

/// Accounts of an organization: what AWS allows on request.
const ACCOUNTS: usize = 10_000;

/// A member by its number; `None` for accounts of no or another organization.
pub(crate) fn find(db: &Reader, organization: &Organization, id: &str) -> Result<Option<Member>, Fault> {
    let Ok(account) = id.parse::<AccountId>() else { return Ok(None) };
    let member = db.get::<Members>(&account)?;
    Ok(member.filter(|member| member.organization == organization.id))
}

/// # Errors
/// AccountNotFoundException.
pub(crate) fn get(db: &Reader, organization: &Organization, id: &str) -> Result<Member, Fault> {
    find(db, organization, id)?.ok_or_else(refusal::no_account)
}

/// The tags of a member, for questions about it.
pub(crate) fn tags(db: &Reader, organization: &Organization, id: &str) -> Result<Option<Tags>, Fault> {
    Ok(find(db, organization, id)?.map(|member| member.tags))
}

/// # Errors
/// InternalFailure when the account is gone.
pub(crate) fn record(db: &Reader, account: AccountId) -> Result<Account, Fault> {
    db.get::<Accounts>(&account)?.ok_or_else(|| Fault::internal(format!("account {account} is gone")))
}

/// Everybody in an organization.
pub(crate) fn all(db: &Reader, organization: &Organization) -> Result<Vec<AccountId>, Fault> {
    let rows = db.scan::<MembersOfOrganization>(&(organization.id.as_str(),), None, usize::MAX)?;
    Ok(rows.into_iter().map(|((_, account), _)| account).collect())
}

/// `ACTIVE` or `SUSPENDED`.
pub(crate) fn status(member: &Member) -> &'static str {
    if member.closed.is_some() { "SUSPENDED" } else { "ACTIVE" }
}

/// `ACTIVE` or `CLOSED`.
pub(crate) fn state(member: &Member) -> &'static str {
    if member.closed.is_some() { "CLOSED" } else { "ACTIVE" }
}

/// `INVITED` or `CREATED`.
pub(crate) fn joined_method(member: &Member) -> &'static str {
    if member.invited { "INVITED" } else { "CREATED" }
}

/// An account as clients see it.
pub(crate) fn shown(
    db: &Reader,
    organization: &Organization,
    member: &Member,
) -> Result<model::Account, Fault> {
    let record = record(db, member.account)?;
    let id = member.account.to_string();
    let path = path_of(db, organization, &member.parent)?;
    Ok(model::Account {
        arn: Some(organization.arn_of("account", &id)),
        paths: Some(vec![format!("{path}/{id}/")]),
        id: Some(id),
        email: Some(record.shown_address()),
        name: Some(record.shown_name()),
        status: Some(status(member).into()),
        state: Some(state(member).into()),
        joined_method: Some(joined_method(member).into()),
        joined_timestamp: Some(member.joined),
    })
}

/// # Errors
/// ConstraintViolationException when the organization is full.
pub(crate) fn check_room(db: &Reader, organization: &Organization) -> Result<(), Fault> {
    if all(db, organization)?.len() < ACCOUNTS {
        return Ok(());
    }
    let text = "You have exceeded the allowed number of AWS accounts.";
    Err(constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", text))
}

/// Puts an account below the root.
pub(crate) fn join(
    tx: &mut Tx,
    organization: &Organization,
    account: AccountId,
    invited: bool,
    now: Time,
    tags: Tags,
) -> Result<(), Fault> {
    let member = Member {
        account,
        organization: organization.id.clone(),
        parent: organization.root.clone(),
        joined: now.whole_seconds(),
        invited,
        closed: None,
        tags,
    };
    put(tx, &member)?;
    tx.put::<MembersOfParent>(&(member.organization.clone(), member.parent.clone(), account), &Mark {})?;
    Ok(tx.put::<MembersOfOrganization>(&(member.organization, account), &Mark {})?)
}

/// Writes a member's row; whoever calls from that account is known anew.
pub(crate) fn put(tx: &mut Tx, member: &Member) -> Result<(), Fault> {
    tx.put::<Members>(&member.account, member)?;
    tx.touch(member.account);
    Ok(())
}

/// Puts an account below another parent.
pub(crate) fn move_to(tx: &mut Tx, mut member: Member, parent: &str) -> Result<(), Fault> {
    let account = member.account;
    tx.delete::<MembersOfParent>(&(member.organization.clone(), member.parent, account))?;
    member.parent = parent.to_owned();
    tx.put::<MembersOfParent>(&(member.organization.clone(), member.parent.clone(), account), &Mark {})?;
    put(tx, &member)
}

/// Takes an account out of its organization, and from it all that hung on it there.
///
/// # Errors
/// MasterCannotLeaveOrganizationException; ConstraintViolationException for a delegated administrator.
pub(crate) fn leave(tx: &mut Tx, organization: &Organization, member: &Member) -> Result<(), Fault> {
    let (id, account) = (organization.id.clone(), member.account);
    if account == organization.management {
        return Err(refusal::master_cannot_leave());
    }
    if tx.any::<DelegatedAdministrators>(&(id.clone(), account))? {
        return Err(constraint(
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
            "You attempted to remove an account that is registered as a delegated administrator for a service \
             integrated with your organization. To complete this operation, you must first deregister this account as a \
             delegated administrator.",
        ));
    }
    forget(tx, member)
}

/// Deletes a member's rows.
pub(crate) fn forget(tx: &mut Tx, member: &Member) -> Result<(), Fault> {
    let (id, account) = (member.organization.clone(), member.account);
    for policy_type in &TYPES {
        tx.delete::<PoliciesOnTarget>(&(id.clone(), policy_type.name.to_owned(), account.to_string()))?;
    }
    tx.delete::<Members>(&account)?;
    tx.delete::<MembersOfParent>(&(id.clone(), member.parent.clone(), account))?;
    tx.delete::<MembersOfOrganization>(&(id, account))?;
    tx.touch(account);
    Ok(())
}

/// # Errors
/// ConstraintViolationException for an account that was closed: out of its organization it would be open again.
pub(crate) fn check_open(member: &Member) -> Result<(), Fault> {
    if member.closed.is_none() {
        return Ok(());
    }
    let text = "You attempted to remove an account that was closed from the organization.";
    Err(constraint("ACCOUNT_CANNOT_LEAVE_ORGANIZATION", text))
}
