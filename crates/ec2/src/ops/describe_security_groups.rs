//! DescribeSecurityGroups.

use std::collections::BTreeMap;

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::groups;
use crate::model::{
    self, DescribeSecurityGroups, DescribeSecurityGroupsRequest, DescribeSecurityGroupsResult,
};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{Rule, RulePeer, SecurityGroup};
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
        let group_names: BTreeMap<_, _> =
            network.groups.iter().map(|group| (group.id.clone(), group.name.clone())).collect();
        for group in network.groups {
            let named = names.contains(&group.name) && group.vpc == default;
            if (ids.is_empty() && names.is_empty()) || ids.contains(&group.id) || named {
                let tags = tags::of(req.db()?, place, &group.id)?;
                let (arn, owner) = (place.arn("security-group", &group.id), place.account.to_string());
                let rules = groups::rules(place, &group);
                let referred = |rule: &Rule| match &rule.peer {
                    RulePeer::Group(id) => {
                        group_names.get_key_value(id).map(|(id, name)| (id.clone(), name.clone()))
                    }
                    _ => None,
                };
                let names = rules.iter().filter_map(referred).collect();
                found.push(Shown { group, rules, names, tags, arn, owner });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.group.id.clone())?;
        let security_groups = page.items.iter().map(|shown| shown.to_wire(place)).collect();
        Ok(DescribeSecurityGroupsResult { security_groups: Some(security_groups), next_token: page.next })
    }
}

struct Shown {
    group: SecurityGroup,
    rules: Vec<Rule>,
    /// Names of the groups that its rules refer to, by id.
    names: BTreeMap<String, String>,
    tags: Tags,
    arn: String,
    owner: String,
}

impl Shown {
    fn to_wire(&self, place: Place<'_>) -> model::SecurityGroup {
        let of = |egress| groups::permissions(place, self.rules.iter().filter(|rule| rule.egress == egress));
        model::SecurityGroup {
            group_id: Some(self.group.id.clone()),
            group_name: Some(self.group.name.clone()),
            description: Some(self.group.description.clone()),
            owner_id: Some(self.owner.clone()),
            vpc_id: Some(self.group.vpc.clone()),
            security_group_arn: Some(self.arn.clone()),
            ip_permissions: Some(of(false)),
            ip_permissions_egress: Some(of(true)),
            tags: tags::to_wire(&self.tags),
        }
    }

    /// What a filter on rules compares with.
    fn rule_value(&self, rule: &Rule, name: &str) -> Option<String> {
        let ports = rule.protocol != "-1";
        match (name, &rule.peer) {
            ("cidr", RulePeer::Ipv4(cidr)) | ("ipv6-cidr", RulePeer::Ipv6(cidr)) => Some(cidr.clone()),
            ("prefix-list-id", RulePeer::PrefixList(id)) | ("group-id", RulePeer::Group(id)) => {
                Some(id.clone())
            }
            ("group-name", RulePeer::Group(id)) => self.names.get(id).cloned(),
            ("user-id", RulePeer::Group(_)) => Some(self.owner.clone()),
            ("protocol", _) => Some(rule.protocol.clone()),
            ("from-port", _) => ports.then(|| rule.from.to_string()),
            ("to-port", _) => ports.then(|| rule.to.to_string()),
            _ => None,
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "description",
        "egress.ip-permission.cidr",
        "egress.ip-permission.from-port",
        "egress.ip-permission.group-id",
        "egress.ip-permission.group-name",
        "egress.ip-permission.ipv6-cidr",
        "egress.ip-permission.prefix-list-id",
        "egress.ip-permission.protocol",
        "egress.ip-permission.to-port",
        "egress.ip-permission.user-id",
        "group-id",
        "group-name",
        "ip-permission.cidr",
        "ip-permission.from-port",
        "ip-permission.group-id",
        "ip-permission.group-name",
        "ip-permission.ipv6-cidr",
        "ip-permission.prefix-list-id",
        "ip-permission.protocol",
        "ip-permission.to-port",
        "ip-permission.user-id",
        "owner-id",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let (egress, of_rule) = match name.strip_prefix("egress.") {
            Some(name) => (true, name.strip_prefix("ip-permission.")),
            None => (false, name.strip_prefix("ip-permission.")),
        };
        if let Some(name) = of_rule {
            let rules = self.rules.iter().filter(|rule| rule.egress == egress);
            return rules.filter_map(|rule| self.rule_value(rule, name)).collect();
        }
        vec![match name {
            "description" => self.group.description.clone(),
            "group-id" => self.group.id.clone(),
            "group-name" => self.group.name.clone(),
            "owner-id" => self.owner.clone(),
            _ => self.group.vpc.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
