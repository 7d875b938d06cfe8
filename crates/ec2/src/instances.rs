//! Instances as the metadata service, SSH and the server's own commands look at them: by id alone, or all of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use rolecall_base::{AccountId, Fault, Tags};
use rolecall_store::Reader;

use crate::network;
use crate::place::Place;
use crate::records::{Cpus, InstancePlaces, Instances, SecurityGroups, Subnets, Vpcs};
use crate::{instance_types, regions, settings, tags as tag_sets, wiring};

pub use crate::interfaces::{of as interfaces_of, primary as primary_interface};
pub use crate::machines::host_name;
pub use crate::records::{
    Boot, Instance, MetadataOptions, NetworkInterface, PrivateAddress, ProfileRef, State,
};

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

/// The instances of an account that are not terminated, region by region.
///
/// # Errors
/// When the store can't be read.
pub fn of_account(db: &Reader, account: AccountId) -> Result<Vec<Instance>, Fault> {
    let rows = db.scan::<Instances>(&(account,), None, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).filter(|row| row.state != State::Terminated).collect())
}

/// An instance's tags.
///
/// # Errors
/// When the store can't be read.
pub fn tags(db: &Reader, instance: &Instance) -> Result<Tags, Fault> {
    tag_sets::of(db, Place { account: instance.account, region: &instance.region }, &instance.id)
}

/// Where a network interface stands.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Address blocks, the first one first.
    pub vpc_blocks: Vec<String>,
    pub subnet_blocks: Vec<String>,
    /// `use1-az1`
    pub zone_id: String,
    /// Ids and names of its security groups.
    pub groups: Vec<(String, String)>,
    /// Public addresses have names in this VPC.
    pub public_names: bool,
}

/// What is around a network interface.
///
/// # Errors
/// InternalFailure when its network is gone.
pub fn surroundings(db: &Reader, own: &NetworkInterface) -> Result<Surroundings, Fault> {
    let place = Place { account: own.account, region: &own.region };
    let gone = || Fault::internal(format!("the network of {} is gone", own.id));
    let name = |id: &String| {
        let group = network::get::<SecurityGroups>(db, place, id)?;
        Ok::<_, Fault>((id.clone(), group.map_or_else(|| id.clone(), |group| group.name)))
    };
    let vpc = network::get::<Vpcs>(db, place, &own.vpc)?.ok_or_else(gone)?;
    let subnet = network::get::<Subnets>(db, place, &own.subnet)?.ok_or_else(gone)?;
    let public_names = vpc.names_public_addresses();
    let further = vpc.blocks.into_iter().map(|block| block.cidr);
    Ok(Surroundings {
        vpc_blocks: std::iter::once(vpc.cidr).chain(further).collect(),
        subnet_blocks: vec![subnet.cidr],
        zone_id: subnet.zone_id,
        groups: own.groups.iter().map(name).collect::<Result<_, _>>()?,
        public_names,
    })
}

/// `ip-172-31-5-6.ec2.internal`
pub fn private_dns_name(address: Ipv4Addr, region: &str) -> String {
    format!("{}.{}", host_name(address), regions::private_domain(region))
}

/// `ec2-127-64-0-9.compute-1.amazonaws.com`: what a VPC's name servers lead to the private address.
pub fn public_dns_name(address: Ipv4Addr, region: &str) -> String {
    format!("ec2-{}.{}", address.to_string().replace('.', "-"), regions::public_domain(region))
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

/// Whether an interface's security groups let a TCP port be reached from an address outside of its VPC.
///
/// # Errors
/// When the store can't be read.
pub fn admits(db: &Reader, own: &NetworkInterface, port: u16, from: IpAddr) -> Result<bool, Fault> {
    wiring::admits(db, own, port, from)
}

/// Whether a client outside reaches a TCP port of an instance by one of its public addresses, as the records are now.
///
/// # Errors
/// When the store can't be read.
pub fn reaches(
    db: &Reader,
    instance: &Instance,
    at: (Ipv4Addr, u16),
    client: SocketAddrV4,
) -> Result<bool, Fault> {
    wiring::reaches_now(db, instance, at, client)
}

/// Whether an instance's account has serial consoles switched on.
///
/// # Errors
/// When the store can't be read.
pub fn serial_console(db: &Reader, instance: &Instance) -> Result<bool, Fault> {
    let place = Place { account: instance.account, region: &instance.region };
    Ok(settings::of(db, place)?.serial_console)
}

/// Whether a region is one of those that are listed.
pub fn is_listed_region(name: &str) -> bool {
    regions::all(regions::FIRST).iter().any(|region| region.name == name)
}
