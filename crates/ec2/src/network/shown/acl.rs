//! Network access lists as answers show them.

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use super::{Row, Shown};
use crate::filters::Filtered;
use crate::model;
use crate::place::Place;
use crate::records::{AclRule, NetworkAcl};
use crate::tags;

impl Row for NetworkAcl {
    type More = ();

    fn id(&self) -> &str {
        &self.id
    }

    fn more(&self, _: &Reader, _: Place<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// The number of the last rule, which denies what no other one decides.
const LAST: i32 = 32_767;

impl Shown<NetworkAcl> {
    /// All rules: outgoing before incoming, by number, each direction with its last one.
    fn rules(&self) -> Vec<AclRule> {
        let mut rules = self.row.rules.clone();
        let last = |egress| AclRule {
            egress,
            number: LAST,
            allow: false,
            protocol: -1,
            cidr: "0.0.0.0/0".to_owned(),
            ports: None,
            icmp: None,
        };
        rules.extend([true, false].map(last));
        rules.sort_by_key(|rule| (!rule.egress, rule.number));
        rules
    }

    pub fn to_wire(&self) -> model::NetworkAcl {
        let association = |own: &crate::records::SubnetAssociation| model::NetworkAclAssociation {
            network_acl_association_id: Some(own.id.clone()),
            network_acl_id: Some(self.row.id.clone()),
            subnet_id: Some(own.subnet.clone()),
        };
        model::NetworkAcl {
            network_acl_id: Some(self.row.id.clone()),
            vpc_id: Some(self.row.vpc.clone()),
            owner_id: Some(self.owner.to_string()),
            is_default: Some(self.row.default),
            associations: Some(self.row.associations.iter().map(association).collect()),
            entries: Some(self.rules().iter().map(entry).collect()),
            tags: tags::to_wire(&self.tags),
        }
    }
}

fn action(rule: &AclRule) -> &'static str {
    if rule.allow { "allow" } else { "deny" }
}

fn entry(rule: &AclRule) -> model::NetworkAclEntry {
    model::NetworkAclEntry {
        cidr_block: Some(rule.cidr.clone()),
        egress: Some(rule.egress),
        icmp_type_code: rule
            .icmp
            .map(|(own, code)| model::IcmpTypeCode { type_: Some(own), code: Some(code) }),
        port_range: rule.ports.map(|(from, to)| model::PortRange { from: Some(from), to: Some(to) }),
        protocol: Some(rule.protocol.to_string()),
        rule_action: Some(action(rule).to_owned()),
        rule_number: Some(rule.number),
        ..Default::default()
    }
}

impl Filtered for Shown<NetworkAcl> {
    const NAMES: &'static [&'static str] = &[
        "association.association-id",
        "association.network-acl-id",
        "association.subnet-id",
        "default",
        "entry.cidr",
        "entry.egress",
        "entry.icmp.code",
        "entry.icmp.type",
        "entry.ipv6-cidr",
        "entry.port-range.from",
        "entry.port-range.to",
        "entry.protocol",
        "entry.rule-action",
        "entry.rule-number",
        "network-acl-id",
        "owner-id",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let associations = self.row.associations.iter();
        let of_rules =
            |value: fn(&AclRule) -> Option<String>| self.rules().iter().filter_map(value).collect();
        match name {
            "association.association-id" => associations.map(|own| own.id.clone()).collect(),
            "association.network-acl-id" => associations.map(|_| self.row.id.clone()).collect(),
            "association.subnet-id" => associations.map(|own| own.subnet.clone()).collect(),
            "default" => vec![self.row.default.to_string()],
            "entry.cidr" => of_rules(|rule| Some(rule.cidr.clone())),
            "entry.egress" => of_rules(|rule| Some(rule.egress.to_string())),
            "entry.icmp.code" => of_rules(|rule| rule.icmp.map(|(_, code)| code.to_string())),
            "entry.icmp.type" => of_rules(|rule| rule.icmp.map(|(own, _)| own.to_string())),
            "entry.port-range.from" => of_rules(|rule| rule.ports.map(|(from, _)| from.to_string())),
            "entry.port-range.to" => of_rules(|rule| rule.ports.map(|(_, to)| to.to_string())),
            "entry.protocol" => of_rules(|rule| Some(rule.protocol.to_string())),
            "entry.rule-action" => of_rules(|rule| Some(action(rule).to_owned())),
            "entry.rule-number" => of_rules(|rule| Some(rule.number.to_string())),
            "network-acl-id" => vec![self.row.id.clone()],
            "owner-id" => vec![self.owner.to_string()],
            "vpc-id" => vec![self.row.vpc.clone()],
            // No rule is about IPv6.
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
