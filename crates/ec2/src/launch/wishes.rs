//! What a launch wishes of its network interfaces, wherever the caller put it.

use rolecall_base::Fault;
use rolecall_store::Reader;

use crate::model::{
    InstanceNetworkInterfaceSpecification, Placement, PrivateIpAddressSpecification, RunInstancesRequest,
};
use crate::network::Network;
use crate::place::Place;
use crate::records::Subnet;

/// The parameters of one interface.
#[derive(Clone, Debug, Default)]
pub struct Wishes<'a> {
    /// An interface that is there already.
    pub existing: Option<&'a str>,
    pub subnet: Option<&'a str>,
    pub groups: &'a [String],
    pub group_names: &'a [String],
    pub private_ip: Option<&'a str>,
    /// Addresses that are named, the primary one among them or not.
    pub addresses: &'a [PrivateIpAddressSpecification],
    /// Further addresses that are not named.
    pub more: i32,
    pub public: Option<bool>,
    pub description: Option<&'a str>,
    /// `None` where the caller must say and did not.
    pub device_index: Option<i32>,
    pub delete_on_termination: Option<bool>,
}

impl<'a> Wishes<'a> {
    /// The interfaces of a launch: those that it describes, or the one of its plain parameters.
    pub fn of(input: &'a RunInstancesRequest) -> Vec<Wishes<'a>> {
        match input.network_interfaces.as_deref() {
            None | Some([]) => vec![Wishes {
                subnet: text(&input.subnet_id),
                groups: input.security_group_ids.as_deref().unwrap_or_default(),
                group_names: input.security_groups.as_deref().unwrap_or_default(),
                private_ip: text(&input.private_ip_address),
                device_index: Some(0),
                ..Wishes::default()
            }],
            Some(list) => list.iter().map(Wishes::one).collect(),
        }
    }

    fn one(own: &'a InstanceNetworkInterfaceSpecification) -> Wishes<'a> {
        Wishes {
            existing: text(&own.network_interface_id),
            subnet: text(&own.subnet_id),
            groups: own.groups.as_deref().unwrap_or_default(),
            group_names: &[],
            private_ip: text(&own.private_ip_address),
            addresses: own.private_ip_addresses.as_deref().unwrap_or_default(),
            more: own.secondary_private_ip_address_count.unwrap_or(0),
            public: own.associate_public_ip_address,
            description: own.description.as_deref(),
            device_index: own.device_index,
            delete_on_termination: own.delete_on_termination,
        }
    }
}

fn text(own: &Option<String>) -> Option<&str> {
    own.as_deref().filter(|own| !own.is_empty())
}

/// The part of the network that a launch is about. Who names groups by their names looks at all of it.
///
/// # Errors
/// When the store can't be read.
pub fn network(db: &Reader, place: Place<'_>, input: &RunInstancesRequest) -> Result<Network, Fault> {
    let wishes = Wishes::of(input);
    if wishes.iter().any(|own| !own.group_names.is_empty()) {
        return Network::load(db, place);
    }
    let new = wishes.iter().filter(|own| own.existing.is_none());
    let subnets: Vec<_> = new.map(|own| own.subnet).collect();
    let groups: Vec<_> = wishes.iter().flat_map(|own| own.groups).map(String::as_str).collect();
    Network::near(db, place, &subnets, &groups)
}

/// The subnet that a new interface would go to; `None` when there is none such.
pub fn subnet<'n>(
    network: &'n Network,
    wishes: &Wishes<'_>,
    placement: Option<&Placement>,
) -> Option<&'n Subnet> {
    match (wishes.subnet, placement) {
        (Some(id), _) => network.subnet(id),
        (None, Some(placement)) if placement.availability_zone_id.is_some() => {
            let id = placement.availability_zone_id.as_deref();
            network.subnets.iter().find(|subnet| subnet.default && Some(subnet.zone_id.as_str()) == id)
        }
        (None, placement) => network.default_subnet(placement.and_then(|p| p.availability_zone.as_deref())),
    }
}
