//! Adding rules to groups and taking them away: what the operations of both directions share.

use rolecall_base::Fault;
use rolecall_env::Env;

use super::{Flat, RULES, check_description, permissions, rules, rules_of};
use crate::faults;
use crate::model::{IpPermission, SecurityGroupRuleDescription};
use crate::network::Network;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::records::{Rule, RulePeer, SecurityGroup};

/// A group as it was and as it is to be.
#[derive(Clone, Debug)]
pub struct Change {
    pub group: SecurityGroup,
    pub before: Vec<Rule>,
    /// The rules that were added, or taken away.
    pub touched: Vec<Rule>,
    /// Permissions to revoke that were not there.
    pub unknown: Vec<IpPermission>,
}

impl Change {
    fn of(place: Place<'_>, group: &SecurityGroup) -> Change {
        let before = rules(place, group);
        let group = SecurityGroup { rules: Some(before.clone()), ..group.clone() };
        Change { group, before, touched: Vec::new(), unknown: Vec::new() }
    }

    fn rules(&mut self) -> &mut Vec<Rule> {
        self.group.rules.get_or_insert_default()
    }
}

/// Adds what a request gives.
///
/// # Errors
/// InvalidPermission.Duplicate, RulesPerSecurityGroupLimitExceeded, and those of [`rules_of`].
pub fn authorize(
    env: &Env,
    place: Place<'_>,
    (network, lists): (&Network, &PrefixLists),
    group: &SecurityGroup,
    egress: bool,
    given: (Flat<'_>, Option<&[IpPermission]>),
) -> Result<Change, Fault> {
    let mut change = Change::of(place, group);
    for mut rule in rules_of(place, network, lists, &group.vpc, egress, given)? {
        check_new(change.rules(), &rule)?;
        rule.id = env.resource_id("sgr");
        change.rules().push(rule.clone());
        change.touched.push(rule);
    }
    check_count(change.rules(), lists)?;
    Ok(change)
}

/// Checks that a rule is not there yet.
///
/// # Errors
/// InvalidPermission.Duplicate.
pub fn check_new(has: &[Rule], rule: &Rule) -> Result<(), Fault> {
    if !has.iter().any(|own| own.id != rule.id && own.allows_same(rule)) {
        return Ok(());
    }
    let peer = match &rule.peer {
        RulePeer::Ipv4(text) | RulePeer::Ipv6(text) | RulePeer::Group(text) | RulePeer::PrefixList(text) => {
            text
        }
    };
    let what = match rule.protocol.as_str() {
        "-1" => "ALL, ALLOW".to_owned(),
        protocol @ ("icmp" | "icmpv6") => {
            format!("{}, type: {}, code: {}, ALLOW", protocol.to_uppercase(), rule.from, rule.to)
        }
        protocol @ ("tcp" | "udp") => {
            format!("{}, from port: {}, to port: {}, ALLOW", protocol.to_uppercase(), rule.from, rule.to)
        }
        number => format!("{number}, ALLOW"),
    };
    let text = format!("the specified rule \"peer: {peer}, {what}\" already exists");
    Err(faults::other("InvalidPermission.Duplicate", text))
}

/// Checks how many rules there are: IPv4 and IPv6 are counted apart, a group counts for both, a prefix list as often as
/// it may have entries.
///
/// # Errors
/// RulesPerSecurityGroupLimitExceeded.
pub fn check_count(rules: &[Rule], lists: &PrefixLists) -> Result<(), Fault> {
    for egress in [false, true] {
        let (mut four, mut six) = (0, 0);
        for rule in rules.iter().filter(|rule| rule.egress == egress) {
            let (a, b) = match &rule.peer {
                RulePeer::Ipv4(_) => (1, 0),
                RulePeer::Ipv6(_) => (0, 1),
                RulePeer::Group(_) => (1, 1),
                RulePeer::PrefixList(id) => lists.get(id).map_or((1, 1), |list| list.weight()),
            };
            (four, six) = (four + a, six + b);
        }
        if four > RULES || six > RULES {
            let text = "The maximum number of rules per security group has been reached.";
            return Err(faults::other("RulesPerSecurityGroupLimitExceeded", text));
        }
    }
    Ok(())
}

/// Takes away what a request gives, by ids or by permissions. A permission that is not there is answered as unknown in
/// the default VPC, and is an error elsewhere.
///
/// # Errors
/// InvalidSecurityGroupRuleId.NotFound, InvalidPermission.NotFound, and those of [`rules_of`].
pub fn revoke(
    place: Place<'_>,
    (network, lists): (&Network, &PrefixLists),
    group: &SecurityGroup,
    egress: bool,
    ids: Option<&[String]>,
    given: (Flat<'_>, Option<&[IpPermission]>),
) -> Result<Change, Fault> {
    let mut change = Change::of(place, group);
    let ids = ids.unwrap_or_default();
    if !ids.is_empty() {
        if given.1.is_some_and(|list| !list.is_empty()) {
            let text = "Security group rule IDs and IP permissions may not be specified in the same request";
            return Err(faults::combination(text));
        }
        for id in ids {
            let found = change.before.iter().find(|rule| rule.id == *id && rule.egress == egress);
            let rule = found.cloned().ok_or_else(|| no_rule(id))?;
            change.rules().retain(|own| own.id != rule.id);
            change.touched.push(rule);
        }
        return Ok(change);
    }
    let mut unknown = Vec::new();
    for rule in rules_of(place, network, lists, &group.vpc, egress, given)? {
        match change.before.iter().find(|own| own.allows_same(&rule)).cloned() {
            Some(found) => {
                change.rules().retain(|own| own.id != found.id);
                change.touched.push(found);
            }
            None => unknown.push(rule),
        }
    }
    let lenient = network.default_vpc().is_some_and(|vpc| vpc.id == group.vpc);
    if !unknown.is_empty() && !lenient {
        return Err(no_permission());
    }
    change.unknown = permissions(place, &unknown);
    Ok(change)
}

pub fn no_rule(id: &str) -> Fault {
    let text = format!("The security group rule ID '{id}' does not exist");
    faults::other("InvalidSecurityGroupRuleId.NotFound", text)
}

fn no_permission() -> Fault {
    faults::other("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
}

/// Sets descriptions of rules, by ids or by permissions that hold the new ones.
///
/// # Errors
/// As of [`revoke`]; MissingParameter for neither.
pub fn describe_rules(
    place: Place<'_>,
    (network, lists): (&Network, &PrefixLists),
    group: &SecurityGroup,
    egress: bool,
    descriptions: Option<&[SecurityGroupRuleDescription]>,
    list: Option<&[IpPermission]>,
) -> Result<Change, Fault> {
    let mut change = Change::of(place, group);
    let (by_id, by_rule) = (descriptions.unwrap_or_default(), list.unwrap_or_default());
    match (by_id, by_rule) {
        ([], []) => return Err(faults::missing("ipPermissions or securityGroupRuleDescriptions")),
        ([_, ..], [_, ..]) => {
            let text = "IP permissions and security group rule descriptions may not be specified in the same request";
            return Err(faults::combination(text));
        }
        _ => {}
    }
    for one in by_id {
        check_description(one.description.as_deref())?;
        let id = one.security_group_rule_id.as_deref().unwrap_or_default();
        let found = change.rules().iter_mut().find(|rule| rule.id == id && rule.egress == egress);
        found.ok_or_else(|| no_rule(id))?.description = one.description.clone();
    }
    if !by_rule.is_empty() {
        for given in rules_of(place, network, lists, &group.vpc, egress, (Flat::default(), list))? {
            let found = change.rules().iter_mut().find(|rule| rule.allows_same(&given));
            found.ok_or_else(no_permission)?.description = given.description;
        }
    }
    Ok(change)
}
