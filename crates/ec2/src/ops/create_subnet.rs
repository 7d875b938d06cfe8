//! CreateSubnet: a subnet in a zone, of a part of its VPC's block.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{CreateSubnet, CreateSubnetRequest, CreateSubnetResult};
use crate::network::questions::on_vpc;
use crate::network::shown::Shown;
use crate::network::{Network, block, must, refusals, subnets};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::Vpcs;
use crate::wiring::touch;
use crate::{faults, tags};

impl Operation for CreateSubnet {
    type Access = Write;

    fn needs(input: &CreateSubnetRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let made = Place::of(at).resource::<kind::Subnet>("*");
        let tags = input.tag_specifications.as_deref();
        let needs = to_make(ec2::CreateSubnet, &made, Place::of(at), tags, |question| question);
        Ok(needs.and(on_vpc(ec2::CreateSubnet, at, &input.vpc_id)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateSubnetResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        refuse(input)?;
        let Some(cidr) = input.cidr_block.as_deref() else {
            let text = "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided.";
            return Err(faults::other("MissingParameter", text));
        };
        let cidr = block::of_request(cidr, "cidrBlock")?;
        let has = tags::of_request(input.tag_specifications.as_deref(), &["subnet"], "subnet")?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
        let others = subnets::of_vpc(tx, place, &vpc.id)?;
        let zone = subnets::zone(
            place,
            input.availability_zone.as_deref(),
            input.availability_zone_id.as_deref(),
            others.len(),
        )?;
        subnets::check(&vpc, &others, cidr)?;
        refusals::within(others.len(), refusals::SUBNETS, "SubnetLimitExceeded", "subnets")?;
        faults::dry_run(input.dry_run)?;
        let subnet = subnets::add(tx, env, place, &vpc, cidr, zone, false)?;
        tags::put(tx, place, &subnet.id, has)?;
        touch(tx, place, &vpc.id)?;
        let shown = Shown::load(tx, place, subnet)?;
        Ok(CreateSubnetResult { subnet: Some(shown.to_wire()) })
    }
}

/// What there is no room for here.
fn refuse(input: &CreateSubnetRequest) -> Result<(), Fault> {
    let ipv6 = input.ipv6_native == Some(true)
        || input.ipv6_cidr_block.is_some()
        || input.ipv6_ipam_pool_id.is_some()
        || input.ipv6_netmask_length.is_some();
    if ipv6 {
        return Err(faults::unsupported("An IPv6 CIDR block"));
    }
    if input.ipv4_ipam_pool_id.is_some() || input.ipv4_netmask_length.is_some() {
        return Err(faults::unsupported("A CIDR block of an IPAM pool"));
    }
    if input.outpost_arn.is_some() {
        return Err(faults::unsupported("A subnet of an Outpost"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    #[test]
    fn subnets_stand_in_their_vpc_beside_each_other() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let input = CreateSubnetRequest {
            availability_zone_id: Some("use1-az2".into()),
            tag_specifications: tagged("subnet", "Name", "web"),
            ..subnet_request(&vpc, "10.0.1.7/24")
        };
        let subnet = world.call::<CreateSubnet>(&root, input).unwrap().subnet.unwrap();
        assert_eq!(
            (subnet.cidr_block.as_deref(), subnet.availability_zone.as_deref()),
            (Some("10.0.1.0/24"), Some("us-east-1b"))
        );
        assert_eq!((subnet.available_ip_address_count, subnet.default_for_az), (Some(251), Some(false)));
        for (cidr, code) in [
            ("10.0.1.128/25", "InvalidSubnet.Conflict"),
            ("10.0.0.0/16", "InvalidSubnet.Conflict"),
            ("10.1.0.0/24", "InvalidSubnet.Range"),
            ("10.0.2.0/29", "InvalidSubnet.Range"),
            ("10.0.0.0/8", "InvalidSubnet.Range"),
            ("here", "InvalidParameterValue"),
        ] {
            check_fault(world.call::<CreateSubnet>(&root, subnet_request(&vpc, cidr)), code);
        }
        let elsewhere = CreateSubnetRequest {
            availability_zone: Some("eu-west-1a".into()),
            ..subnet_request(&vpc, "10.0.2.0/24")
        };
        let text = check_fault(world.call::<CreateSubnet>(&root, elsewhere), "InvalidParameterValue");
        assert!(text.contains("us-east-1a, us-east-1b, us-east-1c"), "{text}");
        check_fault(
            world.call::<CreateSubnet>(&root, subnet_request("vpc-0", "10.0.2.0/24")),
            "InvalidVpcID.NotFound",
        );
        let input = DescribeSubnetsRequest { filters: filter("tag:Name", "web"), ..Default::default() };
        assert_eq!(world.call::<DescribeSubnets>(&root, input).unwrap().subnets.unwrap().len(), 1);
    }

    #[test]
    fn a_subnet_with_an_interface_stays() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let id = launch(&world, RunInstancesRequest { subnet_id: Some(subnet.clone()), ..request() });
        let delete = || {
            let input = DeleteSubnetRequest { subnet_id: subnet.clone(), ..Default::default() };
            world.call::<DeleteSubnet>(&root, input)
        };
        let text = check_fault(delete(), "DependencyViolation");
        assert_eq!(text, format!("The subnet '{subnet}' has dependencies and cannot be deleted."));
        let input = TerminateInstancesRequest { instance_ids: vec![id], ..Default::default() };
        world.call::<TerminateInstances>(&root, input).unwrap();
        delete().unwrap();
        check_fault(delete(), "InvalidSubnetID.NotFound");
    }

    #[test]
    fn instances_get_public_addresses_where_the_subnet_says_so() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        new_gateway(&world, Some(&vpc));
        let flag = Some(AttributeBooleanValue { value: Some(true) });
        let set = ModifySubnetAttributeRequest { subnet_id: subnet.clone(), ..Default::default() };
        check_fault(world.call::<ModifySubnetAttribute>(&root, set.clone()), "MissingParameter");
        let dns64 = ModifySubnetAttributeRequest { enable_dns64: flag.clone(), ..set.clone() };
        check_fault(world.call::<ModifySubnetAttribute>(&root, dns64), "UnsupportedOperation");
        let input = RunInstancesRequest { subnet_id: Some(subnet), ..request() };
        assert_eq!(seen(&world, &launch(&world, input.clone())).public_ip_address, None);
        let public = ModifySubnetAttributeRequest { map_public_ip_on_launch: flag, ..set };
        world.call::<ModifySubnetAttribute>(&root, public).unwrap();
        assert!(seen(&world, &launch(&world, input)).public_ip_address.is_some());
    }

    #[test]
    fn the_vpc_is_asked_about_beside_the_subnet() {
        let world = World::new(1);
        let (one, two) = (new_vpc(&world, "10.0.0.0/16"), new_vpc(&world, "10.1.0.0/16"));
        let (one, two) = (one.vpc_id.unwrap(), two.vpc_id.unwrap());
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "ec2:CreateSubnet",
                "Resource": ["arn:aws:ec2:us-east-1:*:subnet/*", "arn:aws:ec2:us-east-1:*:vpc/{one}"]}}}}"#
        );
        let ann = world.user("ann", &policy);
        world.call::<CreateSubnet>(&ann, subnet_request(&one, "10.0.0.0/24")).unwrap();
        check_fault(
            world.call::<CreateSubnet>(&ann, subnet_request(&two, "10.1.0.0/24")),
            "UnauthorizedOperation",
        );
    }
}
