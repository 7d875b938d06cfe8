//! Key pairs: public keys by name. The private half is shown once and never kept.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    Rsa,
    Ed25519,
}

impl KeyType {
    pub fn word(self) -> &'static str {
        match self {
            KeyType::Rsa => "rsa",
            KeyType::Ed25519 => "ed25519",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPair {
    pub account: AccountId,
    pub region: String,
    pub name: String,
    /// `key-…`
    pub id: String,
    pub key_type: KeyType,
    /// One line in OpenSSH's form, without a comment.
    pub public_key: String,
    pub fingerprint: String,
    pub created: Time,
}

impl KeyPair {
    pub fn arn(&self) -> String {
        format!("arn:aws:ec2:{}:{}:key-pair/{}", self.region, self.account, self.name)
    }
}

impl Record for KeyPair {
    const VERSION: u8 = 1;
}

/// (account, region, name).
#[derive(Debug)]
pub struct KeyPairs;

impl Table for KeyPairs {
    const ID: u16 = 55;
    const NAME: &'static str = "key_pairs";
    type Key = RegionalKey;
    type Row = KeyPair;
}

/// The name behind a key pair's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub name: String,
}

impl Record for Named {
    const VERSION: u8 = 1;
}

/// (account, region, `key-…`).
#[derive(Debug)]
pub struct KeyPairNames;

impl Table for KeyPairNames {
    const ID: u16 = 56;
    const NAME: &'static str = "key_pair_names";
    type Key = RegionalKey;
    type Row = Named;
}
