//! ModifySecurityGroupRules: other protocols, ports, peers or descriptions, with the rules' ids kept.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::groups::{self, on_group};
use crate::model::{
    ModifySecurityGroupRules, ModifySecurityGroupRulesRequest, ModifySecurityGroupRulesResult,
};
use crate::network::Network;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::records::SecurityGroup;
use crate::tags;

impl Operation for ModifySecurityGroupRules {
    type Access = Write;

    fn needs(input: &ModifySecurityGroupRulesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (place, action) = (Place::of(at), || Needs::action(ec2::ModifySecurityGroupRules));
        let question = on_group(ec2::ModifySecurityGroupRules, at, Some(&input.group_id), None)?;
        let mut needs = question.done();
        for update in &input.security_group_rules {
            let id = update.security_group_rule_id.as_str();
            let has = tags::of(at.db()?, place, id)?;
            let rule = action().on(&place.resource::<kind::SecurityGroupRule>(id).tagged(has));
            needs = needs.and(rule.key(key::Region, Some(at.region)).done());
            let list = update.security_group_rule.as_ref().and_then(|rule| rule.prefix_list_id.as_deref());
            if let Some(id) = list {
                let has = tags::of(at.db()?, place, id)?;
                let list = action().on(&place.resource::<kind::PrefixList>(id).tagged(has));
                needs = needs.and(list.key(key::Region, Some(at.region)).done());
            }
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifySecurityGroupRulesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let network = Network::load(req.db()?, place)?;
        let lists = PrefixLists::load(req.db()?, place, &network)?;
        let group = groups::named(&network, Some(&input.group_id), None)?;
        if input.security_group_rules.is_empty() {
            return Err(faults::missing("SecurityGroupRule"));
        }
        let before = groups::rules(place, group);
        let mut rules = before.clone();
        for update in &input.security_group_rules {
            let id = update.security_group_rule_id.as_str();
            let own = rules.iter_mut().find(|rule| rule.id == id).ok_or_else(|| groups::no_rule(id))?;
            let given =
                update.security_group_rule.as_ref().ok_or_else(|| faults::missing("SecurityGroupRule"))?;
            *own = groups::of_update(place, &network, &lists, &group.vpc, (own, given))?;
        }
        for rule in &rules {
            groups::check_new(&rules, rule)?;
        }
        groups::check_count(&rules, &lists)?;
        faults::dry_run(input.dry_run)?;
        let group = SecurityGroup { rules: Some(rules), ..group.clone() };
        groups::write(req.tx()?, place, &group, &before)?;
        Ok(ModifySecurityGroupRulesResult { return_: Some(true) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{authorize, new_group, permission};

    #[test]
    fn a_changed_rule_keeps_its_id() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_group(&world, "web");
        let input = authorize(&id, vec![permission("tcp", 80, 80, &["10.0.0.0/8", "192.168.0.0/16"])]);
        let answer = world.call::<AuthorizeSecurityGroupIngress>(&root, input).unwrap();
        let rules: Vec<_> = answer.security_group_rules.unwrap();
        let rule = rules[0].security_group_rule_id.clone().unwrap();
        let change = |cidr: &str| ModifySecurityGroupRulesRequest {
            group_id: id.clone(),
            security_group_rules: vec![SecurityGroupRuleUpdate {
                security_group_rule_id: rule.clone(),
                security_group_rule: Some(SecurityGroupRuleRequest {
                    ip_protocol: Some("tcp".into()),
                    from_port: Some(80),
                    to_port: Some(80),
                    cidr_ipv4: Some(cidr.into()),
                    description: Some("new".into()),
                    ..Default::default()
                }),
            }],
            ..Default::default()
        };
        let call = |cidr| world.call::<ModifySecurityGroupRules>(&root, change(cidr));
        call("172.16.0.0/12").unwrap();
        check_fault(call("192.168.0.0/16"), "InvalidPermission.Duplicate");
        let look = DescribeSecurityGroupRulesRequest {
            security_group_rule_ids: Some(vec![rule.clone()]),
            ..Default::default()
        };
        let seen = world.call::<DescribeSecurityGroupRules>(&root, look).unwrap();
        let seen = seen.security_group_rules.unwrap().remove(0);
        assert_eq!(seen.cidr_ipv4.as_deref(), Some("172.16.0.0/12"));
        let update = UpdateSecurityGroupRuleDescriptionsIngressRequest {
            group_id: Some(id.clone()),
            security_group_rule_descriptions: Some(vec![SecurityGroupRuleDescription {
                security_group_rule_id: Some(rule.clone()),
                description: Some("newer".into()),
            }]),
            ..Default::default()
        };
        world.call::<UpdateSecurityGroupRuleDescriptionsIngress>(&root, update.clone()).unwrap();
        let wrong = UpdateSecurityGroupRuleDescriptionsEgressRequest {
            group_id: update.group_id,
            security_group_rule_descriptions: update.security_group_rule_descriptions,
            ..Default::default()
        };
        let wrong = world.call::<UpdateSecurityGroupRuleDescriptionsEgress>(&root, wrong);
        check_fault(wrong, "InvalidSecurityGroupRuleId.NotFound");
    }
}
