//! CreateVpc: a VPC with a main route table, a default access list and a default security group.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{CreateVpc, CreateVpcRequest, CreateVpcResult};
use crate::network::shown::Shown;
use crate::network::{Derived, Network, block, refusals};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::Vpcs;
use crate::wiring::touch;
use crate::{faults, tags};

impl Operation for CreateVpc {
    type Access = Write;

    fn needs(input: &CreateVpcRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let made = Place::of(at).resource::<kind::Vpc>("*");
        Ok(to_make(ec2::CreateVpc, &made, Place::of(at), input.tag_specifications.as_deref(), |question| {
            question
        }))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateVpcResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        refuse(input)?;
        let Some(cidr) = input.cidr_block.as_deref() else {
            let text = "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.";
            return Err(faults::other("MissingParameter", text));
        };
        let cidr = block::of_request(cidr, "cidrBlock")?;
        block::check_vpc(cidr)?;
        let has = tags::of_request(input.tag_specifications.as_deref(), &["vpc"], "vpc")?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let there = tx.count::<Vpcs>(&(place.account, place.region))?;
        refusals::within(there, refusals::VPCS, "VpcLimitExceeded", "VPCs")?;
        faults::dry_run(input.dry_run)?;
        let mut made = Derived::plain(place, env, cidr.to_string());
        made.vpc.dedicated = input.instance_tenancy.as_deref() == Some("dedicated");
        made.store(tx, place)?;
        tags::put(tx, place, &made.vpc.id, has)?;
        touch(tx, place, &made.vpc.id)?;
        let shown = Shown::load(tx, place, made.vpc)?;
        Ok(CreateVpcResult { vpc: Some(shown.in_state("pending")) })
    }
}

/// What there is no room for here.
fn refuse(input: &CreateVpcRequest) -> Result<(), Fault> {
    let ipv6 = input.amazon_provided_ipv6_cidr_block == Some(true)
        || input.ipv6_pool.is_some()
        || input.ipv6_cidr_block.is_some()
        || input.ipv6_ipam_pool_id.is_some()
        || input.ipv6_netmask_length.is_some()
        || input.ipv6_cidr_block_network_border_group.is_some();
    if ipv6 {
        return Err(faults::unsupported("An IPv6 CIDR block"));
    }
    if input.ipv4_ipam_pool_id.is_some() || input.ipv4_netmask_length.is_some() {
        return Err(faults::unsupported("A CIDR block of an IPAM pool"));
    }
    if input.vpc_encryption_control.is_some() {
        return Err(faults::unsupported("The parameter VpcEncryptionControl"));
    }
    if input.instance_tenancy.as_deref() == Some("host") {
        let why = "The tenancy of a VPC is default or dedicated.";
        return Err(faults::invalid_value("host", "instanceTenancy", why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    fn create(cidr: &str) -> CreateVpcRequest {
        CreateVpcRequest { cidr_block: Some(cidr.into()), ..Default::default() }
    }

    #[test]
    fn a_vpc_begins_with_a_main_table_a_default_list_and_a_default_group() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let input =
            CreateVpcRequest { tag_specifications: tagged("vpc", "team", "a"), ..create("10.0.3.9/16") };
        let vpc = world.call::<CreateVpc>(&root, input).unwrap().vpc.unwrap();
        assert_eq!(vpc.cidr_block.as_deref(), Some("10.0.0.0/16"));
        assert_eq!((vpc.state.as_deref(), vpc.is_default), (Some("pending"), Some(false)));
        assert_eq!(vpc.tags.unwrap()[0].value.as_deref(), Some("a"));
        let id = vpc.vpc_id.unwrap();
        let input = DescribeVpcsRequest { filters: filter("tag:team", "a"), ..Default::default() };
        let seen = world.call::<DescribeVpcs>(&root, input).unwrap().vpcs.unwrap().remove(0);
        assert_eq!((seen.vpc_id.as_ref(), seen.state.as_deref()), (Some(&id), Some("available")));
        let input = DescribeRouteTablesRequest { filters: filter("vpc-id", &id), ..Default::default() };
        let tables = world.call::<DescribeRouteTables>(&root, input).unwrap().route_tables.unwrap();
        assert_eq!(tables[0].associations.as_ref().unwrap()[0].main, Some(true));
        let routes = tables[0].routes.as_ref().unwrap();
        assert_eq!(
            (routes.len(), routes[0].gateway_id.as_deref(), routes[0].origin.as_deref()),
            (1, Some("local"), Some("CreateRouteTable"))
        );
        let input = DescribeNetworkAclsRequest { filters: filter("vpc-id", &id), ..Default::default() };
        let lists = world.call::<DescribeNetworkAcls>(&root, input).unwrap().network_acls.unwrap();
        let numbers: Vec<_> =
            lists[0].entries.as_ref().unwrap().iter().map(|own| own.rule_number.unwrap()).collect();
        assert_eq!(
            (lists.len(), lists[0].is_default, numbers),
            (1, Some(true), vec![100, 32767, 100, 32767])
        );
        let input = DescribeSecurityGroupsRequest { filters: filter("vpc-id", &id), ..Default::default() };
        let groups = world.call::<DescribeSecurityGroups>(&root, input).unwrap().security_groups.unwrap();
        assert_eq!((groups.len(), groups[0].group_name.as_deref()), (1, Some("default")));
    }

    #[test]
    fn a_region_has_five_vpcs_at_most() {
        let world = World::new(1);
        for n in 1..5 {
            new_vpc(&world, &format!("10.{n}.0.0/16"));
        }
        let root = world.root(ACCOUNT);
        check_fault(world.call::<CreateVpc>(&root, create("10.9.0.0/16")), "VpcLimitExceeded");
    }

    #[test]
    fn what_a_vpc_cant_have_is_refused_by_name() {
        let world = World::new(1);
        let refused = |change: fn(&mut CreateVpcRequest), code: &str| {
            let mut input = create("10.0.0.0/16");
            change(&mut input);
            check_fault(world.call::<CreateVpc>(&world.root(ACCOUNT), input), code)
        };
        let text = refused(|own| own.amazon_provided_ipv6_cidr_block = Some(true), "UnsupportedOperation");
        assert!(text.contains("IPv6"), "{text}");
        refused(|own| own.ipv4_ipam_pool_id = Some("ipam-pool-1".into()), "UnsupportedOperation");
        refused(|own| own.instance_tenancy = Some("host".into()), "InvalidParameterValue");
        refused(|own| own.cidr_block = None, "MissingParameter");
        refused(|own| own.cidr_block = Some("10.0.0.0/8".into()), "InvalidVpc.Range");
        refused(|own| own.cidr_block = Some("10.0.0.0".into()), "InvalidParameterValue");
        refused(|own| own.tag_specifications = tagged("subnet", "a", "b"), "InvalidParameterValue");
        refused(|own| own.dry_run = Some(true), "DryRunOperation");
        let vpcs =
            world.call::<DescribeVpcs>(&world.root(ACCOUNT), Default::default()).unwrap().vpcs.unwrap();
        assert_eq!(vpcs.len(), 1);
    }

    #[test]
    fn tags_at_creation_are_asked_about_with_the_action_that_makes() {
        let world = World::new(1);
        let may = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "ec2:CreateVpc", "Resource": "*"},
                {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:vpc/*",
                 "Condition": {"StringEquals": {"ec2:CreateAction": "CreateVpc", "aws:RequestTag/team": "a"}}}]}"#,
        );
        let with = |value: &str| CreateVpcRequest {
            tag_specifications: tagged("vpc", "team", value),
            ..create("10.0.0.0/16")
        };
        world.call::<CreateVpc>(&may, with("a")).unwrap();
        check_fault(world.call::<CreateVpc>(&may, with("b")), "UnauthorizedOperation");
    }

    #[test]
    fn attributes_are_set_one_at_a_time() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let flag = |value| Some(AttributeBooleanValue { value: Some(value) });
        let set = |support, hostnames| ModifyVpcAttributeRequest {
            vpc_id: id.clone(),
            enable_dns_support: support,
            enable_dns_hostnames: hostnames,
            ..Default::default()
        };
        world.call::<ModifyVpcAttribute>(&root, set(None, flag(true))).unwrap();
        check_fault(
            world.call::<ModifyVpcAttribute>(&root, set(flag(true), flag(true))),
            "InvalidParameterCombination",
        );
        check_fault(world.call::<ModifyVpcAttribute>(&root, set(None, None)), "MissingParameter");
        world.call::<ModifyVpcAttribute>(&root, set(flag(false), None)).unwrap();
        check_fault(world.call::<ModifyVpcAttribute>(&root, set(None, flag(true))), "InvalidParameterValue");
        let look = |attribute: &str| {
            let input = DescribeVpcAttributeRequest {
                vpc_id: id.clone(),
                attribute: attribute.into(),
                ..Default::default()
            };
            world.call::<DescribeVpcAttribute>(&root, input).unwrap()
        };
        assert_eq!(look("enableDnsHostnames").enable_dns_hostnames.unwrap().value, Some(true));
        assert_eq!(look("enableDnsSupport").enable_dns_support.unwrap().value, Some(false));
    }

    #[test]
    fn a_vpc_has_further_blocks_beside_its_first_one() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let add = |cidr: &str| {
            let input = AssociateVpcCidrBlockRequest {
                vpc_id: id.clone(),
                cidr_block: Some(cidr.into()),
                ..Default::default()
            };
            world.call::<AssociateVpcCidrBlock>(&root, input)
        };
        let made = add("10.1.0.0/16").unwrap().cidr_block_association.unwrap();
        check_fault(add("10.1.128.0/17"), "InvalidVpc.Conflict");
        check_fault(add("192.168.0.0/16"), "InvalidVpc.Range");
        let subnet = new_subnet(&world, &id, "10.1.0.0/24");
        let input = DescribeRouteTablesRequest { filters: filter("vpc-id", &id), ..Default::default() };
        let main = world.call::<DescribeRouteTables>(&root, input).unwrap().route_tables.unwrap().remove(0);
        assert_eq!(main.routes.unwrap().len(), 2);
        let drop = |id: &str| {
            let input = DisassociateVpcCidrBlockRequest { association_id: id.into() };
            world.call::<DisassociateVpcCidrBlock>(&root, input)
        };
        let association = made.association_id.unwrap();
        check_fault(drop(&association), "InvalidCidrBlock.InUse");
        let input = DeleteSubnetRequest { subnet_id: subnet, ..Default::default() };
        world.call::<DeleteSubnet>(&root, input).unwrap();
        drop(&association).unwrap();
        check_fault(drop(&association), "InvalidVpcCidrBlockAssociationID.NotFound");
        let table = seen_table(&world, main.route_table_id.as_ref().unwrap());
        assert_eq!(table.routes.unwrap().len(), 1);
        for n in 2..6 {
            add(&format!("10.{n}.0.0/16")).unwrap();
        }
        check_fault(add("10.9.0.0/16"), "CidrLimitExceeded");
    }

    #[test]
    fn dedicated_tenancy_can_be_given_up() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let input = CreateVpcRequest { instance_tenancy: Some("dedicated".into()), ..create("10.0.0.0/16") };
        let vpc = world.call::<CreateVpc>(&root, input).unwrap().vpc.unwrap();
        assert_eq!(vpc.instance_tenancy.as_deref(), Some("dedicated"));
        let id = vpc.vpc_id.unwrap();
        let input = ModifyVpcTenancyRequest {
            vpc_id: id.clone(),
            instance_tenancy: "default".into(),
            ..Default::default()
        };
        assert_eq!(world.call::<ModifyVpcTenancy>(&root, input).unwrap().return_value, Some(true));
        let input = DescribeVpcsRequest { vpc_ids: Some(vec![id]), ..Default::default() };
        let seen = world.call::<DescribeVpcs>(&root, input).unwrap().vpcs.unwrap().remove(0);
        assert_eq!(seen.instance_tenancy.as_deref(), Some("default"));
    }
}
