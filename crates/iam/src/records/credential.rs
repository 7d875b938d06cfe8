//! What users prove themselves with beside access keys: SSH public keys and service-specific credentials.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// A user's SSH public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshKey {
    /// `APKA…`
    pub id: String,
    /// As it was uploaded.
    pub body: String,
    /// OpenSSH's form without a comment: what makes two keys the same.
    pub line: String,
    /// MD5 of the key as SSH sends it, with colons.
    pub fingerprint: String,
    pub active: bool,
    pub uploaded: Time,
}

impl Record for SshKey {
    const VERSION: u8 = 1;
}

/// (account, user's unique id, key id).
#[derive(Debug)]
pub struct SshKeys;

impl Table for SshKeys {
    const ID: u16 = 33;
    const NAME: &'static str = "ssh_public_keys";
    type Key = (AccountId, String, String);
    type Row = SshKey;
}

/// A name and a password (or one long key) for a single service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCredential {
    /// `ACCA…`
    pub id: String,
    /// `codecommit.amazonaws.com`
    pub service: String,
    /// The user name, or the public part of a long-term API key.
    pub name: String,
    /// SHA-256 of the password or key, which has 256 random bits: nobody can show it again.
    pub digest: Vec<u8>,
    pub active: bool,
    pub created: Time,
    pub expires: Option<Time>,
}

impl Record for ServiceCredential {
    const VERSION: u8 = 1;
}

/// (account, user's unique id, credential id).
#[derive(Debug)]
pub struct ServiceCredentials;

impl Table for ServiceCredentials {
    const ID: u16 = 36;
    const NAME: &'static str = "service_specific_credentials";
    type Key = (AccountId, String, String);
    type Row = ServiceCredential;
}
