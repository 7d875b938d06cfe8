//! RevokeSecurityGroupEgress: fewer rules for what may go out.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::groups::{self, Flat, on_group};
use crate::model::{
    RevokeSecurityGroupEgress, RevokeSecurityGroupEgressRequest, RevokeSecurityGroupEgressResult,
};
use crate::network::Network;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;

impl Operation for RevokeSecurityGroupEgress {
    type Access = Write;

    fn needs(input: &RevokeSecurityGroupEgressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_group(ec2::RevokeSecurityGroupEgress, at, Some(input.group_id.as_str()), None)?;
        Ok(question.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RevokeSecurityGroupEgressResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let network = Network::load(req.db()?, place)?;
        let lists = PrefixLists::load(req.db()?, place, &network)?;
        let group = groups::named(&network, Some(input.group_id.as_str()), None)?;
        let flat = Flat {
            protocol: input.ip_protocol.as_deref(),
            from: input.from_port,
            to: input.to_port,
            cidr: input.cidr_ip.as_deref(),
            group_name: input.source_security_group_name.as_deref(),
            group_owner: input.source_security_group_owner_id.as_deref(),
        };
        let (ids, given) = (input.security_group_rule_ids.as_deref(), input.ip_permissions.as_deref());
        let change = groups::revoke(place, (&network, &lists), group, true, ids, (flat, given))?;
        faults::dry_run(input.dry_run)?;
        if !change.touched.is_empty() {
            groups::write(req.tx()?, place, &change.group, &change.before)?;
        }
        let revoked = change.touched.iter().map(|rule| groups::revoked_to_wire(group, rule));
        Ok(RevokeSecurityGroupEgressResult {
            return_: Some(true),
            revoked_security_group_rules: Some(revoked.collect()),
            unknown_ip_permissions: Some(change.unknown),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{new_group, permission};

    fn revoke(id: &str, list: Vec<IpPermission>) -> RevokeSecurityGroupEgressRequest {
        RevokeSecurityGroupEgressRequest {
            group_id: id.into(),
            ip_permissions: Some(list),
            ..Default::default()
        }
    }

    #[test]
    fn a_rule_that_is_not_there_is_told_in_the_default_vpc() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_group(&world, "web");
        let all = || permission("-1", -1, -1, &["0.0.0.0/0"]);
        let call = |input| world.call::<RevokeSecurityGroupEgress>(&root, input);
        let answer = call(revoke(&id, vec![all()])).unwrap();
        assert_eq!(answer.revoked_security_group_rules.unwrap()[0].cidr_ipv4.as_deref(), Some("0.0.0.0/0"));
        assert_eq!(answer.unknown_ip_permissions, Some(Vec::new()));
        let answer = call(revoke(&id, vec![all()])).unwrap();
        assert_eq!(answer.revoked_security_group_rules, Some(Vec::new()));
        assert_eq!(answer.unknown_ip_permissions.unwrap().len(), 1);
    }

    #[test]
    fn rules_of_a_default_group_can_be_taken_by_their_ids_once() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let rules = || {
            let answer = world.call::<DescribeSecurityGroupRules>(&root, Default::default()).unwrap();
            answer.security_group_rules.unwrap()
        };
        let before = rules();
        let out = before.iter().find(|rule| rule.is_egress == Some(true)).unwrap();
        let input = RevokeSecurityGroupEgressRequest {
            group_id: out.group_id.clone().unwrap(),
            security_group_rule_ids: Some(vec![out.security_group_rule_id.clone().unwrap()]),
            ..Default::default()
        };
        world.call::<RevokeSecurityGroupEgress>(&root, input.clone()).unwrap();
        assert_eq!(rules().len(), before.len() - 1);
        let again = world.call::<RevokeSecurityGroupEgress>(&root, input);
        check_fault(again, "InvalidSecurityGroupRuleId.NotFound");
    }
}
