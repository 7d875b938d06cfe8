//! From records to compiled policies: which documents say what a user, a role or a session may do.
//!
//! A stored document that does not parse is a fault of ours and fails the call: leaving it out could lose a Deny.

use std::sync::Arc;

use rolecall_base::{AccountId, Arn, Fault};
use rolecall_policy::{Kind, Named, Owner, Policy, PolicyId, PolicySet};
use rolecall_store::Reader;

use crate::aws_policies;
use crate::documents::Documents;
use crate::records::{
    Attachments, GroupsOfUser, Holder, InlinePolicies, ManagedPolicies, PolicyVersions, fold,
};

/// The most rows of one holder that are read; AWS's limits are far below.
const MANY: usize = 10_000;

/// What stands for a policy that is gone.
const DENY_ALL: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
/// What the root user may do: what a federated user of it gets its share of.
const ALLOW_ALL: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// Reads and compiles policies.
#[derive(Clone, Copy, Debug)]
pub struct Loader<'a> {
    pub db: &'a Reader,
    pub documents: &'a Documents,
}

impl Loader<'_> {
    /// Everything that grants to a user: its own, its groups'.
    pub fn user(&self, account: AccountId, name: &str) -> Result<Arc<PolicySet>, Fault> {
        let name = fold(name);
        let mut all = self.held(account, Holder::User, &name)?;
        let groups = self.db.scan::<GroupsOfUser>(&(account, name), None, MANY).map_err(Fault::internal)?;
        for ((_, _, group), _) in groups {
            all.extend(self.held(account, Holder::Group, &group)?);
        }
        Ok(Arc::new(PolicySet::new(all)))
    }

    /// What the root user of an account may do, which nothing grants to it.
    pub fn root(&self) -> Result<Arc<PolicySet>, Fault> {
        let policy = self.documents.compile(ALLOW_ALL, Kind::Identity)?;
        Ok(Arc::new(PolicySet::new(vec![Named::new(policy, PolicyId::attached("root user"))])))
    }

    /// Everything that grants to the members of a group.
    pub fn group(&self, account: AccountId, name: &str) -> Result<Arc<PolicySet>, Fault> {
        Ok(Arc::new(PolicySet::new(self.held(account, Holder::Group, &fold(name))?)))
    }

    /// Everything that grants to a role.
    pub fn role(&self, account: AccountId, name: &str) -> Result<Arc<PolicySet>, Fault> {
        Ok(Arc::new(PolicySet::new(self.held(account, Holder::Role, &fold(name))?)))
    }

    /// A permissions boundary by its ARN.
    pub fn boundary(&self, arn: Option<&str>) -> Result<Option<Arc<PolicySet>>, Fault> {
        let Some(arn) = arn else { return Ok(None) };
        Ok(Some(Arc::new(PolicySet::new(vec![self.managed(arn, Kind::Boundary)?]))))
    }

    /// The session policies of a session; `None` when it has none.
    pub fn session(&self, policy: Option<&str>, arns: &[String]) -> Result<Option<Arc<PolicySet>>, Fault> {
        if policy.is_none() && arns.is_empty() {
            return Ok(None);
        }
        let mut all = Vec::new();
        if let Some(text) = policy {
            let policy = self.documents.compile(text, Kind::Session)?;
            all.push(Named::new(policy, PolicyId::attached("session policy")));
        }
        for arn in arns {
            all.push(self.managed(arn, Kind::Session)?);
        }
        Ok(Some(Arc::new(PolicySet::new(all))))
    }

    /// The text in force of a managed policy, ours or AWS's; `None` when there is no such policy.
    pub fn managed_text(&self, arn: &str) -> Result<Option<String>, Fault> {
        let Ok(parsed) = Arn::parse(arn) else { return Ok(None) };
        if parsed.account == "aws" {
            return Ok(aws_policies::find(arn).map(|policy| policy.document()));
        }
        let Some(account) = parsed.account_id() else { return Ok(None) };
        let name = fold(parsed.name());
        let row = self.db.get::<ManagedPolicies>(&(account, name.clone())).map_err(Fault::internal)?;
        let Some(row) = row.filter(|row| row.arn() == arn) else { return Ok(None) };
        let version = self
            .db
            .get::<PolicyVersions>(&(account, name, row.default_version))
            .map_err(Fault::internal)?
            .ok_or_else(|| Fault::internal(format!("{arn} has lost its default version")))?;
        Ok(Some(version.document))
    }

    /// A managed policy that a holder, a boundary or a session names. What it denied can't be known once it is gone, as an
    /// AWS managed policy may be after an upgrade: then everything is denied, by its name.
    fn managed(&self, arn: &str, kind: Kind) -> Result<Named, Fault> {
        let text = self.managed_text(arn)?;
        if text.is_none() {
            log::error!("{arn} is attached, and there is no such policy: its holders are denied everything");
        }
        let policy = self.documents.compile(text.as_deref().unwrap_or(DENY_ALL), kind)?;
        Ok(Named::new(policy, PolicyId::managed(arn)))
    }

    fn held(&self, account: AccountId, holder: Holder, name: &str) -> Result<Vec<Named>, Fault> {
        let prefix = (account, holder.word().to_owned(), name.to_owned());
        let mut all = Vec::new();
        let inline = self.db.scan::<InlinePolicies>(&prefix, None, MANY).map_err(Fault::internal)?;
        for (_, row) in inline {
            let policy: Arc<Policy> = self.documents.compile(&row.document, Kind::Identity)?;
            all.push(Named::new(policy, PolicyId::inline(owner(holder), name, row.name)));
        }
        let attached = self.db.scan::<Attachments>(&prefix, None, MANY).map_err(Fault::internal)?;
        for ((_, _, _, arn), _) in attached {
            all.push(self.managed(&arn, Kind::Identity)?);
        }
        Ok(all)
    }
}

fn owner(holder: Holder) -> Owner {
    match holder {
        Holder::User => Owner::User,
        Holder::Group => Owner::Group,
        Holder::Role => Owner::Role,
    }
}
