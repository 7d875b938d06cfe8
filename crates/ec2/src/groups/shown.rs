//! Rules as answers show them: each by itself, or those of one protocol and port range together.

use crate::model::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ReferencedSecurityGroup, RevokedSecurityGroupRule,
    SecurityGroupRule, UserIdGroupPair,
};
use crate::place::Place;
use crate::records::{Rule, RulePeer, SecurityGroup};
use crate::tags;

/// The permissions that some rules come to.
pub fn permissions<'r>(place: Place<'_>, rules: impl IntoIterator<Item = &'r Rule>) -> Vec<IpPermission> {
    let mut list: Vec<IpPermission> = Vec::new();
    for rule in rules {
        let ports = matches!(rule.protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6");
        let (from, to) = (ports.then_some(rule.from), ports.then_some(rule.to));
        let same = |own: &&mut IpPermission| {
            own.ip_protocol.as_ref() == Some(&rule.protocol) && own.from_port == from && own.to_port == to
        };
        let own = match list.iter_mut().find(same) {
            Some(own) => own,
            None => {
                list.push(IpPermission {
                    ip_protocol: Some(rule.protocol.clone()),
                    from_port: from,
                    to_port: to,
                    user_id_group_pairs: Some(Vec::new()),
                    ip_ranges: Some(Vec::new()),
                    ipv6_ranges: Some(Vec::new()),
                    prefix_list_ids: Some(Vec::new()),
                });
                let Some(own) = list.last_mut() else { continue };
                own
            }
        };
        add(place, own, rule);
    }
    list
}

fn add(place: Place<'_>, own: &mut IpPermission, rule: &Rule) {
    let description = rule.description.clone();
    match &rule.peer {
        RulePeer::Ipv4(cidr) => {
            let range = IpRange { cidr_ip: Some(cidr.clone()), description };
            own.ip_ranges.get_or_insert_default().push(range);
        }
        RulePeer::Ipv6(cidr) => {
            let range = Ipv6Range { cidr_ipv6: Some(cidr.clone()), description };
            own.ipv6_ranges.get_or_insert_default().push(range);
        }
        RulePeer::PrefixList(id) => {
            let list = PrefixListId { prefix_list_id: Some(id.clone()), description };
            own.prefix_list_ids.get_or_insert_default().push(list);
        }
        RulePeer::Group(id) => own.user_id_group_pairs.get_or_insert_default().push(UserIdGroupPair {
            group_id: Some(id.clone()),
            user_id: Some(place.account.to_string()),
            description,
            ..Default::default()
        }),
    }
}

/// One rule with its tags.
pub fn rule_to_wire(
    place: Place<'_>,
    group: &SecurityGroup,
    rule: &Rule,
    has: &rolecall_base::Tags,
) -> SecurityGroupRule {
    let (cidr_ipv4, cidr_ipv6, prefix_list_id, referenced) = peer(rule);
    SecurityGroupRule {
        security_group_rule_id: Some(rule.id.clone()),
        group_id: Some(group.id.clone()),
        group_owner_id: Some(place.account.to_string()),
        is_egress: Some(rule.egress),
        ip_protocol: Some(rule.protocol.clone()),
        from_port: Some(rule.from),
        to_port: Some(rule.to),
        cidr_ipv4,
        cidr_ipv6,
        prefix_list_id,
        referenced_group_info: referenced.map(|id| ReferencedSecurityGroup {
            group_id: Some(id),
            user_id: Some(place.account.to_string()),
            vpc_id: Some(group.vpc.clone()),
            ..Default::default()
        }),
        description: rule.description.clone(),
        tags: tags::to_wire(has),
        security_group_rule_arn: Some(place.arn("security-group-rule", &rule.id)),
    }
}

/// One rule that was removed.
pub fn revoked_to_wire(group: &SecurityGroup, rule: &Rule) -> RevokedSecurityGroupRule {
    let (cidr_ipv4, cidr_ipv6, prefix_list_id, referenced_group_id) = peer(rule);
    RevokedSecurityGroupRule {
        security_group_rule_id: Some(rule.id.clone()),
        group_id: Some(group.id.clone()),
        is_egress: Some(rule.egress),
        ip_protocol: Some(rule.protocol.clone()),
        from_port: Some(rule.from),
        to_port: Some(rule.to),
        cidr_ipv4,
        cidr_ipv6,
        prefix_list_id,
        referenced_group_id,
        description: rule.description.clone(),
    }
}

type Peers = (Option<String>, Option<String>, Option<String>, Option<String>);

fn peer(rule: &Rule) -> Peers {
    match &rule.peer {
        RulePeer::Ipv4(cidr) => (Some(cidr.clone()), None, None, None),
        RulePeer::Ipv6(cidr) => (None, Some(cidr.clone()), None, None),
        RulePeer::PrefixList(id) => (None, None, Some(id.clone()), None),
        RulePeer::Group(id) => (None, None, None, Some(id.clone())),
    }
}
