//! DeleteVpc: removes a VPC with its main route table, default access list and default security group.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::Reader;

use crate::model::{DeleteVpc, DeleteVpcRequest, DeleteVpcResponse};
use crate::network::questions::on_vpc;
use crate::network::{self, Network, must, refusals};
use crate::place::Place;
use crate::records::{AssociationOwners, NetworkAcls, RouteTables, SecurityGroups, Vpc, Vpcs};
use crate::wiring::touch;
use crate::{faults, groups, tags};

impl Operation for DeleteVpc {
    type Access = Write;

    fn needs(input: &DeleteVpcRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_vpc(ec2::DeleteVpc, at, &input.vpc_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteVpcResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
        check(tx, place, &vpc)?;
        faults::dry_run(input.dry_run)?;
        let associations = [&vpc.cidr_association, &vpc.route_table_association];
        for association in associations.into_iter().chain(vpc.blocks.iter().map(|own| &own.association)) {
            tx.delete::<AssociationOwners>(&place.key(association))?;
        }
        tx.delete::<RouteTables>(&place.key(&vpc.route_table))?;
        tx.delete::<NetworkAcls>(&place.key(&vpc.network_acl))?;
        if let Some(group) = tx.get::<SecurityGroups>(&place.key(&vpc.group))? {
            groups::remove(tx, place, &group)?;
        }
        tx.delete::<Vpcs>(&place.key(&vpc.id))?;
        for id in [&vpc.route_table, &vpc.network_acl, &vpc.group, &vpc.id] {
            network::take_out(tx, place, &vpc.id, id)?;
            tags::put(tx, place, id, Default::default())?;
        }
        touch(tx, place, &vpc.id)?;
        Ok(DeleteVpcResponse {})
    }
}

/// Checks that nothing but what came with the VPC is in it.
fn check(db: &Reader, place: Place<'_>, vpc: &Vpc) -> Result<(), Fault> {
    let own = [&vpc.route_table, &vpc.network_acl, &vpc.group];
    let others = network::in_vpc(db, place, &vpc.id, "")?.iter().any(|id| !own.contains(&id));
    let groups = network::rows::<SecurityGroups>(db, place)?;
    let groups = groups.iter().any(|group| group.vpc == vpc.id && group.id != vpc.group);
    if others || groups || vpc.internet_gateway.is_some() {
        return Err(refusals::has_dependencies("vpc", &vpc.id));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    fn delete(world: &World, id: &str) -> Result<DeleteVpcResponse, rolecall_base::Fault> {
        let input = DeleteVpcRequest { vpc_id: id.into(), ..Default::default() };
        world.call::<DeleteVpc>(&world.root(ACCOUNT), input)
    }

    #[test]
    fn a_vpc_goes_with_what_came_with_it_and_not_before_the_rest() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let gateway = new_gateway(&world, Some(&vpc));
        let text = check_fault(delete(&world, &vpc), "DependencyViolation");
        assert_eq!(text, format!("The vpc '{vpc}' has dependencies and cannot be deleted."));
        world
            .call::<DeleteSubnet>(&root, DeleteSubnetRequest { subnet_id: subnet, ..Default::default() })
            .unwrap();
        check_fault(delete(&world, &vpc), "DependencyViolation");
        let input = DetachInternetGatewayRequest {
            internet_gateway_id: gateway,
            vpc_id: vpc.clone(),
            ..Default::default()
        };
        world.call::<DetachInternetGateway>(&root, input).unwrap();
        let table = new_table(&world, &vpc);
        check_fault(delete(&world, &vpc), "DependencyViolation");
        let input = DeleteRouteTableRequest { route_table_id: table, ..Default::default() };
        world.call::<DeleteRouteTable>(&root, input).unwrap();
        delete(&world, &vpc).unwrap();
        check_fault(delete(&world, &vpc), "InvalidVpcID.NotFound");
        let input = DescribeRouteTablesRequest { filters: filter("vpc-id", &vpc), ..Default::default() };
        let tables = world.call::<DescribeRouteTables>(&root, input).unwrap();
        assert_eq!(tables.route_tables.unwrap().len(), 0);
        let input = DescribeSecurityGroupsRequest { filters: filter("vpc-id", &vpc), ..Default::default() };
        let groups = world.call::<DescribeSecurityGroups>(&root, input).unwrap();
        assert_eq!(groups.security_groups.unwrap().len(), 0);
    }

    #[test]
    fn the_default_vpc_is_removed_and_made_anew() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        check_fault(world.call::<CreateDefaultVpc>(&root, Default::default()), "DefaultVpcAlreadyExists");
        let subnets = || world.call::<DescribeSubnets>(&root, Default::default()).unwrap().subnets.unwrap();
        let vpc = subnets()[0].vpc_id.clone().unwrap();
        for subnet in subnets() {
            let input = DeleteSubnetRequest { subnet_id: subnet.subnet_id.unwrap(), ..Default::default() };
            world.call::<DeleteSubnet>(&root, input).unwrap();
        }
        let zone =
            CreateDefaultSubnetRequest { availability_zone: Some("us-east-1b".into()), ..Default::default() };
        let made = world.call::<CreateDefaultSubnet>(&root, zone.clone()).unwrap().subnet.unwrap();
        assert_eq!(
            (made.cidr_block.as_deref(), made.default_for_az, made.map_public_ip_on_launch),
            (Some("172.31.0.0/20"), Some(true), Some(true))
        );
        check_fault(
            world.call::<CreateDefaultSubnet>(&root, zone.clone()),
            "DefaultSubnetAlreadyExistsInAvailabilityZone",
        );
        let input = DeleteSubnetRequest { subnet_id: made.subnet_id.unwrap(), ..Default::default() };
        world.call::<DeleteSubnet>(&root, input).unwrap();
        let gateways = world.call::<DescribeInternetGateways>(&root, Default::default()).unwrap();
        let gateway = gateways.internet_gateways.unwrap().remove(0).internet_gateway_id.unwrap();
        let input = DetachInternetGatewayRequest {
            internet_gateway_id: gateway,
            vpc_id: vpc.clone(),
            ..Default::default()
        };
        world.call::<DetachInternetGateway>(&root, input).unwrap();
        delete(&world, &vpc).unwrap();
        check_fault(world.call::<CreateDefaultSubnet>(&root, zone), "DefaultVpcDoesNotExist");
        let new = world.call::<CreateDefaultVpc>(&root, Default::default()).unwrap().vpc.unwrap();
        assert_ne!(new.vpc_id, Some(vpc));
        assert_eq!((new.is_default, subnets().len()), (Some(true), 3));
        launch(&world, request());
    }

    #[test]
    fn a_policy_may_depend_on_the_vpc_and_its_tags() {
        let world = World::new(1);
        let (one, two) = (new_vpc(&world, "10.0.0.0/16"), new_vpc(&world, "10.1.0.0/16"));
        let (one, two) = (one.vpc_id.unwrap(), two.vpc_id.unwrap());
        let set = CreateTagsRequest {
            resources: vec![one.clone()],
            tags: vec![Tag { key: Some("team".into()), value: Some("a".into()) }],
            ..Default::default()
        };
        world.call::<CreateTags>(&world.root(ACCOUNT), set).unwrap();
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:DeleteVpc", "Resource": "*",
                "Condition": {"StringEquals": {"ec2:ResourceTag/team": "a", "ec2:Region": "us-east-1"}}}}"#,
        );
        let delete = |id: &str| {
            world.call::<DeleteVpc>(&ann, DeleteVpcRequest { vpc_id: id.into(), ..Default::default() })
        };
        check_fault(delete(&two), "UnauthorizedOperation");
        check_fault(delete("vpc-00000000000000000"), "UnauthorizedOperation");
        delete(&one).unwrap();
    }
}
