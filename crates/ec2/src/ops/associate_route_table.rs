//! AssociateRouteTable: gives a subnet a route table of its own.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{AssociateRouteTable, AssociateRouteTableRequest, AssociateRouteTableResult};
use crate::network::questions::{on_route_table, on_subnet};
use crate::network::shown::associated;
use crate::network::{self, Network, must, refusals};
use crate::place::Place;
use crate::records::{RouteTable, RouteTables, Subnet, SubnetAssociation, Subnets};
use crate::wiring::touch;

impl Operation for AssociateRouteTable {
    type Access = Write;

    fn needs(input: &AssociateRouteTableRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let table = on_route_table(ec2::AssociateRouteTable, at, &input.route_table_id)?.done();
        match input.subnet_id.as_deref() {
            Some(subnet) => Ok(table.and(on_subnet(ec2::AssociateRouteTable, at, subnet)?.done())),
            None => Ok(table),
        }
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssociateRouteTableResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        if input.gateway_id.is_some() {
            return Err(faults::unsupported("The route table of a gateway"));
        }
        if input.public_ipv4_pool.is_some() {
            return Err(faults::unsupported("The parameter PublicIpv4Pool"));
        }
        let Some(subnet) = input.subnet_id.as_deref() else { return Err(faults::missing("subnetId")) };
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut table = must::<RouteTables>(tx, place, &input.route_table_id, faults::no_route_table)?;
        let mut subnet = must::<Subnets>(tx, place, subnet, faults::no_subnet)?;
        check_same(&table, &subnet)?;
        // The same again is answered as the first time.
        let there = table.associations.iter().find(|own| own.subnet == subnet.id);
        if let Some(there) = there {
            let id = there.id.clone();
            faults::dry_run(input.dry_run)?;
            return Ok(answer(id));
        }
        if subnet.route_table.is_some() {
            let text = format!(
                "the specified association for route table {} conflicts with an existing association",
                table.id
            );
            return Err(refusals::already_associated(text));
        }
        faults::dry_run(input.dry_run)?;
        let id = env.resource_id("rtbassoc");
        table.associations.push(SubnetAssociation { id: id.clone(), subnet: subnet.id.clone() });
        tx.put::<RouteTables>(&place.key(&table.id), &table)?;
        network::own_association(tx, place, &id, &table.id)?;
        subnet.route_table = Some(table.id.clone());
        tx.put::<Subnets>(&place.key(&subnet.id), &subnet)?;
        touch(tx, place, &table.vpc)?;
        Ok(answer(id))
    }
}

fn answer(id: String) -> AssociateRouteTableResult {
    AssociateRouteTableResult { association_id: Some(id), association_state: associated() }
}

fn check_same(table: &RouteTable, subnet: &Subnet) -> Result<(), Fault> {
    if table.vpc == subnet.vpc {
        return Ok(());
    }
    let text = format!("Route table {} and subnet {} belong to different networks", table.id, subnet.id);
    Err(faults::invalid(text))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    fn associate(world: &World, table: &str, subnet: &str) -> Result<String, rolecall_base::Fault> {
        let input = AssociateRouteTableRequest {
            route_table_id: table.into(),
            subnet_id: Some(subnet.into()),
            ..Default::default()
        };
        let made = world.call::<AssociateRouteTable>(&world.root(ACCOUNT), input)?;
        Ok(made.association_id.unwrap())
    }

    #[test]
    fn a_subnet_has_one_route_table_of_its_own() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let (one, two) = (new_table(&world, &vpc), new_table(&world, &vpc));
        let association = associate(&world, &one, &subnet).unwrap();
        assert_eq!(associate(&world, &one, &subnet).unwrap(), association);
        check_fault(associate(&world, &two, &subnet), "Resource.AlreadyAssociated");
        let other = new_vpc(&world, "10.1.0.0/16").vpc_id.unwrap();
        let elsewhere = new_subnet(&world, &other, "10.1.0.0/24");
        check_fault(associate(&world, &one, &elsewhere), "InvalidParameterValue");
        let delete = DeleteRouteTableRequest { route_table_id: one.clone(), ..Default::default() };
        let text = check_fault(world.call::<DeleteRouteTable>(&root, delete.clone()), "DependencyViolation");
        assert_eq!(text, format!("The routeTable '{one}' has dependencies and cannot be deleted."));
        let replace = ReplaceRouteTableAssociationRequest {
            association_id: association.clone(),
            route_table_id: two.clone(),
            ..Default::default()
        };
        let new = world.call::<ReplaceRouteTableAssociation>(&root, replace).unwrap();
        let new = new.new_association_id.unwrap();
        let seen = seen_table(&world, &two).associations.unwrap().remove(0);
        assert_eq!((seen.subnet_id, seen.main), (Some(subnet.clone()), Some(false)));
        world.call::<DeleteRouteTable>(&root, delete).unwrap();
        let drop = |id: &str| {
            let input = DisassociateRouteTableRequest { association_id: id.into(), ..Default::default() };
            world.call::<DisassociateRouteTable>(&root, input)
        };
        check_fault(drop(&association), "InvalidAssociationID.NotFound");
        drop(&new).unwrap();
        assert_eq!(seen_table(&world, &two).associations.unwrap().len(), 0);
    }

    #[test]
    fn the_main_table_is_replaced_and_never_taken_away() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let input = DescribeRouteTablesRequest { filters: filter("vpc-id", &vpc), ..Default::default() };
        let main = world.call::<DescribeRouteTables>(&root, input).unwrap().route_tables.unwrap().remove(0);
        let association = main.associations.unwrap()[0].route_table_association_id.clone().unwrap();
        let drop =
            DisassociateRouteTableRequest { association_id: association.clone(), ..Default::default() };
        check_fault(world.call::<DisassociateRouteTable>(&root, drop), "InvalidParameterValue");
        let table = new_table(&world, &vpc);
        let replace = ReplaceRouteTableAssociationRequest {
            association_id: association,
            route_table_id: table.clone(),
            ..Default::default()
        };
        world.call::<ReplaceRouteTableAssociation>(&root, replace).unwrap();
        assert_eq!(seen_table(&world, &table).associations.unwrap()[0].main, Some(true));
        let old =
            DeleteRouteTableRequest { route_table_id: main.route_table_id.unwrap(), ..Default::default() };
        world.call::<DeleteRouteTable>(&root, old).unwrap();
        let new = DeleteRouteTableRequest { route_table_id: table, ..Default::default() };
        check_fault(world.call::<DeleteRouteTable>(&root, new), "DependencyViolation");
        let input = DeleteVpcRequest { vpc_id: vpc, ..Default::default() };
        world.call::<DeleteVpc>(&root, input).unwrap();
    }

    #[test]
    fn a_call_that_is_repeated_makes_one_table() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let input = CreateRouteTableRequest {
            vpc_id: vpc.clone(),
            client_token: Some("one".into()),
            ..Default::default()
        };
        let make =
            |input| Ok::<_, rolecall_base::Fault>(world.call::<CreateRouteTable>(&root, input)?.route_table);
        let first = make(input.clone()).unwrap();
        assert_eq!(make(input.clone()).unwrap(), first);
        let other =
            CreateRouteTableRequest { tag_specifications: tagged("route-table", "a", "b"), ..input.clone() };
        check_fault(make(other), "IdempotentParameterMismatch");
        let gone = DeleteRouteTableRequest {
            route_table_id: first.unwrap().route_table_id.unwrap(),
            ..Default::default()
        };
        world.call::<DeleteRouteTable>(&root, gone).unwrap();
        make(input).unwrap();
    }
}
