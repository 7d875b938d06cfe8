//! Which networks have changed since they were last carried out.

use rolecall_store::Table;

use super::{Mark, RegionalKey};

/// (account, region, `vpc-…`): VPCs whose machines' network is to be made anew.
#[derive(Debug)]
pub struct TouchedNetworks;

impl Table for TouchedNetworks {
    const ID: u16 = 170;
    const NAME: &'static str = "touched_networks";
    type Key = RegionalKey;
    type Row = Mark;
}
