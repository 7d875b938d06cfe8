//! STS's own tables (ids 40 to 44). Sessions are in none of them.

use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// A SAML assertion that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedAssertion {}

impl Record for UsedAssertion {
    const VERSION: u8 = 1;
}

/// (end in seconds since 1970, hash of provider and id). An assertion that comes again has the same end, which was
/// signed with it; so one look finds it, and what is over stands at the beginning.
#[derive(Debug)]
pub struct UsedAssertions;

impl Table for UsedAssertions {
    const ID: u16 = 41;
    const NAME: &'static str = "used_assertions";
    type Key = (u64, String);
    type Row = UsedAssertion;
}
