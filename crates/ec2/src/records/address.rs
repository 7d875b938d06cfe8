//! Which addresses are taken, so that no two interfaces share one.

use rolecall_base::AccountId;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// Who has an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// `eni-…`, or `eipalloc-…` for an elastic address. Rows of older servers name an instance here.
    #[serde(alias = "instance")]
    pub owner: String,
}

impl Record for Taken {
    const VERSION: u8 = 1;
}

/// (account, region, subnet id, address).
#[derive(Debug)]
pub struct PrivateAddresses;

impl Table for PrivateAddresses {
    const ID: u16 = 59;
    const NAME: &'static str = "private_addresses";
    type Key = (AccountId, String, String, u32);
    type Row = Taken;
}

/// Addresses of 127.64.0.0/10: one server has each once, whatever the account and region.
#[derive(Debug)]
pub struct PublicAddresses;

impl Table for PublicAddresses {
    const ID: u16 = 60;
    const NAME: &'static str = "public_addresses";
    type Key = u32;
    type Row = Taken;
}
