//! ReplaceRoute: leads a route of a table elsewhere.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{ReplaceRoute, ReplaceRouteRequest, ReplaceRouteResponse};
use crate::network::questions::on_route_table;
use crate::network::routes::{self, Destination, Target};
use crate::network::{Network, must};
use crate::place::Place;
use crate::records::RouteTables;
use crate::wiring::touch;

impl Operation for ReplaceRoute {
    type Access = Write;

    fn needs(input: &ReplaceRouteRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_route_table(ec2::ReplaceRoute, at, &input.route_table_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ReplaceRouteResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let to = destination(input).parsed()?;
        let mut table = must::<RouteTables>(tx, place, &input.route_table_id, faults::no_route_table)?;
        let via = target(input).found(tx, place, &table)?;
        routes::check(tx, place, &table, &to, &via)?;
        let Some(route) = table.routes.iter_mut().find(|route| route.to == to) else {
            let text =
                format!("There is no route defined for '{to}' in the route table. Use CreateRoute instead.");
            return Err(faults::invalid(text));
        };
        faults::dry_run(input.dry_run)?;
        route.via = via;
        tx.put::<RouteTables>(&place.key(&table.id), &table)?;
        touch(tx, place, &table.vpc)?;
        Ok(ReplaceRouteResponse {})
    }
}

fn destination(input: &ReplaceRouteRequest) -> Destination<'_> {
    Destination {
        block: input.destination_cidr_block.as_deref(),
        ipv6: input.destination_ipv6_cidr_block.as_deref(),
        prefix_list: input.destination_prefix_list_id.as_deref(),
    }
}

fn target(input: &ReplaceRouteRequest) -> Target<'_> {
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
        local: input.local_target == Some(true),
        foreign: foreign.iter().find(|(_, given)| *given).map(|(name, _)| *name),
    }
}
