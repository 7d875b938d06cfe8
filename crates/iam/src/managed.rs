//! Managed policies by ARN: the account's own records, and AWS's.

use rolecall_actions::iam::kind;
use rolecall_base::{AccountId, Arn, Fault, Tags};
use rolecall_door::{At, Resource};
use rolecall_identity::aws_policies::{self, AwsPolicy};
use rolecall_identity::records::{AttachedTo, BoundaryOf, ManagedPolicies, ManagedPolicy, fold};
use rolecall_store::{Reader, Tx};

use crate::model::{self, fault};
use crate::tags;

/// A managed policy that an account can attach.
#[derive(Debug)]
pub(crate) enum Managed {
    Own(ManagedPolicy),
    Aws(&'static AwsPolicy),
}

impl Managed {
    /// The one with this ARN; another account's are not found.
    ///
    /// # Errors
    /// InvalidInput for what is no policy's ARN.
    pub fn find(db: &Reader, account: AccountId, arn: &str) -> Result<Option<Managed>, Fault> {
        let parsed = parse(arn)?;
        if parsed.account == "aws" {
            return Ok(aws_policies::find(arn).map(Managed::Aws));
        }
        if parsed.account_id() != Some(account) {
            return Ok(None);
        }
        let row = db.get::<ManagedPolicies>(&(account, fold(parsed.name())))?;
        Ok(row.filter(|row| row.arn() == arn).map(Managed::Own))
    }

    /// As [`Managed::find`].
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn get(db: &Reader, account: AccountId, arn: &str) -> Result<Managed, Fault> {
        Managed::find(db, account, arn)?.ok_or_else(|| missing(arn))
    }

    pub fn arn(&self) -> String {
        match self {
            Managed::Own(policy) => policy.arn(),
            Managed::Aws(policy) => policy.arn(),
        }
    }

    pub fn path(&self) -> &str {
        match self {
            Managed::Own(policy) => &policy.path,
            Managed::Aws(policy) => &policy.path,
        }
    }

    pub fn tags(&self) -> Tags {
        match self {
            Managed::Own(policy) => policy.tags.clone(),
            Managed::Aws(_) => Tags::default(),
        }
    }

    /// Whether it may be attached: the policies of service-linked roles may not.
    pub fn is_attachable(&self) -> bool {
        match self {
            Managed::Own(_) => true,
            Managed::Aws(policy) => {
                !["/aws-service-role/", "/root-task/"].iter().any(|path| policy.path.starts_with(path))
            }
        }
    }

    /// As lists show it: without description and tags.
    pub fn to_wire(&self, db: &Reader, account: AccountId) -> Result<model::Policy, Fault> {
        let (name, id, version, created, updated) = match self {
            Managed::Own(policy) => {
                let version = format!("v{}", policy.default_version);
                (policy.name.clone(), policy.id.clone(), version, policy.created, policy.updated)
            }
            Managed::Aws(policy) => {
                (policy.name.clone(), policy.id(), policy.version.clone(), policy.created, policy.updated)
            }
        };
        let users = (account, self.arn());
        Ok(model::Policy {
            policy_name: Some(name),
            policy_id: Some(id),
            path: Some(self.path().to_owned()),
            default_version_id: Some(version),
            attachment_count: Some(number(db.count::<AttachedTo>(&users)?)),
            permissions_boundary_usage_count: Some(number(db.count::<BoundaryOf>(&users)?)),
            is_attachable: Some(self.is_attachable()),
            create_date: Some(created),
            update_date: Some(updated),
            arn: Some(users.1),
            ..model::Policy::default()
        })
    }

    /// As [`Managed::to_wire`], with description and tags.
    pub fn to_wire_whole(&self, db: &Reader, account: AccountId) -> Result<model::Policy, Fault> {
        let mut policy = self.to_wire(db, account)?;
        if let Managed::Own(own) = self {
            policy.description = own.description.clone();
        }
        policy.tags = tags::to_wire(&self.tags());
        Ok(policy)
    }
}

/// The account's own policy with this ARN. AWS's are not found: nobody may change them, as the decision has said.
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn own(db: &Reader, account: AccountId, arn: &str) -> Result<ManagedPolicy, Fault> {
    match Managed::get(db, account, arn)? {
        Managed::Own(policy) => Ok(policy),
        Managed::Aws(_) => Err(missing(arn)),
    }
}

pub(crate) fn put(tx: &mut Tx, policy: &ManagedPolicy) -> Result<(), Fault> {
    Ok(tx.put::<ManagedPolicies>(&key(policy), policy)?)
}

/// The key of its row.
pub(crate) fn key(policy: &ManagedPolicy) -> (AccountId, String) {
    (policy.account, fold(&policy.name))
}

pub(crate) fn missing(arn: &str) -> Fault {
    fault::no_such_entity(format!("Policy {arn} was not found."))
}

/// # Errors
/// InvalidInput for what is no policy's ARN.
pub(crate) fn parse(arn: &str) -> Result<Arn<'_>, Fault> {
    let invalid = || fault::invalid_input(format!("ARN {arn} is not valid."));
    let parsed = Arn::parse(arn).map_err(|_| invalid())?;
    let known = parsed.account == "aws" || parsed.account_id().is_some();
    let (word, name) = parsed.kind_and_rest();
    let policy = word == "policy" && !name.is_empty() && !name.ends_with('/');
    let iam = parsed.partition == "aws" && parsed.service == "iam" && parsed.region.is_empty();
    if known && policy && iam { Ok(parsed) } else { Err(invalid()) }
}

/// Whether an ARN is a managed policy's, by its form.
pub(crate) fn is_policy(arn: &str) -> bool {
    parse(arn).is_ok()
}

/// Path and name of a policy from its ARN: `("/service-role/", "AWSBatchServiceRole")`.
pub(crate) fn place(arn: &str) -> (&str, &str) {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let whole = resource.strip_prefix("policy").unwrap_or(resource);
    whole.split_at(whole.rfind('/').map_or(0, |slash| slash + 1))
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A managed policy as the thing that an operation is about.
#[derive(Debug)]
pub(crate) struct PolicyTarget {
    arn: String,
    account: AccountId,
    tags: Tags,
}

impl PolicyTarget {
    /// To look at: AWS's policies are every account's own.
    ///
    /// # Errors
    /// InvalidInput for what is no policy's ARN.
    pub fn to_read(at: &At<'_>, arn: &str) -> Result<PolicyTarget, Fault> {
        let target = PolicyTarget::to_change(at, arn)?;
        let account = if target.account == AccountId::AWS { at.account() } else { target.account };
        Ok(PolicyTarget { account, ..target })
    }

    /// To change: AWS's policies belong to AWS, so that nobody is allowed to.
    ///
    /// # Errors
    /// InvalidInput for what is no policy's ARN.
    pub fn to_change(at: &At<'_>, arn: &str) -> Result<PolicyTarget, Fault> {
        let account = parse(arn)?.account_id().unwrap_or(AccountId::AWS);
        let tags = Managed::find(at.db()?, at.account(), arn)?.map(|policy| policy.tags());
        Ok(PolicyTarget { arn: arn.to_owned(), account, tags: tags.unwrap_or_default() })
    }

    /// One that is to be made.
    pub fn new(account: AccountId, path: Option<&str>, name: &str) -> PolicyTarget {
        let arn = format!("arn:aws:iam::{account}:policy{}{name}", path.unwrap_or("/"));
        PolicyTarget { arn, account, tags: Tags::default() }
    }
}

impl Resource for PolicyTarget {
    type Kind = kind::Policy;

    fn arn(&self) -> String {
        self.arn.clone()
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn tags(&self) -> Tags {
        self.tags.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_name_come_from_the_arn() {
        assert_eq!(place("arn:aws:iam::aws:policy/service-role/X"), ("/service-role/", "X"));
        assert_eq!(place("arn:aws:iam::000000000000:policy/X"), ("/", "X"));
    }

    #[test]
    fn only_a_policy_arn_of_iam_is_one() {
        assert!(parse("arn:aws:iam::aws:policy/job-function/Billing").is_ok());
        for bad in [
            "AmazonS3ReadOnlyAccess",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::1:policy/x",
            "arn:aws:iam::000000000000:role/x",
            "arn:aws:s3:::policy/x",
        ] {
            let fault = parse(bad).unwrap_err();
            assert_eq!(
                (fault.code(), fault.message()),
                ("InvalidInput", &*format!("ARN {bad} is not valid."))
            );
        }
    }
}
