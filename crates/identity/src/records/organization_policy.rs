//! Policies of organizations, and what they hang on.

use rolecall_base::{Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::Mark;

/// A policy that an organization made. Those of AWS are no records: [`FULL_ACCESS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationPolicy {
    /// `p-…`
    pub id: String,
    /// AWS's name of its type: `SERVICE_CONTROL_POLICY`.
    pub kind: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub content: String,
    pub updated: Time,
    #[serde(default)]
    pub tags: Tags,
}

impl Record for OrganizationPolicy {
    const VERSION: u8 = 1;
}

/// (organization, policy id).
#[derive(Debug)]
pub struct OrganizationPolicies;

impl Table for OrganizationPolicies {
    const ID: u16 = 147;
    const NAME: &'static str = "organization_policies";
    type Key = (String, String);
    type Row = OrganizationPolicy;
}

/// The policies of one type on one target, by id, in the order they were attached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnTarget {
    pub policies: Vec<String>,
}

impl Record for OnTarget {
    const VERSION: u8 = 1;
}

/// (organization, policy type, target). A target without a row has what AWS attaches by itself.
#[derive(Debug)]
pub struct PoliciesOnTarget;

impl Table for PoliciesOnTarget {
    const ID: u16 = 148;
    const NAME: &'static str = "organization_policies_on_target";
    type Key = (String, String, String);
    type Row = OnTarget;
}

/// Written anew whenever something that binds more than one account changes: whoever was decided on by what was before
/// finds its revision moved.
#[derive(Debug)]
pub struct ControlRevisions;

impl Table for ControlRevisions {
    const ID: u16 = 149;
    const NAME: &'static str = "organization_control_revisions";
    type Key = String;
    type Row = Mark;
}

/// A policy of AWS that is attached everywhere as soon as its type is enabled.
#[derive(Debug)]
pub struct FullAccess {
    pub kind: &'static str,
    pub id: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub content: &'static str,
}

pub const SERVICE_CONTROL: &str = "SERVICE_CONTROL_POLICY";
pub const RESOURCE_CONTROL: &str = "RESOURCE_CONTROL_POLICY";

/// AWS's own policies.
pub static FULL_ACCESS: [FullAccess; 2] = [
    FullAccess {
        kind: SERVICE_CONTROL,
        id: "p-FullAWSAccess",
        name: "FullAWSAccess",
        description: "Allows access to every operation",
        content: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    },
    FullAccess {
        kind: RESOURCE_CONTROL,
        id: "p-RCPFullAWSAccess",
        name: "RCPFullAWSAccess",
        description: "Allows access to every resource",
        content: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
    },
];

impl FullAccess {
    pub fn arn(&self) -> String {
        format!("arn:aws:organizations::aws:policy/{}/{}", self.kind.to_lowercase(), self.id)
    }
}

/// AWS's policy with this id.
pub fn full_access(id: &str) -> Option<&'static FullAccess> {
    FULL_ACCESS.iter().find(|policy| policy.id == id)
}

/// What a target without a row of its own has.
pub fn attached_by_default(kind: &str) -> Vec<String> {
    FULL_ACCESS.iter().filter(|policy| policy.kind == kind).map(|policy| policy.id.to_owned()).collect()
}
