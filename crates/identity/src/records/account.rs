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
