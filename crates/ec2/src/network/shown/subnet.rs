//! Subnets as answers show them.

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use super::{Row, Shown};
use crate::filters::Filtered;
use crate::model;
use crate::network::block::{block, size};
use crate::place::Place;
use crate::records::{PrivateAddresses, Subnet};
use crate::tags;

impl Row for Subnet {
    /// How many addresses nobody has.
    type More = i32;

    fn id(&self) -> &str {
        &self.id
    }

    fn more(&self, db: &Reader, place: Place<'_>) -> Result<i32, Fault> {
        let taken = db.count::<PrivateAddresses>(&(place.account, place.region, self.id.as_str()))?;
        let taken = u64::try_from(taken).unwrap_or(u64::MAX);
        // AWS keeps five addresses of each subnet for itself.
        let free = size(block(&self.cidr)?).saturating_sub(taken.saturating_add(5));
        Ok(i32::try_from(free).unwrap_or(i32::MAX))
    }
}

impl Shown<Subnet> {
    pub fn to_wire(&self) -> model::Subnet {
        let subnet = &self.row;
        model::Subnet {
            subnet_id: Some(subnet.id.clone()),
            subnet_arn: Some(self.arn("subnet")),
            vpc_id: Some(subnet.vpc.clone()),
            owner_id: Some(self.owner.to_string()),
            state: Some("available".into()),
            cidr_block: Some(subnet.cidr.clone()),
            available_ip_address_count: Some(self.more),
            availability_zone: Some(subnet.zone.clone()),
            availability_zone_id: Some(subnet.zone_id.clone()),
            default_for_az: Some(subnet.default),
            map_public_ip_on_launch: Some(subnet.public),
            map_customer_owned_ip_on_launch: Some(false),
            assign_ipv6_address_on_creation: Some(false),
            ipv6_cidr_block_association_set: Some(Vec::new()),
            enable_dns64: Some(false),
            ipv6_native: Some(false),
            private_dns_name_options_on_launch: Some(model::PrivateDnsNameOptionsOnLaunch {
                hostname_type: Some("ip-name".into()),
                enable_resource_name_dns_a_record: Some(false),
                enable_resource_name_dns_aaaa_record: Some(false),
            }),
            block_public_access_states: Some(model::BlockPublicAccessStates {
                internet_gateway_block_mode: Some("off".into()),
            }),
            tags: tags::to_wire(&self.tags),
            ..Default::default()
        }
    }
}

impl Filtered for Shown<Subnet> {
    const NAMES: &'static [&'static str] = &[
        "availability-zone",
        "availability-zone-id",
        "availabilityZone",
        "available-ip-address-count",
        "cidr",
        "cidr-block",
        "cidrBlock",
        "customer-owned-ipv4-pool",
        "default-for-az",
        "defaultForAz",
        "enable-dns64",
        "enable-lni-at-device-index",
        "ipv6-cidr-block-association.association-id",
        "ipv6-cidr-block-association.ipv6-cidr-block",
        "ipv6-cidr-block-association.state",
        "ipv6-native",
        "map-customer-owned-ip-on-launch",
        "map-public-ip-on-launch",
        "outpost-arn",
        "owner-id",
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
        "private-dns-name-options-on-launch.hostname-type",
        "state",
        "subnet-arn",
        "subnet-id",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let subnet = &self.row;
        vec![match name {
            "availability-zone" | "availabilityZone" => subnet.zone.clone(),
            "availability-zone-id" => subnet.zone_id.clone(),
            "available-ip-address-count" => self.more.to_string(),
            "cidr" | "cidr-block" | "cidrBlock" => subnet.cidr.clone(),
            "default-for-az" | "defaultForAz" => subnet.default.to_string(),
            "enable-dns64"
            | "ipv6-native"
            | "map-customer-owned-ip-on-launch"
            | "private-dns-name-options-on-launch.enable-resource-name-dns-a-record"
            | "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record" => "false".to_owned(),
            "map-public-ip-on-launch" => subnet.public.to_string(),
            "owner-id" => self.owner.to_string(),
            "private-dns-name-options-on-launch.hostname-type" => "ip-name".to_owned(),
            "state" => "available".to_owned(),
            "subnet-arn" => self.arn("subnet"),
            "subnet-id" => subnet.id.clone(),
            "vpc-id" => subnet.vpc.clone(),
            // There are no Outposts and no IPv6 blocks.
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
