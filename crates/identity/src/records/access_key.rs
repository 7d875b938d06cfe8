//! Long-term access keys, their secrets sealed.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::Mark;

/// Who signs with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyOwner {
    Root,
    /// The user's unique id: a re-created user of the same name does not inherit keys.
    User(String),
}

impl KeyOwner {
    /// The part of [`AccessKeysOfOwner`]'s key that names the owner.
    pub fn word(&self) -> &str {
        match self {
            KeyOwner::Root => "root",
            KeyOwner::User(id) => id,
        }
    }
}

/// One access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    pub id: String,
    pub account: AccountId,
    pub owner: KeyOwner,
    /// Sealed by [`crate::Vault::seal`] with the key id as associated data.
    pub sealed_secret: Vec<u8>,
    pub active: bool,
    pub created: Time,
}

impl Record for AccessKey {
    const VERSION: u8 = 1;
}

/// Access key id → key, over all accounts: a request names its key before anybody knows its account.
#[derive(Debug)]
pub struct AccessKeys;

impl Table for AccessKeys {
    const ID: u16 = 12;
    const NAME: &'static str = "access_keys";
    type Key = String;
    type Row = AccessKey;
}

/// (account, owner's word, access key id).
#[derive(Debug)]
pub struct AccessKeysOfOwner;

impl Table for AccessKeysOfOwner {
    const ID: u16 = 13;
    const NAME: &'static str = "access_keys_of_owner";
    type Key = (AccountId, String, String);
    type Row = Mark;
}
