//! From records to networks: what the VPCs of the store say becomes a plan for the machine driver.
//!
//! Every operation that changes what a network is calls [`touch`] in its own transaction. A loop takes the notes, makes
//! each VPC's whole plan from the records as they are by then, and has the driver apply it.

mod admission;
mod decide;
mod follow;
mod plan;
mod plans;

use rolecall_base::Fault;
use rolecall_compute::{NetworkPlan, Resolving};
use rolecall_store::Tx;

use crate::place::Place;
use crate::records::{Mark, TouchedNetworks};
use crate::regions;

pub(crate) use admission::{admits, reaches_now};
pub use decide::{open_ranges, reaches};
pub use follow::Wiring;
pub(crate) use follow::{Trouble, bring};
pub use plans::Plans;

/// Notes that a VPC's network has changed, in the transaction that changes it. Deleting the VPC is such a change.
///
/// # Errors
/// When it can't be written.
pub(crate) fn touch(tx: &mut Tx, place: Place<'_>, vpc: &str) -> Result<(), Fault> {
    tx.put::<TouchedNetworks>(&place.key(vpc), &Mark {})?;
    Ok(())
}

/// Where the instances of a VPC look names up.
pub(crate) fn resolving(plan: &NetworkPlan) -> Resolving {
    let names = &plan.names;
    let own = [plan.vpc.endpoint()].into_iter().filter(|_| names.support);
    Resolving {
        servers: if names.servers.is_empty() { own.collect() } else { names.servers.clone() },
        search: names.domain.clone(),
        domain: Some(regions::private_domain(&names.region)),
    }
}
