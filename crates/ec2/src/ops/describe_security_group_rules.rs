//! DescribeSecurityGroupRules: rules by themselves, each with its id and tags.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::groups;
use crate::model::{
    DescribeSecurityGroupRules, DescribeSecurityGroupRulesRequest, DescribeSecurityGroupRulesResult,
    SecurityGroupRule,
};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::tags;

impl Operation for DescribeSecurityGroupRules {
    type Access = Read;

    fn needs(_: &DescribeSecurityGroupRulesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeSecurityGroupRules, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeSecurityGroupRulesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.security_group_rule_ids.as_deref().unwrap_or_default();
        let network = Network::load(req.db()?, place)?;
        let mut found = Vec::new();
        for group in &network.groups {
            for rule in groups::rules(place, group) {
                if ids.is_empty() || ids.contains(&rule.id) {
                    let tags = tags::of(req.db()?, place, &rule.id)?;
                    let wire = groups::rule_to_wire(place, group, &rule, &tags);
                    found.push(Shown { id: rule.id, group: group.id.clone(), tags, wire });
                }
            }
        }
        if let Some(missing) = ids.iter().find(|id| !found.iter().any(|own| own.id == **id)) {
            return Err(groups::no_rule(missing));
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.id.clone())?;
        let rules = page.items.into_iter().map(|shown| shown.wire).collect();
        Ok(DescribeSecurityGroupRulesResult { security_group_rules: Some(rules), next_token: page.next })
    }
}

struct Shown {
    id: String,
    group: String,
    tags: Tags,
    wire: SecurityGroupRule,
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &["group-id", "security-group-rule-id"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![if name == "group-id" { self.group.clone() } else { self.id.clone() }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
