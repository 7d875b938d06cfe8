//! CreateRoute: adds a route to a table.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{CreateRoute, CreateRouteRequest, CreateRouteResult};
use crate::network::questions::on_route_table;
use crate::network::routes::{self, Destination, Target};
use crate::network::{Network, must, refusals};
use crate::place::Place;
use crate::records::{Route, RouteTables};
use crate::wiring::touch;

impl Operation for CreateRoute {
    type Access = Write;

    fn needs(input: &CreateRouteRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_route_table(ec2::CreateRoute, at, &input.route_table_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateRouteResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let to = destination(input).parsed()?;
        let mut table = must::<RouteTables>(tx, place, &input.route_table_id, faults::no_route_table)?;
        let via = target(input).found(tx, place, &table)?;
        routes::check(tx, place, &table, &to, &via)?;
        if let Some(there) = table.routes.iter().find(|route| route.to == to) {
            // The same again is as good as made.
            if there.via != via {
                let text = format!("The route identified by {to} already exists.");
                return Err(faults::other("RouteAlreadyExists", text));
            }
            faults::dry_run(input.dry_run)?;
            return Ok(CreateRouteResult { return_: Some(true) });
        }
        let there = table.routes.iter().filter(|route| !route.own).count();
        refusals::within(there, refusals::ROUTES, "RouteLimitExceeded", "routes")?;
        faults::dry_run(input.dry_run)?;
        table.routes.push(Route { to, via, own: false });
        tx.put::<RouteTables>(&place.key(&table.id), &table)?;
        touch(tx, place, &table.vpc)?;
        Ok(CreateRouteResult { return_: Some(true) })
    }
}

fn destination(input: &CreateRouteRequest) -> Destination<'_> {
    Destination {
        block: input.destination_cidr_block.as_deref(),
        ipv6: input.destination_ipv6_cidr_block.as_deref(),
        prefix_list: input.destination_prefix_list_id.as_deref(),
    }
}

fn target(input: &CreateRouteRequest) -> Target<'_> {
    let foreign = [
        ("VpcEndpointId", input.vpc_endpoint_id.is_some()),
        ("TransitGatewayId", input.transit_gateway_id.is_some()),
        ("LocalGatewayId", input.local_gateway_id.is_some()),
        ("CarrierGatewayId", input.carrier_gateway_id.is_some()),
        ("CoreNetworkArn", input.core_network_arn.is_some()),
        ("OdbNetworkArn", input.odb_network_arn.is_some()),
        ("EgressOnlyInternetGatewayId", input.egress_only_internet_gateway_id.is_some()),
    ];
    Target {
        gateway: input.gateway_id.as_deref(),
        nat: input.nat_gateway_id.as_deref(),
        interface: input.network_interface_id.as_deref(),
        instance: input.instance_id.as_deref(),
        peering: input.vpc_peering_connection_id.as_deref(),
        local: false,
        foreign: foreign.iter().find(|(_, given)| *given).map(|(name, _)| *name),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    fn route(table: &str, to: &str) -> CreateRouteRequest {
        CreateRouteRequest {
            route_table_id: table.into(),
            destination_cidr_block: Some(to.into()),
            ..Default::default()
        }
    }

    /// A VPC, its own table and its attached gateway.
    fn network(world: &World) -> (String, String, String) {
        let vpc = new_vpc(world, "10.0.0.0/16").vpc_id.unwrap();
        let (table, gateway) = (new_table(world, &vpc), new_gateway(world, Some(&vpc)));
        (vpc, table, gateway)
    }

    fn states(world: &World, table: &str) -> Vec<(String, String)> {
        let routes = seen_table(world, table).routes.unwrap().into_iter();
        routes.map(|own| (own.destination_cidr_block.unwrap(), own.state.unwrap())).collect()
    }

    #[test]
    fn a_route_leads_nowhere_while_its_gateway_is_detached() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let (vpc, table, gateway) = network(&world);
        let out = CreateRouteRequest { gateway_id: Some(gateway.clone()), ..route(&table, "0.0.0.0/0") };
        world.call::<CreateRoute>(&root, out.clone()).unwrap();
        world.call::<CreateRoute>(&root, out).unwrap();
        let state = |word: &str| {
            vec![("10.0.0.0/16".to_owned(), "active".to_owned()), ("0.0.0.0/0".to_owned(), word.to_owned())]
        };
        assert_eq!(states(&world, &table), state("active"));
        let detach = DetachInternetGatewayRequest {
            internet_gateway_id: gateway.clone(),
            vpc_id: vpc.clone(),
            ..Default::default()
        };
        world.call::<DetachInternetGateway>(&root, detach).unwrap();
        assert_eq!(states(&world, &table), state("blackhole"));
        let attach =
            AttachInternetGatewayRequest { internet_gateway_id: gateway, vpc_id: vpc, ..Default::default() };
        world.call::<AttachInternetGateway>(&root, attach).unwrap();
        assert_eq!(states(&world, &table), state("active"));
    }

    #[test]
    fn a_route_through_an_instance_shows_both_and_ends_with_it() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let (vpc, table, gateway) = network(&world);
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let id = launch(&world, RunInstancesRequest { subnet_id: Some(subnet), ..request() });
        let through = CreateRouteRequest { instance_id: Some(id.clone()), ..route(&table, "192.168.0.0/16") };
        world.call::<CreateRoute>(&root, through).unwrap();
        let shown = seen_table(&world, &table).routes.unwrap().remove(1);
        assert_eq!(shown.instance_id.as_ref(), Some(&id));
        assert!(shown.network_interface_id.unwrap().starts_with("eni-"));
        let again =
            CreateRouteRequest { gateway_id: Some(gateway.clone()), ..route(&table, "192.168.0.0/16") };
        let text = check_fault(world.call::<CreateRoute>(&root, again), "RouteAlreadyExists");
        assert_eq!(text, "The route identified by 192.168.0.0/16 already exists.");
        let input = TerminateInstancesRequest { instance_ids: vec![id], ..Default::default() };
        world.call::<TerminateInstances>(&root, input).unwrap();
        assert_eq!(states(&world, &table)[1].1, "blackhole");
        let replace = ReplaceRouteRequest {
            route_table_id: table.clone(),
            destination_cidr_block: Some("192.168.0.0/16".into()),
            gateway_id: Some(gateway),
            ..Default::default()
        };
        world.call::<ReplaceRoute>(&root, replace.clone()).unwrap();
        assert_eq!(states(&world, &table)[1].1, "active");
        let unknown = ReplaceRouteRequest { destination_cidr_block: Some("1.1.1.0/24".into()), ..replace };
        check_fault(world.call::<ReplaceRoute>(&root, unknown), "InvalidParameterValue");
    }

    #[test]
    fn routes_are_removed_but_those_within_the_vpc() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let (_, table, gateway) = network(&world);
        let out = CreateRouteRequest { gateway_id: Some(gateway), ..route(&table, "0.0.0.0/0") };
        world.call::<CreateRoute>(&root, out).unwrap();
        let drop = |to: &str| {
            let input = DeleteRouteRequest {
                route_table_id: table.clone(),
                destination_cidr_block: Some(to.into()),
                ..Default::default()
            };
            world.call::<DeleteRoute>(&root, input)
        };
        drop("0.0.0.0/0").unwrap();
        check_fault(drop("0.0.0.0/0"), "InvalidRoute.NotFound");
        check_fault(drop("10.0.0.0/16"), "InvalidParameterValue");
    }

    #[test]
    fn what_is_no_route_is_refused() {
        let world = World::new(1);
        let (_, table, gateway) = network(&world);
        let other = new_gateway(&world, None);
        let refused = |change: &dyn Fn(&mut CreateRouteRequest), code: &str| {
            let mut input =
                CreateRouteRequest { gateway_id: Some(gateway.clone()), ..route(&table, "0.0.0.0/0") };
            change(&mut input);
            check_fault(world.call::<CreateRoute>(&world.root(ACCOUNT), input), code)
        };
        refused(&|own| own.gateway_id = None, "MissingParameter");
        refused(&|own| own.nat_gateway_id = Some("nat-1".into()), "InvalidParameterCombination");
        refused(&|own| own.destination_cidr_block = None, "MissingParameter");
        refused(&|own| own.destination_ipv6_cidr_block = Some("::/0".into()), "InvalidParameterCombination");
        refused(&|own| own.gateway_id = Some(other.clone()), "InvalidParameterValue");
        refused(&|own| own.gateway_id = Some("igw-0".into()), "InvalidGatewayID.NotFound");
        refused(&|own| own.transit_gateway_id = Some("tgw-1".into()), "UnsupportedOperation");
        refused(&|own| own.route_table_id = "rtb-0".into(), "InvalidRouteTableID.NotFound");
        refused(&|own| own.destination_cidr_block = Some("10.0.1.0/24".into()), "InvalidParameterValue");
        refused(&|own| own.dry_run = Some(true), "DryRunOperation");
        let nat = |own: &mut CreateRouteRequest| {
            own.gateway_id = None;
            own.nat_gateway_id = Some("nat-0".into());
        };
        refused(&nat, "InvalidNatGatewayID.NotFound");
    }

    #[test]
    fn a_table_has_fifty_routes_at_most() {
        let world = World::new(1);
        let (_, table, gateway) = network(&world);
        let add = |n: u8| {
            let to = format!("192.168.{n}.0/24");
            let input = CreateRouteRequest { gateway_id: Some(gateway.clone()), ..route(&table, &to) };
            world.call::<CreateRoute>(&world.root(ACCOUNT), input)
        };
        for n in 0..50 {
            add(n).unwrap();
        }
        check_fault(add(50), "RouteLimitExceeded");
    }
}
