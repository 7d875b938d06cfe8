//! Organizations: the tree of root, units and member accounts.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::Mark;

/// One organization with its one root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// `o-…`
    pub id: String,
    /// The management account.
    pub management: AccountId,
    /// Feature set ALL; otherwise CONSOLIDATED_BILLING, without policies.
    pub all_features: bool,
    /// `r-…`
    pub root: String,
    pub created: Time,
    /// Policy types that are enabled on the root, by AWS's names.
    #[serde(default)]
    pub enabled: Vec<String>,
    #[serde(default)]
    pub root_tags: Tags,
}

impl Organization {
    /// The ARN of something of this organization: `account/o-…/…`.
    pub fn arn_of(&self, kind: &str, rest: &str) -> String {
        format!("arn:aws:organizations::{}:{kind}/{}/{rest}", self.management, self.id)
    }

    pub fn arn(&self) -> String {
        format!("arn:aws:organizations::{}:organization/{}", self.management, self.id)
    }

    pub fn is_enabled(&self, policy_type: &str) -> bool {
        self.enabled.iter().any(|enabled| enabled == policy_type)
    }
}

impl Record for Organization {
    const VERSION: u8 = 1;
}

/// By organization id.
#[derive(Debug)]
pub struct Organizations;

impl Table for Organizations {
    const ID: u16 = 140;
    const NAME: &'static str = "organizations";
    type Key = String;
    type Row = Organization;
}

/// An account's place in its organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub account: AccountId,
    pub organization: String,
    /// `r-…` or `ou-…`
    pub parent: String,
    pub joined: Time,
    /// It was invited; otherwise made by CreateAccount.
    pub invited: bool,
    /// When CloseAccount closed it: its credentials are nobody's since.
    #[serde(default)]
    pub closed: Option<Time>,
    #[serde(default)]
    pub tags: Tags,
}

impl Record for Member {
    const VERSION: u8 = 1;
}

/// Member accounts, the management account among them. An account is in one organization at most.
#[derive(Debug)]
pub struct Members;

impl Table for Members {
    const ID: u16 = 141;
    const NAME: &'static str = "organization_members";
    type Key = AccountId;
    type Row = Member;
}

/// (organization, parent, account): who is below a root or unit.
#[derive(Debug)]
pub struct MembersOfParent;

impl Table for MembersOfParent {
    const ID: u16 = 142;
    const NAME: &'static str = "organization_members_of_parent";
    type Key = (String, String, AccountId);
    type Row = Mark;
}

/// (organization, account): everybody in it.
#[derive(Debug)]
pub struct MembersOfOrganization;

impl Table for MembersOfOrganization {
    const ID: u16 = 143;
    const NAME: &'static str = "members_of_organization";
    type Key = (String, AccountId);
    type Row = Mark;
}

/// An organizational unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// `ou-…`
    pub id: String,
    pub name: String,
    /// `r-…` or `ou-…`
    pub parent: String,
    #[serde(default)]
    pub tags: Tags,
}

impl Record for Unit {
    const VERSION: u8 = 1;
}

/// (organization, unit id).
#[derive(Debug)]
pub struct Units;

impl Table for Units {
    const ID: u16 = 144;
    const NAME: &'static str = "organization_units";
    type Key = (String, String);
    type Row = Unit;
}

/// (organization, parent, unit id).
#[derive(Debug)]
pub struct UnitsOfParent;

impl Table for UnitsOfParent {
    const ID: u16 = 145;
    const NAME: &'static str = "organization_units_of_parent";
    type Key = (String, String, String);
    type Row = Mark;
}

/// What became of a CreateAccount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCreation {
    /// `car-…`
    pub id: String,
    pub name: String,
    pub requested: Time,
    pub completed: Time,
    /// The account, or why there is none, in AWS's word.
    pub outcome: Result<AccountId, String>,
}

impl Record for AccountCreation {
    const VERSION: u8 = 1;
}

/// (organization, `car-…`).
#[derive(Debug)]
pub struct AccountCreations;

impl Table for AccountCreations {
    const ID: u16 = 146;
    const NAME: &'static str = "organization_account_creations";
    type Key = (String, String);
    type Row = AccountCreation;
}
