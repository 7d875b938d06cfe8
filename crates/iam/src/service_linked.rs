//! Service-linked roles: which service has which, how one is made, and what becomes of a request to delete it.

use rolecall_base::{AccountId, Fault, Time};
use rolecall_identity::records::{AttachedTo, Attachment, Attachments, Mark, Role};
use rolecall_store::Tx;

use crate::holder::{self, Holds};
use crate::model::fault;
use crate::quota::Quotas;
use crate::records::{DeletionTask, DeletionTasks};

static DATA: &str = include_str!("../data/service-linked-roles.txt");

/// What is known of a service's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The service principal without `.amazonaws.com`.
    service: &'static str,
    name: &'static str,
    policy: &'static str,
    suffix: bool,
}

/// The role of a service principal; `None` for services without one.
pub(crate) fn known(principal: &str) -> Option<Known> {
    let service = principal.strip_suffix(".amazonaws.com")?;
    all().find(|known| known.service == service)
}

fn all() -> impl Iterator<Item = Known> {
    DATA.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split(' ');
        Some(Known {
            service: words.next()?,
            name: words.next()?,
            policy: words.next()?,
            suffix: words.next() == Some("suffix"),
        })
    })
}

impl Known {
    /// The role's name with the caller's suffix.
    ///
    /// # Errors
    /// InvalidInput where the service takes no suffix.
    pub fn role_name(&self, suffix: Option<&str>) -> Result<String, Fault> {
        match suffix {
            None => Ok(format!("AWSServiceRoleFor{}", self.name)),
            Some(suffix) if self.suffix => Ok(format!("AWSServiceRoleFor{}_{suffix}", self.name)),
            Some(_) => Err(fault::invalid_input(format!(
                "Custom suffix is not allowed for {}.amazonaws.com",
                self.service
            ))),
        }
    }

    pub fn path(&self) -> String {
        path(&format!("{}.amazonaws.com", self.service))
    }

    fn policy_arn(&self) -> String {
        format!("arn:aws:iam::aws:policy/aws-service-role/{}", self.policy)
    }

    /// The trust policy of such a role.
    pub fn trust(&self) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}.amazonaws.com"}},"Action":"sts:AssumeRole"}}]}}"#,
            self.service
        )
    }

    /// Writes the role with its fixed policy.
    ///
    /// # Errors
    /// InvalidInput when there is one of this name; LimitExceeded when the account has as many roles as it may.
    pub fn create(&self, tx: &mut Tx, role: &Role, quotas: &Quotas) -> Result<(), Fault> {
        if crate::entity::find::<Role>(tx, role.account, &role.name)?.is_some() {
            return Err(fault::invalid_input(format!(
                "Service role name {} has been taken in this account, please try a different suffix.",
                role.name
            )));
        }
        holder::create(tx, role, quotas)?;
        let (account, word, name) = role.shelf();
        let arn = self.policy_arn();
        let attachment = Attachment { attached: role.created };
        tx.put::<Attachments>(&(account, word.clone(), name.clone(), arn.clone()), &attachment)?;
        Ok(tx.put::<AttachedTo>(&(account, arn, word, name), &Mark {})?)
    }
}

/// The path of a service principal's roles.
pub(crate) fn path(principal: &str) -> String {
    format!("/aws-service-role/{principal}/")
}

/// Deletes a role with its policies and keeps that it was asked for. No service here keeps anything that would still
/// need the role, so the deletion is done at once.
pub(crate) fn delete(tx: &mut Tx, role: &Role, task: &str, now: Time) -> Result<(), Fault> {
    let (account, word, name) = role.shelf();
    for ((_, _, _, arn), _) in tx.scan::<Attachments>(&role.shelf(), None, usize::MAX)? {
        tx.delete::<Attachments>(&(account, word.clone(), name.clone(), arn.clone()))?;
        tx.delete::<AttachedTo>(&(account, arn, word.clone(), name.clone()))?;
    }
    holder::erase(tx, role)?;
    Ok(tx.put::<DeletionTasks>(&(account, task.to_owned()), &DeletionTask { done: now.whole_seconds() })?)
}

/// `task/aws-service-role/SERVICE/ROLE/UUID`, as AWS names it.
pub(crate) fn task(role: &Role, uuid: &str) -> String {
    format!("task{}{}/{uuid}", role.path, role.name)
}

/// The ARN of the role that a task is about.
pub(crate) fn role_arn_of_task(account: AccountId, task: &str) -> Option<String> {
    let place = task.strip_prefix("task/aws-service-role/")?;
    let (role, _) = place.rsplit_once('/')?;
    Some(format!("arn:aws:iam::{account}:role/aws-service-role/{role}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_a_policy_of_aws() {
        let find = |known: &Known| rolecall_identity::aws_policies::find(&known.policy_arn());
        let without: Vec<_> = all().filter(|known| find(known).is_none()).collect();
        assert!(without.is_empty() && all().count() > 70, "{without:?}");
    }
}
