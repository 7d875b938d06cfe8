//! Instances as the metadata service, SSH and the server's own commands look at them: by id alone, or all of them.

use std::net::Ipv4Addr;

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use crate::interfaces;
use crate::network;
use crate::place::Place;
use crate::records::{Cpus, InstancePlaces, Instances, SecurityGroups, Subnet, Subnets, Vpc, Vpcs};
use crate::{instance_types, regions, tags as tag_sets};

pub use crate::interfaces::{of as interfaces_of, primary as primary_interface};
pub use crate::machines::host_name;
pub use crate::records::{Boot, Instance, MetadataOptions, NetworkInterface, ProfileRef, State};

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
    /// Ids and names of the security groups of its primary interface.
    pub groups: Vec<(String, String)>,
}

/// An instance's VPC, subnet and security groups.
///
/// # Errors
/// InternalFailure when its network is gone.
pub fn location(db: &Reader, instance: &Instance) -> Result<Location, Fault> {
    let place = Place { account: instance.account, region: &instance.region };
    let gone = || Fault::internal(format!("the network of {} is gone", instance.id));
    let name = |id: String| {
        let group = network::get::<SecurityGroups>(db, place, &id)?;
        let name = group.map_or_else(|| id.clone(), |group| group.name);
        Ok::<_, Fault>((id, name))
    };
    let own = interfaces::primary(db, instance)?;
    Ok(Location {
        vpc: network::get::<Vpcs>(db, place, &instance.vpc)?.ok_or_else(gone)?,
        subnet: network::get::<Subnets>(db, place, &instance.subnet)?.ok_or_else(gone)?,
        groups: own.groups.into_iter().map(name).collect::<Result<_, _>>()?,
    })
}

/// `ip-172-31-5-6.ec2.internal`
pub fn private_dns_name(address: Ipv4Addr, region: &str) -> String {
    format!("{}.{}", host_name(address), regions::private_domain(region))
}

/// The host name that an instance is given: by its address, or by its id if it was told so.
pub fn own_host_name(instance: &Instance, address: Ipv4Addr) -> String {
    if instance.settings.names.resource { instance.id.clone() } else { host_name(address) }
}

/// The same with the domain: `ip-172-31-5-6.ec2.internal`, `i-0123456789abcdef0.ec2.internal`.
pub fn own_dns_name(instance: &Instance, address: Ipv4Addr) -> String {
    format!("{}.{}", own_host_name(instance, address), regions::private_domain(&instance.region))
}

/// The cores of an instance and the threads of each; `None` for a type that there no longer is.
pub fn cpus(instance: &Instance) -> Option<Cpus> {
    let size = instance_types::find(&instance.instance_type)?;
    let whole = Cpus { cores: size.cores(), threads: size.threads() };
    Some(instance.settings.cpus.unwrap_or(whole))
}

/// The architecture of every image and so of every instance, in EC2's words: `x86_64`, `arm64`.
pub fn architecture() -> &'static str {
    crate::images::architecture()
}
