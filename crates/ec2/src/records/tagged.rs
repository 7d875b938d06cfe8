//! Tags of every kind of EC2 resource, by resource id.

use rolecall_base::Tags;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    pub tags: Tags,
}

impl Record for Tagged {
    const VERSION: u8 = 1;
}

/// (account, region, resource id). No row means no tags.
#[derive(Debug)]
pub struct TagSets;

impl Table for TagSets {
    const ID: u16 = 57;
    const NAME: &'static str = "ec2_tags";
    type Key = RegionalKey;
    type Row = Tagged;
}
