//! DeleteRouteTable: removes a route table that no subnet has.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteRouteTable, DeleteRouteTableRequest, DeleteRouteTableResponse};
use crate::network::questions::on_route_table;
use crate::network::{self, Network, must, refusals, token};
use crate::place::Place;
use crate::records::RouteTables;
use crate::wiring::touch;
use crate::{faults, tags};

impl Operation for DeleteRouteTable {
    type Access = Write;

    fn needs(input: &DeleteRouteTableRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_route_table(ec2::DeleteRouteTable, at, &input.route_table_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteRouteTableResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let table = must::<RouteTables>(tx, place, &input.route_table_id, faults::no_route_table)?;
        if table.main.is_some() || !table.associations.is_empty() {
            return Err(refusals::has_dependencies("routeTable", &table.id));
        }
        faults::dry_run(input.dry_run)?;
        tx.delete::<RouteTables>(&place.key(&table.id))?;
        network::take_out(tx, place, &table.vpc, &table.id)?;
        tags::put(tx, place, &table.id, Default::default())?;
        token::forget(tx, place, table.token.as_deref())?;
        touch(tx, place, &table.vpc)?;
        Ok(DeleteRouteTableResponse {})
    }
}
