//! Which images and snapshots are open to others than their owners.

use rolecall_store::Table;

use super::Settled;

/// (region, an account or `all`, `ami-…` or `snap-…`); the row says whose it is.
#[derive(Debug)]
pub struct SharedDisks;

impl Table for SharedDisks {
    const ID: u16 = 194;
    const NAME: &'static str = "shared_disks";
    type Key = (String, String, String);
    type Row = Settled;
}
