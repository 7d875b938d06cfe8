//! What an account decided for all its instances in a region.

use std::collections::BTreeMap;

use rolecall_base::AccountId;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountSettings {
    pub metadata: MetadataDefaults,
    /// The serial console may be used.
    pub serial_console: bool,
    /// Burstable family → whether its instances burst without limit.
    pub unlimited: BTreeMap<String, bool>,
}

/// What launches get that do not say; `None` is no preference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetadataDefaults {
    pub tokens_required: Option<bool>,
    pub hop_limit: Option<i32>,
    pub enabled: Option<bool>,
    pub tags: Option<bool>,
    /// Instances that do not require tokens are refused.
    pub enforced: Option<bool>,
}

impl Record for AccountSettings {
    const VERSION: u8 = 1;
}

/// (account, region). No row means that nothing was decided.
#[derive(Debug)]
pub struct SettingsOfAccounts;

impl Table for SettingsOfAccounts {
    const ID: u16 = 195;
    const NAME: &'static str = "ec2_account_settings";
    type Key = (AccountId, String);
    type Row = AccountSettings;
}
