//! The network interfaces of a launch: what each is to be, checked against the network that is there.

use std::net::Ipv4Addr;

use rolecall_base::Fault;
use rolecall_compute::Cidr;
use rolecall_store::Reader;

use super::wishes::{Wishes, subnet};
use crate::addresses;
use crate::faults;
use crate::groups;
use crate::instance_types::InstanceType;
use crate::model::{Placement, RunInstancesRequest};
use crate::network::{self, Network};
use crate::place::Place;
use crate::records::{Interfaces, NetworkInterface, PrivateAddresses, Subnet};
use crate::regions;

/// One interface of each new instance.
#[derive(Clone, Debug)]
pub struct Planned {
    pub device_index: i32,
    pub delete_on_termination: bool,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Existing(NetworkInterface),
    New(NewInterface),
}

#[derive(Clone, Debug)]
pub struct NewInterface {
    pub subnet: Subnet,
    pub cidr: Cidr,
    pub groups: Vec<String>,
    /// Addresses that were named, the primary one first.
    pub addresses: Vec<Ipv4Addr>,
    /// How many it is to have.
    pub count: usize,
    pub description: String,
    pub public: bool,
}

impl Planned {
    pub fn zone(&self) -> &str {
        match &self.kind {
            Kind::Existing(own) => &own.zone,
            Kind::New(own) => &own.subnet.zone,
        }
    }

    pub fn vpc(&self) -> &str {
        match &self.kind {
            Kind::Existing(own) => &own.vpc,
            Kind::New(own) => &own.subnet.vpc,
        }
    }

    pub fn subnet(&self) -> &str {
        match &self.kind {
            Kind::Existing(own) => &own.subnet,
            Kind::New(own) => &own.subnet.id,
        }
    }

    /// How many addresses it takes of its subnet.
    pub fn addresses(&self) -> u32 {
        match &self.kind {
            Kind::Existing(_) => 0,
            Kind::New(own) => u32::try_from(own.count).unwrap_or(u32::MAX),
        }
    }
}

/// The interfaces of a launch, in the order of their device indexes; the first is the primary one.
///
/// # Errors
/// The faults of the parameters that describe them.
pub fn plan(
    db: &Reader,
    place: Place<'_>,
    network: &Network,
    input: &RunInstancesRequest,
    size: &InstanceType,
    many: bool,
) -> Result<Vec<Planned>, Fault> {
    let wishes = Wishes::of(input);
    let placement = input.placement.as_ref();
    let mut planned = Vec::new();
    for wish in &wishes {
        let Some(device_index) = wish.device_index else {
            return Err(faults::invalid("Each network interface requires a device index."));
        };
        if planned.iter().any(|own: &Planned| own.device_index == device_index) {
            let text = "Each network interface must have its own device index.";
            return Err(faults::combination(text));
        }
        if wish.public == Some(true) && wishes.len() > 1 {
            let text = "The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.";
            return Err(faults::combination(text));
        }
        let kind = match wish.existing {
            Some(id) => Kind::Existing(existing(db, place, wish, id, many)?),
            None => Kind::New(new(db, place, network, wish, placement, size, many)?),
        };
        let new = matches!(kind, Kind::New(_));
        let delete_on_termination = wish.delete_on_termination.unwrap_or(new);
        planned.push(Planned { device_index, delete_on_termination, kind });
    }
    planned.sort_by_key(|own| own.device_index);
    check(place, &planned, placement, size)?;
    Ok(planned)
}

/// Checks the interfaces of one instance against each other.
fn check(
    place: Place<'_>,
    planned: &[Planned],
    placement: Option<&Placement>,
    size: &InstanceType,
) -> Result<(), Fault> {
    let Some(primary) = planned.first().filter(|own| own.device_index == 0) else {
        let text = "A network interface with the device index 0 is required.";
        return Err(faults::combination(text));
    };
    if planned.len() > usize::try_from(size.interfaces).unwrap_or(usize::MAX) {
        let text = format!("Interface count {} exceeds the limit for {}", planned.len(), size.name);
        return Err(faults::other("AttachmentLimitExceeded", text));
    }
    if planned.iter().any(|own| own.zone() != primary.zone()) {
        let text = "All network interfaces of an instance must be in the same Availability Zone.";
        return Err(faults::combination(text));
    }
    if planned.iter().any(|own| own.vpc() != primary.vpc()) {
        return Err(faults::unsupported("An instance with network interfaces in several VPCs"));
    }
    let zones = regions::zones(place.region);
    let id = zones.iter().find(|(name, _)| name == primary.zone()).map(|(_, id)| id.as_str());
    let wished =
        placement.and_then(|own| own.availability_zone.as_deref().or(own.availability_zone_id.as_deref()));
    if let Some(zone) = wished.filter(|zone| *zone != primary.zone() && Some(*zone) != id) {
        let text =
            format!("The availability zone '{zone}' does not match the subnet's, '{}'.", primary.zone());
        return Err(faults::combination(text));
    }
    Ok(())
}

fn existing(
    db: &Reader,
    place: Place<'_>,
    wish: &Wishes<'_>,
    id: &str,
    many: bool,
) -> Result<NetworkInterface, Fault> {
    if many {
        let text = "A network interface may not be specified when launching more than one instance.";
        return Err(faults::combination(text));
    }
    let described = wish.subnet.is_some()
        || !wish.groups.is_empty()
        || wish.private_ip.is_some()
        || !wish.addresses.is_empty()
        || wish.more != 0
        || wish.public.is_some()
        || wish.description.is_some_and(|text| !text.is_empty());
    if described {
        let text =
            "A network interface may not specify both a network interface ID and what describes a new one";
        return Err(faults::combination(text));
    }
    let own = db.get::<Interfaces>(&place.key(id))?.ok_or_else(|| faults::no_interface(id))?;
    if own.attachment.is_some() || own.requester.is_some() {
        return Err(faults::other("InvalidNetworkInterface.InUse", format!("Interface: [{id}] in use.")));
    }
    Ok(own)
}

fn new(
    db: &Reader,
    place: Place<'_>,
    network: &Network,
    wish: &Wishes<'_>,
    placement: Option<&Placement>,
    size: &InstanceType,
    many: bool,
) -> Result<NewInterface, Fault> {
    let subnet = found_subnet(network, wish, placement)?;
    let cidr = network::block(&subnet.cidr)?;
    let addresses = addresses(db, place, &subnet, cidr, wish, many)?;
    let more = usize::try_from(wish.more).map_err(|_| {
        let why = "The number of secondary addresses must not be negative.";
        faults::invalid_value(wish.more, "secondaryPrivateIpAddressCount", why)
    })?;
    if more > 0 && wish.addresses.iter().any(|own| own.primary != Some(true)) {
        let text =
            "SecondaryPrivateIpAddressCount and secondary PrivateIpAddresses may not be specified together.";
        return Err(faults::combination(text));
    }
    let count = addresses.len().max(1) + more;
    if count > usize::try_from(size.addresses).unwrap_or(usize::MAX) {
        let text = "Number of private addresses will exceed limit.";
        return Err(faults::other("PrivateIpAddressLimitExceeded", text));
    }
    Ok(NewInterface {
        groups: groups(network, &subnet, wish)?,
        addresses,
        count,
        description: wish.description.unwrap_or_default().to_owned(),
        // Only the primary interface gets one without being told to.
        public: wish.public.unwrap_or(subnet.public && wish.device_index == Some(0)),
        subnet,
        cidr,
    })
}

fn found_subnet(
    network: &Network,
    wish: &Wishes<'_>,
    placement: Option<&Placement>,
) -> Result<Subnet, Fault> {
    let zone = placement.and_then(|p| p.availability_zone.as_deref().or(p.availability_zone_id.as_deref()));
    let Some(subnet) = subnet(network, wish, placement) else {
        return Err(match (wish.subnet, zone) {
            (Some(id), _) => faults::no_subnet(id),
            (None, Some(zone)) => faults::invalid(format!("Invalid availability zone: [{zone}]")),
            (None, None) => {
                let text = "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.";
                faults::other("VPCIdNotSpecified", text)
            }
        });
    };
    if zone.is_some_and(|zone| zone != subnet.zone && zone != subnet.zone_id) {
        let text = format!(
            "The availability zone '{}' does not match the subnet's, '{}'.",
            zone.unwrap_or_default(),
            subnet.zone
        );
        return Err(faults::combination(text));
    }
    Ok(subnet.clone())
}

fn groups(network: &Network, subnet: &Subnet, wish: &Wishes<'_>) -> Result<Vec<String>, Fault> {
    if !wish.groups.is_empty() && !wish.group_names.is_empty() {
        let text = "The parameter groupName cannot be used with the parameter groupId";
        return Err(faults::combination(text));
    }
    let mut found = Vec::<String>::new();
    let mut keep = |id: &String| {
        if !found.contains(id) {
            found.push(id.clone());
        }
    };
    for id in wish.groups {
        let group = network.group(id).ok_or_else(|| faults::no_group(id))?;
        if group.vpc != subnet.vpc {
            let text = format!("Security group {id} and subnet {} belong to different networks.", subnet.id);
            return Err(faults::other("InvalidParameter", text));
        }
        keep(&group.id);
    }
    for name in wish.group_names {
        let group = network.group_named(name, &subnet.vpc);
        keep(&group.ok_or_else(|| faults::no_group_named(name, &subnet.vpc))?.id);
    }
    if wish.groups.is_empty() && wish.group_names.is_empty() {
        let default = network.group_named("default", &subnet.vpc);
        keep(&default.ok_or_else(|| faults::no_group_named("default", &subnet.vpc))?.id);
    }
    if found.len() > groups::PER_INTERFACE {
        let text = "The maximum number of security groups per interface has been reached.";
        return Err(faults::other("SecurityGroupsPerInterfaceLimitExceeded", text));
    }
    Ok(found)
}

/// The addresses that are named, the primary one first. None where only secondary ones are named: then the primary
/// one is chosen, which must come first, so that is refused.
fn addresses(
    db: &Reader,
    place: Place<'_>,
    subnet: &Subnet,
    cidr: Cidr,
    wish: &Wishes<'_>,
    many: bool,
) -> Result<Vec<Ipv4Addr>, Fault> {
    let listed = |primary: bool| {
        let own = wish.addresses.iter().filter(move |own| (own.primary == Some(true)) == primary);
        own.filter_map(|own| own.private_ip_address.as_deref()).collect::<Vec<_>>()
    };
    let primary: Vec<_> = wish.private_ip.into_iter().chain(listed(true)).collect();
    if primary.len() > 1 {
        let text = "Only one private address of a network interface can be the primary one.";
        return Err(faults::combination(text));
    }
    let named: Vec<_> = primary.into_iter().chain(listed(false)).collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    if many {
        let text = "A private IP address may be given to one instance only.";
        return Err(faults::combination(text));
    }
    if !wish.addresses.is_empty() && listed(true).is_empty() && wish.private_ip.is_none() {
        return Err(faults::combination("One of the private addresses must be the primary one."));
    }
    let mut found = Vec::new();
    for text in named {
        let address = addresses::wished(cidr, text)?;
        if found.contains(&address) || addresses::owner(db, place, &subnet.id, address)?.is_some() {
            return Err(faults::address_taken(address));
        }
        found.push(address);
    }
    Ok(found)
}

/// For how many instances of `most` the free addresses are enough. What others take meanwhile is noticed when this launch
/// takes its own, address by address: so launches into one subnet do not get into each other's way.
///
/// # Errors
/// When the store can't be read.
pub fn enough_for(
    db: &Reader,
    place: Place<'_>,
    planned: &[Planned],
    mut most: usize,
) -> Result<usize, Fault> {
    for own in planned {
        let Kind::New(new) = &own.kind else { continue };
        let here = planned.iter().filter_map(|other| match &other.kind {
            Kind::New(other) if other.subnet.id == new.subnet.id => Some(other.count),
            _ => None,
        });
        let each: usize = here.sum();
        let size = 1_usize.checked_shl(32 - u32::from(new.cidr.prefix)).unwrap_or(usize::MAX);
        let usable = size.saturating_sub(5);
        let own = (place.account, place.region, new.subnet.id.as_str());
        let taken = db.peek_count::<PrivateAddresses>(&own, usable)?;
        most = most.min(usable.saturating_sub(taken) / each.max(1));
    }
    Ok(most)
}

/// That a subnet's free addresses are not enough.
pub fn not_enough(subnet: &str) -> Fault {
    let text = format!(
        "There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
    );
    faults::other("InsufficientFreeAddressesInSubnet", text)
}
