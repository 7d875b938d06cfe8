//! Instance profiles: the container that carries one role to an instance.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::Mark;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfile {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `AIPA…`. Instances hold this id: a profile re-created under the same name is another one.
    pub id: String,
    pub created: Time,
    /// The folded name of its one role.
    #[serde(default)]
    pub role: Option<String>,
    #[serde(default)]
    pub tags: Tags,
}

impl InstanceProfile {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:instance-profile{}{}", self.account, self.path, self.name)
    }
}

impl Record for InstanceProfile {
    const VERSION: u8 = 1;
}

/// (account, folded name).
#[derive(Debug)]
pub struct InstanceProfiles;

impl Table for InstanceProfiles {
    const ID: u16 = 19;
    const NAME: &'static str = "instance_profiles";
    type Key = (AccountId, String);
    type Row = InstanceProfile;
}

/// Where an instance profile's id leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilePlace {
    pub account: AccountId,
    /// The folded name.
    pub name: String,
}

impl Record for ProfilePlace {
    const VERSION: u8 = 1;
}

/// Instance profile id → its place.
#[derive(Debug)]
pub struct InstanceProfileIds;

impl Table for InstanceProfileIds {
    const ID: u16 = 20;
    const NAME: &'static str = "instance_profile_ids";
    type Key = String;
    type Row = ProfilePlace;
}

/// (account, folded role, folded profile).
#[derive(Debug)]
pub struct ProfilesOfRole;

impl Table for ProfilesOfRole {
    const ID: u16 = 21;
    const NAME: &'static str = "profiles_of_role";
    type Key = (AccountId, String, String);
    type Row = Mark;
}
