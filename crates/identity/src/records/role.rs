//! IAM roles, and the proof that a role was passed.

use rolecall_base::{AccountId, Arn, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `AROA…`
    pub id: String,
    pub created: Time,
    /// The trust policy as stored: ARNs of users and roles in its principals already turned into unique ids.
    pub trust: String,
    #[serde(default)]
    pub description: Option<String>,
    /// Seconds, 3,600 to 43,200.
    pub max_session: i32,
    #[serde(default)]
    pub tags: Tags,
    #[serde(default)]
    pub boundary: Option<String>,
    /// What AcquireRole made it of.
    #[serde(default)]
    pub template: Option<FromTemplate>,
}

/// The role template that a role was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromTemplate {
    pub arn: String,
    pub minor: i32,
}

impl Role {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role{}{}", self.account, self.path, self.name)
    }

    /// Whether this is its ARN.
    pub fn is_named(&self, arn: &Arn<'_>) -> bool {
        let rest = arn.resource.strip_prefix("role").and_then(|rest| rest.strip_prefix(self.path.as_str()));
        (arn.partition, arn.service, arn.region) == ("aws", "iam", "")
            && arn.account_id() == Some(self.account)
            && rest == Some(self.name.as_str())
    }

    /// Whether only its service may change it (path `/aws-service-role/`).
    pub fn is_service_linked(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }
}

impl Record for Role {
    const VERSION: u8 = 1;
}

/// (account, folded name).
#[derive(Debug)]
pub struct Roles;

impl Table for Roles {
    const ID: u16 = 18;
    const NAME: &'static str = "roles";
    type Key = (AccountId, String);
    type Row = Role;
}

/// A role that somebody was allowed to hand to a service. Only a decision on `iam:PassRole` makes one
/// (`Authorized::passed_role` of the door), so a record that holds it was authorized when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedRole {
    arn: String,
}

impl PassedRole {
    /// For the door alone: nothing else may say that a role was passed.
    #[doc(hidden)]
    pub fn decided(arn: String) -> PassedRole {
        PassedRole { arn }
    }

    pub fn arn(&self) -> &str {
        &self.arn
    }
}
