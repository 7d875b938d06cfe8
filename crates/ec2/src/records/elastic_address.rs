//! Elastic addresses: public addresses that an account keeps.

use std::net::Ipv4Addr;

use rolecall_base::Time;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElasticAddress {
    /// `eipalloc-…`
    pub id: String,
    pub address: Ipv4Addr,
    pub allocated: Time,
    #[serde(default)]
    pub association: Option<Associated>,
    /// Its reverse name, with a dot at the end.
    #[serde(default)]
    pub ptr: Option<String>,
}

/// What an elastic address is associated with. The interface says the same ([`super::PublicAddress`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Associated {
    /// `eipassoc-…`
    pub id: String,
    pub interface: String,
    pub private: Ipv4Addr,
}

impl Record for ElasticAddress {
    const VERSION: u8 = 1;
}

/// (account, region, allocation id).
#[derive(Debug)]
pub struct ElasticAddresses;

impl Table for ElasticAddresses {
    const ID: u16 = 76;
    const NAME: &'static str = "elastic_addresses";
    type Key = RegionalKey;
    type Row = ElasticAddress;
}
