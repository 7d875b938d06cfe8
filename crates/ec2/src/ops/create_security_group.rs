//! CreateSecurityGroup: a group that lets nothing in and everything out.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::groups::{self, is_plain};
use crate::model::{CreateSecurityGroup, CreateSecurityGroupRequest, CreateSecurityGroupResult};
use crate::network::Network;
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{SecurityGroup, Vpc};
use crate::tags;

impl Operation for CreateSecurityGroup {
    type Access = Write;

    fn needs(input: &CreateSecurityGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let network = Network::load(at.db()?, place)?;
        let id = vpc(&network, input).ok().map(|vpc| vpc.id.as_str()).or(input.vpc_id.as_deref());
        let made = place.resource::<kind::SecurityGroup>("*");
        let given = input.tag_specifications.as_deref();
        let needs = to_make(ec2::CreateSecurityGroup, &made, place, given, |question| question);
        let Some(id) = id.filter(|id| !id.is_empty()) else { return Ok(needs) };
        let resource = place.resource::<kind::Vpc>(id).tagged(tags::of(at.db()?, place, id)?);
        let question = Needs::action(ec2::CreateSecurityGroup).on(&resource);
        let question = question.key(key::Region, Some(at.region)).key(key::VpcID, Some(id));
        Ok(needs.and(question.key(key::Tenancy, Some("default")).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateSecurityGroupResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        let network = Network::load(req.db()?, place)?;
        check(input)?;
        let vpc = vpc(&network, input)?;
        let name = input.group_name.trim();
        let same = |own: &SecurityGroup| own.vpc == vpc.id && own.name.eq_ignore_ascii_case(name);
        if network.groups.iter().any(same) {
            let text = format!("The security group '{name}' already exists for VPC '{}'", vpc.id);
            return Err(faults::other("InvalidGroup.Duplicate", text));
        }
        if network.groups.len() >= groups::GROUPS {
            let text = "The maximum number of security groups has been reached.";
            return Err(faults::other("SecurityGroupLimitExceeded", text));
        }
        let new =
            tags::of_request(input.tag_specifications.as_deref(), &["security-group"], "security-group")?;
        faults::dry_run(input.dry_run)?;
        let group = SecurityGroup {
            id: env.resource_id("sg"),
            name: name.to_owned(),
            description: input.description.clone(),
            vpc: vpc.id.clone(),
            rules: Some(vec![groups::beginning(env.resource_id("sgr"))]),
        };
        groups::write(req.tx()?, place, &group, &[])?;
        tags::put(req.tx()?, place, &group.id, new.clone())?;
        Ok(CreateSecurityGroupResult {
            security_group_arn: Some(place.arn("security-group", &group.id)),
            group_id: Some(group.id),
            tags: tags::to_wire(&new),
        })
    }
}

/// The VPC that is named, or the default one.
fn vpc<'n>(network: &'n Network, input: &CreateSecurityGroupRequest) -> Result<&'n Vpc, Fault> {
    match input.vpc_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => network.vpc(id).ok_or_else(|| faults::no_vpc(id)),
        None => network.default_vpc().ok_or_else(|| {
            faults::other(
                "VPCIdNotSpecified",
                "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
            )
        }),
    }
}

fn check(input: &CreateSecurityGroupRequest) -> Result<(), Fault> {
    let (name, description) = (input.group_name.trim(), input.description.as_str());
    if name.is_empty() {
        return Err(faults::missing("GroupName"));
    }
    if description.is_empty() {
        return Err(faults::missing("GroupDescription"));
    }
    let characters = "Character sets beyond ASCII are not supported, and of ASCII only letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*; at most 255.";
    for (value, parameter) in [(name, "GroupName"), (description, "GroupDescription")] {
        if !is_plain(value) {
            return Err(faults::invalid_value(value, parameter, characters));
        }
    }
    if name.starts_with("sg-") {
        let why = "Group names may not be in the format sg-*.";
        return Err(faults::invalid_value(name, "GroupName", why));
    }
    if name.eq_ignore_ascii_case("default") {
        let text = "Cannot use reserved security group name: default";
        return Err(faults::invalid(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{group, tagged};

    #[test]
    fn a_new_group_lets_everything_out_and_nothing_in() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let input = CreateSecurityGroupRequest {
            tag_specifications: tagged("security-group", "team", "a"),
            ..group("web")
        };
        let made = world.call::<CreateSecurityGroup>(&root, input).unwrap();
        let id = made.group_id.unwrap();
        assert!(made.security_group_arn.unwrap().ends_with(&id));
        let look =
            DescribeSecurityGroupsRequest { group_names: Some(vec!["web".into()]), ..Default::default() };
        let seen =
            world.call::<DescribeSecurityGroups>(&root, look).unwrap().security_groups.unwrap().remove(0);
        assert_eq!(seen.ip_permissions, Some(Vec::new()));
        let out = seen.ip_permissions_egress.unwrap().remove(0);
        assert_eq!((out.ip_protocol.as_deref(), out.from_port), (Some("-1"), None));
        assert_eq!(out.ip_ranges.unwrap()[0].cidr_ip.as_deref(), Some("0.0.0.0/0"));
        assert_eq!(seen.tags.unwrap()[0].value.as_deref(), Some("a"));
        check_fault(world.call::<CreateSecurityGroup>(&root, group("WEB")), "InvalidGroup.Duplicate");
    }

    #[test]
    fn names_and_vpcs_are_checked() {
        let world = World::new(1);
        for (name, vpc, code) in [
            ("sg-web", None, "InvalidParameterValue"),
            ("default", None, "InvalidParameterValue"),
            ("w\u{e4}b", None, "InvalidParameterValue"),
            ("web", Some("vpc-0123456789abcdef0"), "InvalidVpcID.NotFound"),
        ] {
            let input = CreateSecurityGroupRequest { vpc_id: vpc.map(Into::into), ..group(name) };
            check_fault(world.call::<CreateSecurityGroup>(&world.root(ACCOUNT), input), code);
        }
    }

    #[test]
    fn who_may_make_groups_in_one_vpc_may_not_in_others() {
        let world = World::new(1);
        let policy = |vpc: &str| {
            format!(
                r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "ec2:CreateSecurityGroup",
                "Resource": ["arn:aws:ec2:*:*:security-group/*", "arn:aws:ec2:*:*:vpc/{vpc}"]}}}}"#
            )
        };
        let ann = world.user("ann", &policy("*"));
        let bob = world.user("bob", &policy("vpc-0123456789abcdef0"));
        world.call::<CreateSecurityGroup>(&ann, group("web")).unwrap();
        check_fault(world.call::<CreateSecurityGroup>(&bob, group("db")), "UnauthorizedOperation");
    }
}
