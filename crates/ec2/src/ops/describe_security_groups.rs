//! DescribeSecurityGroups.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{
    self, DescribeSecurityGroups, DescribeSecurityGroupsRequest, DescribeSecurityGroupsResult, IpPermission,
    IpRange, UserIdGroupPair,
};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::SecurityGroup;
use crate::tags;

impl Operation for DescribeSecurityGroups {
    type Access = Read;

    fn needs(_: &DescribeSecurityGroupsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeSecurityGroups, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeSecurityGroupsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let network = Network::load(req.db()?, place)?;
        let ids = input.group_ids.as_deref().unwrap_or_default();
        let names = input.group_names.as_deref().unwrap_or_default();
        if let Some(missing) = ids.iter().find(|id| network.group(id).is_none()) {
            return Err(faults::no_group(missing));
        }
        let default = network.default_vpc().map(|vpc| vpc.id.clone()).unwrap_or_default();
        if let Some(missing) = names.iter().find(|name| network.group_named(name, &default).is_none()) {
            return Err(faults::no_group_named(missing, &default));
        }
        let mut found = Vec::new();
        for group in network.groups {
            let named = names.contains(&group.name) && group.vpc == default;
            if (ids.is_empty() && names.is_empty()) || ids.contains(&group.id) || named {
                let tags = tags::of(req.db()?, place, &group.id)?;
                let (arn, owner) = (place.arn("security-group", &group.id), place.account.to_string());
                found.push(Shown { group, tags, arn, owner });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.group.id.clone())?;
        let security_groups = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeSecurityGroupsResult { security_groups: Some(security_groups), next_token: page.next })
    }
}

struct Shown {
    group: SecurityGroup,
    tags: Tags,
    arn: String,
    owner: String,
}

impl Shown {
    /// A default group: its members reach each other, and everything may go out.
    fn to_wire(&self) -> model::SecurityGroup {
        let every = || IpPermission {
            ip_protocol: Some("-1".into()),
            user_id_group_pairs: Some(Vec::new()),
            ip_ranges: Some(Vec::new()),
            ipv6_ranges: Some(Vec::new()),
            prefix_list_ids: Some(Vec::new()),
            ..Default::default()
        };
        let itself = UserIdGroupPair {
            user_id: Some(self.owner.clone()),
            group_id: Some(self.group.id.clone()),
            ..Default::default()
        };
        let anywhere = IpRange { cidr_ip: Some("0.0.0.0/0".into()), ..Default::default() };
        model::SecurityGroup {
            group_id: Some(self.group.id.clone()),
            group_name: Some(self.group.name.clone()),
            description: Some(self.group.description.clone()),
            owner_id: Some(self.owner.clone()),
            vpc_id: Some(self.group.vpc.clone()),
            security_group_arn: Some(self.arn.clone()),
            ip_permissions: Some(vec![IpPermission { user_id_group_pairs: Some(vec![itself]), ..every() }]),
            ip_permissions_egress: Some(vec![IpPermission { ip_ranges: Some(vec![anywhere]), ..every() }]),
            tags: tags::to_wire(&self.tags),
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "description",
        "egress.ip-permission.cidr",
        "egress.ip-permission.protocol",
        "group-id",
        "group-name",
        "ip-permission.group-id",
        "ip-permission.protocol",
        "owner-id",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "description" => self.group.description.clone(),
            "egress.ip-permission.cidr" => "0.0.0.0/0".to_owned(),
            "egress.ip-permission.protocol" | "ip-permission.protocol" => "-1".to_owned(),
            "group-id" | "ip-permission.group-id" => self.group.id.clone(),
            "group-name" => self.group.name.clone(),
            "owner-id" => self.owner.clone(),
            _ => self.group.vpc.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
