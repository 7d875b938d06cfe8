//! DescribeSubnets.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{self, DescribeSubnets, DescribeSubnetsRequest, DescribeSubnetsResult};
use crate::network::{self, Network};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{PrivateAddresses, Subnet};
use crate::tags;

impl Operation for DescribeSubnets {
    type Access = Read;

    fn needs(_: &DescribeSubnetsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeSubnets, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeSubnetsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let network = Network::load(req.db()?, place)?;
        let ids = input.subnet_ids.as_deref().unwrap_or_default();
        if let Some(missing) = ids.iter().find(|id| network.subnet(id).is_none()) {
            return Err(faults::no_subnet(missing));
        }
        let mut found = Vec::new();
        for subnet in network.subnets {
            if ids.is_empty() || ids.contains(&subnet.id) {
                let db = req.db()?;
                let tags = tags::of(db, place, &subnet.id)?;
                let prefix = (place.account, place.region, subnet.id.as_str());
                let taken = db.count::<PrivateAddresses>(&prefix)?;
                let size = 1_usize << (32 - u32::from(network::block(&subnet.cidr)?.prefix)).min(31);
                // AWS keeps five addresses of each subnet for itself.
                let free = i32::try_from(size.saturating_sub(5 + taken)).unwrap_or(i32::MAX);
                let (arn, owner) = (place.arn("subnet", &subnet.id), place.account.to_string());
                found.push(Shown { subnet, tags, free, arn, owner });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.subnet.id.clone())?;
        let subnets = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeSubnetsResult { subnets: Some(subnets), next_token: page.next })
    }
}

struct Shown {
    subnet: Subnet,
    tags: Tags,
    /// Addresses that nobody has.
    free: i32,
    arn: String,
    owner: String,
}

impl Shown {
    fn to_wire(&self) -> model::Subnet {
        let subnet = &self.subnet;
        model::Subnet {
            subnet_id: Some(subnet.id.clone()),
            subnet_arn: Some(self.arn.clone()),
            vpc_id: Some(subnet.vpc.clone()),
            owner_id: Some(self.owner.clone()),
            state: Some("available".into()),
            cidr_block: Some(subnet.cidr.clone()),
            available_ip_address_count: Some(self.free),
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
            tags: tags::to_wire(&self.tags),
            ..Default::default()
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "availability-zone",
        "availability-zone-id",
        "availabilityZone",
        "available-ip-address-count",
        "cidr",
        "cidr-block",
        "cidrBlock",
        "default-for-az",
        "defaultForAz",
        "map-public-ip-on-launch",
        "owner-id",
        "state",
        "subnet-arn",
        "subnet-id",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let subnet = &self.subnet;
        vec![match name {
            "availability-zone" | "availabilityZone" => subnet.zone.clone(),
            "availability-zone-id" => subnet.zone_id.clone(),
            "available-ip-address-count" => self.free.to_string(),
            "cidr" | "cidr-block" | "cidrBlock" => subnet.cidr.clone(),
            "default-for-az" | "defaultForAz" => subnet.default.to_string(),
            "map-public-ip-on-launch" => subnet.public.to_string(),
            "owner-id" => self.owner.clone(),
            "state" => "available".to_owned(),
            "subnet-arn" => self.arn.clone(),
            "subnet-id" => subnet.id.clone(),
            _ => subnet.vpc.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
