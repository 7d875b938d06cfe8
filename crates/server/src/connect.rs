//! EC2's instances as EC2 Instance Connect knows them.

use rolecall_base::Fault;
use rolecall_ec2::instances::{self, State};
use rolecall_ec2_instance_connect::{Instances, Target};
use rolecall_store::Reader;

/// Looks instances up in EC2's records.
#[derive(Debug)]
pub struct OfEc2;

impl Instances for OfEc2 {
    fn find(&self, db: &Reader, id: &str) -> Result<Option<Target>, Fault> {
        let Some(found) = instances::find(db, id)? else { return Ok(None) };
        // One that is terminated has no interface any more; who may connect is told that it is over.
        let zone = match found.state {
            State::Terminated => found.zone.clone(),
            _ => instances::primary_interface(db, &found)?.zone,
        };
        let tags = instances::tags(db, &found)?;
        Ok(Some(Target {
            arn: found.arn(),
            zone,
            tags,
            running: found.state == State::Running,
            serial_console: instances::serial_console(db, &found)?,
            account: found.account,
            region: found.region,
        }))
    }
}
