//! Managed policies with their versions, inline policies, and what is attached to whom.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::Mark;

/// A customer managed policy. AWS's own are data (`crate::aws_policies`), not records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `ANPA…`
    pub id: String,
    #[serde(default)]
    pub description: Option<String>,
    pub created: Time,
    pub updated: Time,
    /// The number of the version in force.
    pub default_version: u32,
    /// The highest number ever given; numbers are not used again.
    pub last_version: u32,
    #[serde(default)]
    pub tags: Tags,
}

impl ManagedPolicy {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:policy{}{}", self.account, self.path, self.name)
    }
}

impl Record for ManagedPolicy {
    const VERSION: u8 = 1;
}

/// (account, folded name).
#[derive(Debug)]
pub struct ManagedPolicies;

impl Table for ManagedPolicies {
    const ID: u16 = 22;
    const NAME: &'static str = "managed_policies";
    type Key = (AccountId, String);
    type Row = ManagedPolicy;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub document: String,
    pub created: Time,
}

impl Record for PolicyVersion {
    const VERSION: u8 = 1;
}

/// (account, folded policy name, version number).
#[derive(Debug)]
pub struct PolicyVersions;

impl Table for PolicyVersions {
    const ID: u16 = 23;
    const NAME: &'static str = "policy_versions";
    type Key = (AccountId, String, u32);
    type Row = PolicyVersion;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InlinePolicy {
    pub name: String,
    pub document: String,
}

impl Record for InlinePolicy {
    const VERSION: u8 = 1;
}

/// (account, holder's word, folded holder, policy name).
#[derive(Debug)]
pub struct InlinePolicies;

impl Table for InlinePolicies {
    const ID: u16 = 24;
    const NAME: &'static str = "inline_policies";
    type Key = (AccountId, String, String, String);
    type Row = InlinePolicy;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub attached: Time,
}

impl Record for Attachment {
    const VERSION: u8 = 1;
}

/// (account, holder's word, folded holder, policy ARN).
#[derive(Debug)]
pub struct Attachments;

impl Table for Attachments {
    const ID: u16 = 25;
    const NAME: &'static str = "attachments";
    type Key = (AccountId, String, String, String);
    type Row = Attachment;
}

/// (account, policy ARN, holder's word, folded holder): the same, from the policy's side.
#[derive(Debug)]
pub struct AttachedTo;

impl Table for AttachedTo {
    const ID: u16 = 26;
    const NAME: &'static str = "attached_to";
    type Key = (AccountId, String, String, String);
    type Row = Mark;
}

/// (account, policy ARN, holder's word, folded holder) of those whose permissions boundary the policy is.
#[derive(Debug)]
pub struct BoundaryOf;

impl Table for BoundaryOf {
    const ID: u16 = 27;
    const NAME: &'static str = "boundary_of";
    type Key = (AccountId, String, String, String);
    type Row = Mark;
}
