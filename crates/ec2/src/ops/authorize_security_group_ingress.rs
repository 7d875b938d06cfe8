//! AuthorizeSecurityGroupIngress: rules for what may come in.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::groups::{self, Flat, on_group};
use crate::model::{
    AuthorizeSecurityGroupIngress, AuthorizeSecurityGroupIngressRequest, AuthorizeSecurityGroupIngressResult,
};
use crate::network::Network;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::questions::to_make_too;
use crate::tags;

impl Operation for AuthorizeSecurityGroupIngress {
    type Access = Write;

    fn needs(input: &AuthorizeSecurityGroupIngressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let question = on_group(
            ec2::AuthorizeSecurityGroupIngress,
            at,
            input.group_id.as_deref(),
            input.group_name.as_deref(),
        )?;
        let rule = place.resource::<kind::SecurityGroupRule>("*");
        let given = input.tag_specifications.as_deref();
        Ok(question.done().and(to_make_too(ec2::AuthorizeSecurityGroupIngress, &rule, place, given)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AuthorizeSecurityGroupIngressResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        let kind = "security-group-rule";
        let new = tags::of_request(input.tag_specifications.as_deref(), &[kind], kind)?;
        let network = Network::load(req.db()?, place)?;
        let lists = PrefixLists::load(req.db()?, place, &network)?;
        let group = groups::named(&network, input.group_id.as_deref(), input.group_name.as_deref())?;
        let flat = Flat {
            protocol: input.ip_protocol.as_deref(),
            from: input.from_port,
            to: input.to_port,
            cidr: input.cidr_ip.as_deref(),
            group_name: input.source_security_group_name.as_deref(),
            group_owner: input.source_security_group_owner_id.as_deref(),
        };
        let given = (flat, input.ip_permissions.as_deref());
        let change = groups::authorize(env, place, (&network, &lists), group, false, given)?;
        faults::dry_run(input.dry_run)?;
        groups::write(req.tx()?, place, &change.group, &change.before)?;
        for rule in &change.touched {
            tags::put(req.tx()?, place, &rule.id, new.clone())?;
        }
        let rules = change.touched.iter().map(|rule| groups::rule_to_wire(place, group, rule, &new));
        Ok(AuthorizeSecurityGroupIngressResult {
            return_: Some(true),
            security_group_rules: Some(rules.collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{authorize, new_group, permission, tagged};

    #[test]
    fn rules_have_ids_tags_and_one_form_of_their_blocks() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_group(&world, "web");
        let input = AuthorizeSecurityGroupIngressRequest {
            tag_specifications: tagged("security-group-rule", "use", "ssh"),
            ..authorize(&id, vec![permission("6", 22, 22, &["10.1.2.3/8", "192.168.0.0/16"])])
        };
        let answer = world.call::<AuthorizeSecurityGroupIngress>(&root, input).unwrap();
        let rules = answer.security_group_rules.unwrap();
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0].cidr_ipv4.as_deref(), Some("10.0.0.0/8"));
        assert_eq!(rules[0].ip_protocol.as_deref(), Some("tcp"));
        let look = DescribeSecurityGroupRulesRequest {
            security_group_rule_ids: Some(vec![rules[1].security_group_rule_id.clone().unwrap()]),
            ..Default::default()
        };
        let seen =
            world.call::<DescribeSecurityGroupRules>(&root, look).unwrap().security_group_rules.unwrap();
        assert_eq!(seen, rules[1..]);
        assert_eq!(seen[0].tags.as_ref().unwrap()[0].value.as_deref(), Some("ssh"));
        let again = authorize(&id, vec![permission("tcp", 22, 22, &["10.0.0.0/8"])]);
        let text = check_fault(
            world.call::<AuthorizeSecurityGroupIngress>(&root, again),
            "InvalidPermission.Duplicate",
        );
        assert_eq!(
            text,
            "the specified rule \"peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW\" already exists"
        );
    }

    #[test]
    fn a_group_may_be_a_peer_by_its_name_in_the_default_vpc() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let (web, db) = (new_group(&world, "web"), new_group(&world, "db"));
        let pair = UserIdGroupPair { group_name: Some("web".into()), ..Default::default() };
        let one =
            IpPermission { user_id_group_pairs: Some(vec![pair]), ..permission("tcp", 5432, 5432, &[]) };
        let answer = world.call::<AuthorizeSecurityGroupIngress>(&root, authorize(&db, vec![one])).unwrap();
        let rule = answer.security_group_rules.unwrap().remove(0);
        assert_eq!(rule.referenced_group_info.unwrap().group_id.as_deref(), Some(web.as_str()));
        let gone = |id: &str| DeleteSecurityGroupRequest { group_id: Some(id.into()), ..Default::default() };
        check_fault(world.call::<DeleteSecurityGroup>(&root, gone(&web)), "DependencyViolation");
        world.call::<DeleteSecurityGroup>(&root, gone(&db)).unwrap();
        world.call::<DeleteSecurityGroup>(&root, gone(&web)).unwrap();
        check_fault(world.call::<DeleteSecurityGroup>(&root, gone(&web)), "InvalidGroup.NotFound");
    }

    #[test]
    fn a_source_group_alone_stands_for_all_ports() {
        let world = World::new(1);
        new_group(&world, "web");
        let input = AuthorizeSecurityGroupIngressRequest {
            group_name: Some("web".into()),
            source_security_group_name: Some("default".into()),
            ..Default::default()
        };
        let answer = world.call::<AuthorizeSecurityGroupIngress>(&world.root(ACCOUNT), input).unwrap();
        let rules = answer.security_group_rules.unwrap();
        let protocols: Vec<_> = rules.iter().map(|rule| rule.ip_protocol.as_deref().unwrap()).collect();
        assert_eq!(protocols, ["tcp", "udp", "icmp"]);
    }

    #[test]
    fn sixty_rules_are_the_most_for_each_kind_of_address() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_group(&world, "web");
        let blocks: Vec<_> = (0..60).map(|n| format!("10.0.{n}.0/24")).collect();
        let blocks: Vec<_> = blocks.iter().map(String::as_str).collect();
        let call = |one| world.call::<AuthorizeSecurityGroupIngress>(&root, authorize(&id, vec![one]));
        call(permission("tcp", 80, 80, &blocks)).unwrap();
        check_fault(call(permission("tcp", 81, 81, &["10.9.0.0/16"])), "RulesPerSecurityGroupLimitExceeded");
        let six = Ipv6Range { cidr_ipv6: Some("2001:db8::/32".into()), ..Default::default() };
        call(IpPermission { ipv6_ranges: Some(vec![six]), ..permission("tcp", 80, 80, &[]) }).unwrap();
    }

    #[test]
    fn bad_rules_are_named() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_group(&world, "web");
        for (one, code) in [
            (permission("tcp", 80, 79, &["10.0.0.0/8"]), "InvalidParameterValue"),
            (permission("sctp?", 80, 80, &["10.0.0.0/8"]), "InvalidParameterValue"),
            (permission("tcp", 80, 80, &["10.0.0.0"]), "InvalidParameterValue"),
            (permission("tcp", 80, 80, &["10.0.0.0/8", "10.1.0.0/8"]), "InvalidParameterValue"),
            (permission("tcp", 80, 80, &[]), "MissingParameter"),
        ] {
            let outcome = world.call::<AuthorizeSecurityGroupIngress>(&root, authorize(&id, vec![one]));
            check_fault(outcome, code);
        }
        let outcome = world.call::<AuthorizeSecurityGroupIngress>(&root, authorize(&id, Vec::new()));
        check_fault(outcome, "MissingParameter");
        let outcome = world.call::<AuthorizeSecurityGroupIngress>(&root, authorize("sg-0", Vec::new()));
        check_fault(outcome, "InvalidGroup.NotFound");
    }

    #[test]
    fn a_policy_may_allow_rules_of_tagged_groups_only() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_group(&world, "web");
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:AuthorizeSecurityGroupIngress",
                "Resource": "*", "Condition": {"StringEquals": {"ec2:ResourceTag/team": "a"}}}}"#,
        );
        let input = || authorize(&id, vec![permission("tcp", 80, 80, &["10.0.0.0/8"])]);
        check_fault(world.call::<AuthorizeSecurityGroupIngress>(&ann, input()), "UnauthorizedOperation");
        let tag = Tag { key: Some("team".into()), value: Some("a".into()) };
        let set = CreateTagsRequest { resources: vec![id.clone()], tags: vec![tag], ..Default::default() };
        world.call::<CreateTags>(&root, set).unwrap();
        world.call::<AuthorizeSecurityGroupIngress>(&ann, input()).unwrap();
        let mut tags = authorize(&id, vec![permission("tcp", 81, 81, &["10.0.0.0/8"])]);
        tags.tag_specifications = tagged("security-group-rule", "use", "web");
        check_fault(world.call::<AuthorizeSecurityGroupIngress>(&ann, tags), "UnauthorizedOperation");
    }
}
