//! What is set for an account as a whole.

use rolecall_base::AccountId;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// An account's settings; the default is AWS's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// Whether STS's global endpoint gives version 2 tokens, which are good in every region.
    #[serde(default)]
    pub long_tokens: bool,
    /// `RoleManager/Enabled`.
    #[serde(default)]
    pub role_manager: bool,
}

impl Record for AccountSettings {
    const VERSION: u8 = 1;
}

/// By account.
#[derive(Debug)]
pub struct AllAccountSettings;

impl Table for AllAccountSettings {
    const ID: u16 = 38;
    const NAME: &'static str = "account_settings";
    type Key = AccountId;
    type Row = AccountSettings;
}
