//! DeleteRoute: takes a route from a table.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{DeleteRoute, DeleteRouteRequest, DeleteRouteResponse};
use crate::network::questions::on_route_table;
use crate::network::routes::{self, Destination};
use crate::network::{Network, must};
use crate::place::Place;
use crate::records::{RouteTables, Via};
use crate::wiring::touch;

impl Operation for DeleteRoute {
    type Access = Write;

    fn needs(input: &DeleteRouteRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_route_table(ec2::DeleteRoute, at, &input.route_table_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteRouteResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let to = destination(input).parsed()?;
        let mut table = must::<RouteTables>(tx, place, &input.route_table_id, faults::no_route_table)?;
        let at = routes::position(&table, &to)?;
        let route = table.routes.remove(at);
        if route.own {
            let text = format!("cannot remove local route {to} in route table {}", table.id);
            return Err(faults::invalid(text));
        }
        if let Via::Endpoint(_) = route.via {
            let text = format!("cannot remove VPC endpoint route {to} in route table {}", table.id);
            return Err(faults::invalid(text));
        }
        faults::dry_run(input.dry_run)?;
        tx.put::<RouteTables>(&place.key(&table.id), &table)?;
        touch(tx, place, &table.vpc)?;
        Ok(DeleteRouteResponse {})
    }
}

fn destination(input: &DeleteRouteRequest) -> Destination<'_> {
    Destination {
        block: input.destination_cidr_block.as_deref(),
        ipv6: input.destination_ipv6_cidr_block.as_deref(),
        prefix_list: input.destination_prefix_list_id.as_deref(),
    }
}
