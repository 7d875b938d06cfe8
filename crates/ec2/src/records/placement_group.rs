//! Placement groups.

use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementGroup {
    pub name: String,
    /// `pg-…`
    pub id: String,
    /// `cluster`, `spread`, `partition`
    pub strategy: String,
    #[serde(default)]
    pub partitions: Option<i32>,
}

impl Record for PlacementGroup {
    const VERSION: u8 = 1;
}

/// (account, region, name).
#[derive(Debug)]
pub struct PlacementGroups;

impl Table for PlacementGroups {
    const ID: u16 = 196;
    const NAME: &'static str = "placement_groups";
    type Key = RegionalKey;
    type Row = PlacementGroup;
}
