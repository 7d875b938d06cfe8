//! Whether an instance's port 22 is open: its security groups say so, for whoever comes from where.

use std::net::IpAddr;

use rolecall_base::Fault;
use rolecall_ec2::instances::{self, Instance};
use rolecall_store::Reader;

/// SSH.
const PORT: u16 = 22;

/// Whether a security group of the instance's primary interface lets its port 22 be reached from an address; without one,
/// from this machine.
///
/// # Errors
/// When the store can't be read.
pub fn is_open(db: &Reader, instance: &Instance, from: Option<IpAddr>) -> Result<bool, Fault> {
    let own = instances::primary_interface(db, instance)?;
    instances::admits(db, &own, PORT, from.unwrap_or(IpAddr::from([127, 0, 0, 1])))
}
