//! IAM's own tables (ids 30 to 39); those of identities are `rolecall_identity`'s.

use rolecall_base::AccountId;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// Whose an account alias is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasOwner {
    pub account: AccountId,
}

impl Record for AliasOwner {
    const VERSION: u8 = 1;
}

/// Alias → its account: aliases are unique over all accounts.
#[derive(Debug)]
pub struct AccountAliases;

impl Table for AccountAliases {
    const ID: u16 = 30;
    const NAME: &'static str = "account_aliases";
    type Key = String;
    type Row = AliasOwner;
}
