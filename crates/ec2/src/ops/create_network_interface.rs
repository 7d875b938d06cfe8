//! CreateNetworkInterface: an interface that is attached to nothing yet.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::Reader;

use crate::addresses;
use crate::described_interface::{DescribedInterface, GroupNames};
use crate::faults::{self, unsupported};
use crate::groups;
use crate::interfaces;
use crate::model::{
    CreateNetworkInterface, CreateNetworkInterfaceRequest, CreateNetworkInterfaceResult, NetworkInterface,
};
use crate::network::questions::{on_existing, on_subnet};
use crate::network::{self, Network, token};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{PrivateAddresses, SecurityGroups, Subnet, Subnets};
use crate::tags;

/// The most addresses that a new interface may have: those of the greatest instance types.
const ADDRESSES: usize = 50;

impl Operation for CreateNetworkInterface {
    type Access = Write;

    fn needs(input: &CreateNetworkInterfaceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (place, action) = (Place::of(at), ec2::CreateNetworkInterface);
        let subnet = network::get::<Subnets>(at.db()?, place, &input.subnet_id)?;
        let made = place.resource::<kind::NetworkInterface>("*");
        let mut needs = to_make(action, &made, place, input.tag_specifications.as_deref(), |question| {
            question
                .key(key::SubnetID, Some(input.subnet_id.as_str()))
                .key(key::AvailabilityZone, subnet.as_ref().map(|own| own.zone.as_str()))
                .key(key::Vpc, subnet.as_ref().map(|own| place.arn("vpc", &own.vpc)))
        });
        needs = needs.and(on_subnet(action, at, &input.subnet_id)?.done());
        for id in input.groups.as_deref().unwrap_or_default() {
            let group = network::get::<SecurityGroups>(at.db()?, place, id)?;
            let question = on_existing(action, kind::SecurityGroup, at, id)?;
            let question = question.key(key::SecurityGroupID, Some(id.as_str()));
            needs = needs.and(question.key(key::Vpc, group.map(|own| place.arn("vpc", &own.vpc))).done());
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateNetworkInterfaceResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        refuse(input)?;
        let kind = "network-interface";
        let tags = tags::of_request(input.tag_specifications.as_deref(), &[kind], kind)?;
        let tx = req.tx()?;
        let once = token::of("CreateNetworkInterface", input.client_token.as_deref(), input)?;
        if let Some(id) = token::made(tx, place, once.as_ref())? {
            let found = interfaces::get(tx, place, &id)?;
            return answer(tx, place, input, found, tags::of(tx, place, &id)?);
        }
        Network::settle(tx, place)?;
        let subnet = network::must::<Subnets>(tx, place, &input.subnet_id, faults::no_subnet)?;
        let groups =
            groups::for_interface(tx, place, &subnet.vpc, input.groups.as_deref().unwrap_or_default())?;
        let wished = wished(input, &subnet)?;
        for address in &wished.addresses {
            let key = (place.account, place.region, subnet.id.as_str(), u32::from(*address));
            if tx.exists::<PrivateAddresses>(&key)? {
                return Err(faults::address_taken(address));
            }
        }
        faults::dry_run(input.dry_run)?;
        let new = interfaces::New {
            subnet: &subnet,
            cidr: network::block(&subnet.cidr)?,
            addresses: wished.addresses,
            count: wished.count,
            from: None,
            groups,
            description: input.description.clone().unwrap_or_default(),
            public: false,
            requester: None,
        };
        let mut made = interfaces::make(tx, env, place, new)?;
        made.token = once.as_ref().map(|once| once.name.clone());
        token::keep(tx, place, once.as_ref(), &made.id)?;
        interfaces::put(tx, &made)?;
        tags::put(tx, place, &made.id, tags.clone())?;
        answer(tx, place, input, made, tags)
    }
}

fn answer(
    db: &Reader,
    place: Place<'_>,
    input: &CreateNetworkInterfaceRequest,
    made: crate::records::NetworkInterface,
    tags: rolecall_base::Tags,
) -> Result<CreateNetworkInterfaceResult, Fault> {
    let names = GroupNames::of(db, place, std::iter::once(&made))?;
    let described = DescribedInterface::new(made, &names);
    let wire = NetworkInterface {
        tag_set: tags::to_wire(&tags),
        status: Some("pending".into()),
        ..described.to_wire()
    };
    Ok(CreateNetworkInterfaceResult {
        network_interface: Some(wire),
        client_token: input.client_token.clone(),
    })
}

/// Addresses that are wished for, the primary one first, and how many there are to be.
struct Wished {
    addresses: Vec<std::net::Ipv4Addr>,
    count: usize,
}

fn wished(input: &CreateNetworkInterfaceRequest, subnet: &Subnet) -> Result<Wished, Fault> {
    let cidr = network::block(&subnet.cidr)?;
    let list = input.private_ip_addresses.as_deref().unwrap_or_default();
    let more = input.secondary_private_ip_address_count.unwrap_or(0);
    if !list.is_empty() && more != 0 {
        let text = "The parameter secondaryPrivateIpAddressCount cannot be used with the parameter privateIpAddresses";
        return Err(faults::combination(text));
    }
    let more = usize::try_from(more).map_err(|_| {
        faults::invalid_value(more, "secondaryPrivateIpAddressCount", "It must not be negative.")
    })?;
    let given = input.private_ip_address.as_deref().filter(|text| !text.is_empty());
    let (mut primary, mut others) =
        (given.map(|text| addresses::wished(cidr, text)).transpose()?, Vec::new());
    for one in list {
        let text = one.private_ip_address.as_deref().ok_or_else(|| faults::missing("privateIpAddress"))?;
        let address = addresses::wished(cidr, text)?;
        match primary {
            Some(own) if own == address => {}
            Some(_) if one.primary == Some(true) => {
                return Err(faults::combination("Only one primary private IP address can be specified."));
            }
            None if one.primary == Some(true) => primary = Some(address),
            _ => others.push(address),
        }
    }
    // AWS takes the first where none is said to be the primary one.
    let mut addresses: Vec<_> = primary.into_iter().collect();
    addresses.extend(others);
    let mut seen = std::collections::BTreeSet::new();
    if let Some(twice) = addresses.iter().find(|address| !seen.insert(**address)) {
        return Err(faults::invalid_value(twice, "privateIpAddresses", "It is given twice."));
    }
    let count = addresses.len().max(1).saturating_add(more);
    if count > ADDRESSES {
        let text = "Number of private addresses will exceed limit.";
        return Err(faults::other("PrivateIpAddressLimitExceeded", text));
    }
    Ok(Wished { addresses, count })
}

/// The parameters that this server can't honor. The structure is taken apart member by member, so that a new one has to
/// be looked at.
fn refuse(input: &CreateNetworkInterfaceRequest) -> Result<(), Fault> {
    let CreateNetworkInterfaceRequest {
        ipv4_prefixes,
        ipv4_prefix_count,
        ipv6_prefixes,
        ipv6_prefix_count,
        interface_type,
        enable_primary_ipv6,
        connection_tracking_specification,
        operator,
        ipv6_addresses,
        ipv6_address_count,
        description,
        tag_specifications: _,
        client_token: _,
        subnet_id: _,
        private_ip_address: _,
        groups: _,
        private_ip_addresses: _,
        secondary_private_ip_address_count: _,
        dry_run: _,
    } = input;
    let above = |count: &Option<i32>| count.is_some_and(|count| count != 0);
    let some = |list: Option<usize>| list.is_some_and(|length| length > 0);
    let wishes = [
        (some(ipv4_prefixes.as_ref().map(Vec::len)) || above(ipv4_prefix_count), "A prefix"),
        (some(ipv6_prefixes.as_ref().map(Vec::len)) || above(ipv6_prefix_count), "IPv6"),
        (some(ipv6_addresses.as_ref().map(Vec::len)) || above(ipv6_address_count), "IPv6"),
        (*enable_primary_ipv6 == Some(true), "IPv6"),
        (interface_type.as_deref().is_some_and(|kind| kind != "interface"), "This interface type"),
        (connection_tracking_specification.is_some(), "ConnectionTrackingSpecification"),
        (operator.is_some(), "Operator"),
    ];
    if let Some((_, what)) = wishes.iter().find(|(wished, _)| *wished) {
        return Err(unsupported(what));
    }
    interfaces::check_description(description.as_deref())
}
