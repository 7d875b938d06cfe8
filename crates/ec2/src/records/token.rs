//! Client tokens: which call of RunInstances already happened.

use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientToken {
    /// SHA-256 of the request's parameters, in hexadecimal.
    pub digest: String,
    pub reservation: String,
    pub instances: Vec<String>,
}

impl Record for ClientToken {
    const VERSION: u8 = 1;
}

/// (account, region, token). Goes with the reservation's first instance.
#[derive(Debug)]
pub struct ClientTokens;

impl Table for ClientTokens {
    const ID: u16 = 58;
    const NAME: &'static str = "client_tokens";
    type Key = RegionalKey;
    type Row = ClientToken;
}
