//! Accounts: what exists before any user or role.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// One account. Its root user signs with access keys whose owner is [`super::KeyOwner::Root`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub created: Time,
    /// S3's 64 hexadecimal digits for this account.
    pub canonical_id: String,
    #[serde(default)]
    pub alias: Option<String>,
    /// The name that it was made with, or got later.
    #[serde(default)]
    pub name: Option<String>,
    /// The root user's e-mail address.
    #[serde(default)]
    pub address: Option<String>,
}

impl Account {
    /// Its name; its number where it has none.
    pub fn shown_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// The root user's e-mail address; one that no mail goes to where it has none.
    pub fn shown_address(&self) -> String {
        self.address.clone().unwrap_or_else(|| format!("{}@rolecall.invalid", self.id))
    }
}

impl Record for Account {
    const VERSION: u8 = 1;
}

#[derive(Debug)]
pub struct Accounts;

impl Table for Accounts {
    const ID: u16 = 10;
    const NAME: &'static str = "accounts";
    type Key = AccountId;
    type Row = Account;
}
