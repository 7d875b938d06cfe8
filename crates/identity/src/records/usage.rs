//! When access keys, users and roles were last used, and for what.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// The last use of an access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    pub time: Time,
    /// The service's namespace: `s3`.
    pub service: String,
    pub region: String,
}

impl Record for KeyUse {
    const VERSION: u8 = 1;
}

/// By access key id.
#[derive(Debug)]
pub struct KeyUses;

impl Table for KeyUses {
    const ID: u16 = 134;
    const NAME: &'static str = "access_key_uses";
    type Key = String;
    type Row = KeyUse;
}

/// The last use of a service, or of one of its operations, by a user, a role or an account's root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    pub time: Time,
    pub region: String,
}

impl Record for Use {
    const VERSION: u8 = 1;
}

/// (account, unique id, namespace); root's unique id is its account's number.
#[derive(Debug)]
pub struct ServiceUses;

impl Table for ServiceUses {
    const ID: u16 = 135;
    const NAME: &'static str = "service_uses";
    type Key = (AccountId, String, String);
    type Row = Use;
}

/// (account, unique id, `namespace:Operation`).
#[derive(Debug)]
pub struct OperationUses;

impl Table for OperationUses {
    const ID: u16 = 136;
    const NAME: &'static str = "operation_uses";
    type Key = (AccountId, String, String);
    type Row = Use;
}
