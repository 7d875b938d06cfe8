//! Prefix lists that the account manages: named lists of address blocks.

use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixList {
    /// `pl-…`
    pub id: String,
    pub name: String,
    /// IPv6 instead of IPv4.
    pub ipv6: bool,
    /// How many entries it may have; what it counts in a group's rules and in a route table.
    pub most: i32,
    /// 1 for the first.
    pub version: i64,
    pub entries: Vec<PrefixEntry>,
    /// Earlier versions, oldest first.
    #[serde(default)]
    pub earlier: Vec<PrefixVersion>,
    /// AWS's own: nobody changes it.
    #[serde(default)]
    pub aws: bool,
    /// The client token that it was made with.
    #[serde(default)]
    pub token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixEntry {
    /// Without host bits.
    pub cidr: String,
    #[serde(default)]
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixVersion {
    pub version: i64,
    pub entries: Vec<PrefixEntry>,
}

impl PrefixList {
    /// What it counts as rules of IPv4 and of IPv6.
    pub fn weight(&self) -> (usize, usize) {
        let most = usize::try_from(self.most).unwrap_or(0);
        if self.ipv6 { (0, most) } else { (most, 0) }
    }
}

impl Record for PrefixList {
    const VERSION: u8 = 1;
}

/// (account, region, id).
#[derive(Debug)]
pub struct PrefixListRows;

impl Table for PrefixListRows {
    const ID: u16 = 78;
    const NAME: &'static str = "prefix_lists";
    type Key = RegionalKey;
    type Row = PrefixList;
}
