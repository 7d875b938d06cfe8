//! What this service must know of instances, which are EC2's: the server tells it.

use std::fmt::Debug;
use std::sync::Arc;

use rolecall_actions::ec2::kind;
use rolecall_base::{AccountId, Fault, Tags};
use rolecall_door::{At, ByArn};
use rolecall_store::Reader;

use crate::model::fault;

/// One instance.
#[derive(Clone, Debug)]
pub struct Target {
    pub arn: String,
    pub account: AccountId,
    pub region: String,
    /// `us-east-1a`
    pub zone: String,
    pub tags: Tags,
    /// Whether it is in the state `running`.
    pub running: bool,
    /// Whether its account has serial consoles switched on.
    pub serial_console: bool,
}

/// Finds instances.
pub trait Instances: Debug + Send + Sync {
    /// The instance of an id, whatever its account and region.
    ///
    /// # Errors
    /// When the store can't be read.
    fn find(&self, db: &Reader, id: &str) -> Result<Option<Target>, Fault>;
}

/// What the server puts into the door's extensions.
#[derive(Clone, Debug)]
pub struct Targets(pub Arc<dyn Instances>);

/// The caller's own instance of an id, in its region.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn own(at: &At<'_>, id: &str) -> Result<Option<Target>, Fault> {
    let targets = at.extensions.get::<Targets>()?;
    let found = targets.0.find(at.db()?, id)?;
    Ok(found.filter(|target| target.account == at.account() && target.region == at.region))
}

/// What the caller is asked about: the instance with its tags, or its name where there is none.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn resource(at: &At<'_>, id: &str) -> Result<ByArn<kind::Instance>, Fault> {
    Ok(match own(at, id)? {
        Some(target) => ByArn::new(target.arn, at.account()).tagged(target.tags),
        None => {
            let arn = format!("arn:aws:ec2:{}:{}:instance/{id}", at.region, at.account());
            ByArn::new(arn, at.account())
        }
    })
}

/// The instance as one that can be connected to.
///
/// # Errors
/// EC2InstanceNotFoundException, EC2InstanceStateInvalidException.
pub(crate) fn reachable(at: &At<'_>, id: &str, zone: Option<&str>) -> Result<Target, Fault> {
    let found = own(at, id)?.filter(|target| zone.is_none_or(|zone| zone == target.zone));
    let target =
        found.ok_or_else(|| fault::ec2_instance_not_found("The specified instance was not found."))?;
    if target.running {
        return Ok(target);
    }
    Err(fault::ec2_instance_state_invalid(
        "Unable to connect because the instance is not in a valid state. Connecting to a stopped or terminated \
         instance is not supported. If the instance is stopped, start your instance, and try to connect again.",
    ))
}
