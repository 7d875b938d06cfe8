//! Audit records of who came into an instance, by SSH or by a terminal: no call of an operation, so not the door's.

use std::net::IpAddr;

use rolecall_door::ServiceEvent;
use rolecall_ec2::instances;

use crate::start::World;

/// Records that somebody came into an instance, or with `error` that somebody was kept out. It is told to the instance's
/// account.
pub fn record(
    world: &World,
    name: &str,
    instance: &str,
    ip: IpAddr,
    error: Option<&str>,
    details: &[(&'static str, &str)],
) {
    let found = world.door.identity.store.read().map_err(Into::into);
    let found = match found.and_then(|db| instances::find(&db, instance)) {
        Ok(found) => found,
        Err(fault) => return log::error!("{name} into {instance} could not be recorded: {fault:?}"),
    };
    // An instance that is gone has nobody to tell.
    let Some(found) = found else { return };
    let mut all = vec![("instanceId", instance)];
    all.extend_from_slice(details);
    world.door.log_event(&ServiceEvent {
        name,
        account: found.account,
        region: &found.region,
        source_ip: Some(ip),
        error: error.map(|text| ("AccessDenied", text)),
        details: &all,
    });
}
