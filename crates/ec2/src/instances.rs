//! Instances as the metadata service, SSH and the server's own commands look at them: by id alone, or all of them.

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use crate::network::Network;
use crate::place::Place;
use crate::records::{InstancePlaces, Instances, Subnet, Vpc};
use crate::{regions, tags as tag_sets};

pub use crate::describe::ROOT_DEVICE;
pub use crate::machines::{LOGIN, host_name};
pub use crate::records::{Instance, Interface, MetadataOptions, ProfileRef, State};

/// The instance of an id, whatever its account, region and state.
///
/// # Errors
/// When the store can't be read.
pub fn find(db: &Reader, id: &str) -> Result<Option<Instance>, Fault> {
    let Some(settled) = db.get::<InstancePlaces>(&id)? else { return Ok(None) };
    Ok(db.get::<Instances>(&(settled.account, settled.region, id))?)
}

/// Every instance that is not terminated, of all accounts and regions.
///
/// # Errors
/// When the store can't be read.
pub fn all(db: &Reader) -> Result<Vec<Instance>, Fault> {
    let rows = db.scan::<Instances>(&(), None, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).filter(|row| row.state != State::Terminated).collect())
}

/// An instance's tags.
///
/// # Errors
/// When the store can't be read.
pub fn tags(db: &Reader, instance: &Instance) -> Result<Tags, Fault> {
    tag_sets::of(db, Place { account: instance.account, region: &instance.region }, &instance.id)
}

/// Where an instance stands.
#[derive(Clone, Debug)]
pub struct Location {
    pub vpc: Vpc,
    pub subnet: Subnet,
    /// Names of its security groups, in the order of `interface.groups`.
    pub group_names: Vec<String>,
}

/// An instance's VPC, subnet and security groups.
///
/// # Errors
/// InternalFailure when its network is gone.
pub fn location(db: &Reader, instance: &Instance) -> Result<Location, Fault> {
    let network = Network::load(db, Place { account: instance.account, region: &instance.region })?;
    let interface = &instance.interface;
    let gone = || Fault::internal(format!("the network of {} is gone", instance.id));
    let name = |id: &String| network.group(id).map_or_else(|| id.clone(), |group| group.name.clone());
    Ok(Location {
        vpc: network.vpc(&interface.vpc).cloned().ok_or_else(gone)?,
        subnet: network.subnet(&interface.subnet).cloned().ok_or_else(gone)?,
        group_names: interface.groups.iter().map(name).collect(),
    })
}

/// `ip-172-31-5-6.ec2.internal`
pub fn private_dns_name(instance: &Instance) -> String {
    format!("{}.{}", host_name(instance.interface.private_ip), regions::private_domain(&instance.region))
}

/// The architecture of every image and so of every instance, in EC2's words: `x86_64`, `arm64`.
pub fn architecture() -> &'static str {
    crate::images::architecture()
}
