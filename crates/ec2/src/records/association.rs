//! Associations of an instance profile with an instance.

use rolecall_base::Time;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

/// One association; there is at most one an instance. The instance's own record holds the profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Association {
    /// `iip-assoc-…`
    pub id: String,
    pub instance: String,
    pub made: Time,
}

impl Record for Association {
    const VERSION: u8 = 1;
}

/// (account, region, association id).
#[derive(Debug)]
pub struct Associations;

impl Table for Associations {
    const ID: u16 = 54;
    const NAME: &'static str = "profile_associations";
    type Key = RegionalKey;
    type Row = Association;
}
