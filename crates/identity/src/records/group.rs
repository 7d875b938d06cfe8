//! IAM groups and who is in them, indexed from both sides.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::Mark;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `AGPA…`
    pub id: String,
    pub created: Time,
}

impl Group {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:group{}{}", self.account, self.path, self.name)
    }
}

impl Record for Group {
    const VERSION: u8 = 1;
}

/// (account, folded name).
#[derive(Debug)]
pub struct Groups;

impl Table for Groups {
    const ID: u16 = 15;
    const NAME: &'static str = "groups";
    type Key = (AccountId, String);
    type Row = Group;
}

/// (account, folded group, folded user).
#[derive(Debug)]
pub struct GroupMembers;

impl Table for GroupMembers {
    const ID: u16 = 16;
    const NAME: &'static str = "group_members";
    type Key = (AccountId, String, String);
    type Row = Mark;
}

/// (account, folded user, folded group).
#[derive(Debug)]
pub struct GroupsOfUser;

impl Table for GroupsOfUser {
    const ID: u16 = 17;
    const NAME: &'static str = "groups_of_user";
    type Key = (AccountId, String, String);
    type Row = Mark;
}
