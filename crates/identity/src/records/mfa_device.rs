//! Virtual MFA devices: who has which, and what was used of them.

use rolecall_base::{AccountId, Arn, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::{KeyOwner, Mark, fold};

/// A device whose codes are made of a seed and the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfaDevice {
    pub account: AccountId,
    pub path: String,
    pub name: String,
    pub created: Time,
    /// Sealed by [`crate::Vault::seal`] with [`MfaDevice::serial`] as associated data.
    pub sealed_seed: Vec<u8>,
    #[serde(default)]
    pub tags: Tags,
    /// Whose second factor it is; nobody's before EnableMFADevice.
    pub owner: Option<KeyOwner>,
    pub enabled: Option<Time>,
    /// Steps of 30 seconds by which its clock is ahead of ours; negative when it is behind.
    pub drift: i64,
    /// The newest step whose code was used: that one and all before are used up.
    pub last_step: i64,
}

impl MfaDevice {
    /// The serial number of a virtual device is its ARN.
    pub fn serial(&self) -> String {
        format!("arn:aws:iam::{}:mfa{}{}", self.account, self.path, self.name)
    }

    pub fn key(&self) -> (AccountId, String) {
        (self.account, fold(&format!("{}{}", self.path, self.name)))
    }

    /// The key of the device with this serial number; `None` for what is no virtual device's.
    pub fn key_of(serial: &str) -> Option<(AccountId, String)> {
        let arn = Arn::parse(serial).ok().filter(|arn| arn.service == "iam" && arn.region.is_empty())?;
        let (word, rest) = arn.kind_and_rest();
        let account = arn.account_id()?;
        (word == "mfa" && !rest.is_empty()).then(|| (account, fold(&format!("/{rest}"))))
    }
}

impl Record for MfaDevice {
    const VERSION: u8 = 1;
}

/// (account, folded path and name).
#[derive(Debug)]
pub struct MfaDevices;

impl Table for MfaDevices {
    const ID: u16 = 131;
    const NAME: &'static str = "mfa_devices";
    type Key = (AccountId, String);
    type Row = MfaDevice;
}

/// (account, owner's word, folded path and name): the devices in use.
#[derive(Debug)]
pub struct MfaDevicesOfOwner;

impl Table for MfaDevicesOfOwner {
    const ID: u16 = 132;
    const NAME: &'static str = "mfa_devices_of_owner";
    type Key = (AccountId, String, String);
    type Row = Mark;
}
