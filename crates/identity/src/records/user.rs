//! IAM users.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `AIDA…`
    pub id: String,
    pub created: Time,
    #[serde(default)]
    pub tags: Tags,
    /// ARN of the managed policy that is the permissions boundary.
    #[serde(default)]
    pub boundary: Option<String>,
    #[serde(default)]
    pub password_last_used: Option<Time>,
}

impl User {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:user{}{}", self.account, self.path, self.name)
    }
}

impl Record for User {
    const VERSION: u8 = 1;
}

/// (account, folded name).
#[derive(Debug)]
pub struct Users;

impl Table for Users {
    const ID: u16 = 14;
    const NAME: &'static str = "users";
    type Key = (AccountId, String);
    type Row = User;
}
