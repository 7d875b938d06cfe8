//! DisassociateRouteTable: takes a subnet's own route table from it; the VPC's main one holds again.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{DisassociateRouteTable, DisassociateRouteTableRequest, DisassociateRouteTableResponse};
use crate::network::questions::{on_route_table, on_subnet};
use crate::network::{self, Network, get, refusals};
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{AssociationOwners, RouteTables, Subnets};
use crate::wiring::touch;

impl Operation for DisassociateRouteTable {
    type Access = Write;

    fn needs(input: &DisassociateRouteTableRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let db = at.db()?;
        let Some(table) = network::owner_of(db, Place::of(at), &input.association_id)? else {
            return anywhere(ec2::DisassociateRouteTable, at);
        };
        let asked = on_route_table(ec2::DisassociateRouteTable, at, &table)?.done();
        let table = get::<RouteTables>(db, Place::of(at), &table)?.unwrap_or_default();
        match table.associations.iter().find(|own| own.id == input.association_id) {
            Some(own) => Ok(asked.and(on_subnet(ec2::DisassociateRouteTable, at, &own.subnet)?.done())),
            None => Ok(asked),
        }
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisassociateRouteTableResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let id = &input.association_id;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let missing = || refusals::no_association(id);
        let owner = network::owner_of(tx, place, id)?.ok_or_else(missing)?;
        let mut table = get::<RouteTables>(tx, place, &owner)?.ok_or_else(missing)?;
        if table.main.as_ref() == Some(id) {
            let text = format!("cannot disassociate the main route table association {id}");
            return Err(faults::invalid(text));
        }
        let at = table.associations.iter().position(|own| own.id == *id).ok_or_else(missing)?;
        faults::dry_run(input.dry_run)?;
        let own = table.associations.remove(at);
        tx.put::<RouteTables>(&place.key(&table.id), &table)?;
        tx.delete::<AssociationOwners>(&place.key(id))?;
        if let Some(mut subnet) = get::<Subnets>(tx, place, &own.subnet)? {
            subnet.route_table = None;
            tx.put::<Subnets>(&place.key(&subnet.id), &subnet)?;
        }
        touch(tx, place, &table.vpc)?;
        Ok(DisassociateRouteTableResponse {})
    }
}
