//! ReplaceRouteTableAssociation: gives a subnet another route table, or a VPC another main one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    ReplaceRouteTableAssociation, ReplaceRouteTableAssociationRequest, ReplaceRouteTableAssociationResult,
};
use crate::network::questions::{on_route_table, on_subnet};
use crate::network::shown::associated;
use crate::network::{self, Network, get, must, refusals};
use crate::place::Place;
use crate::records::{AssociationOwners, RouteTables, SubnetAssociation, Subnets, Vpcs};
use crate::wiring::touch;

impl Operation for ReplaceRouteTableAssociation {
    type Access = Write;

    fn needs(input: &ReplaceRouteTableAssociationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let db = at.db()?;
        let mut asked =
            vec![on_route_table(ec2::ReplaceRouteTableAssociation, at, &input.route_table_id)?.done()];
        if let Some(old) = network::owner_of(db, Place::of(at), &input.association_id)? {
            asked.push(on_route_table(ec2::ReplaceRouteTableAssociation, at, &old)?.done());
            let old = get::<RouteTables>(db, Place::of(at), &old)?.unwrap_or_default();
            if let Some(own) = old.associations.iter().find(|own| own.id == input.association_id) {
                asked.push(on_subnet(ec2::ReplaceRouteTableAssociation, at, &own.subnet)?.done());
            }
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ReplaceRouteTableAssociationResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        let id = &input.association_id;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let missing = || refusals::no_association(id);
        let owner = network::owner_of(tx, place, id)?.ok_or_else(missing)?;
        let mut old = get::<RouteTables>(tx, place, &owner)?.ok_or_else(missing)?;
        let new = must::<RouteTables>(tx, place, &input.route_table_id, faults::no_route_table)?;
        if new.vpc != old.vpc {
            let text =
                format!("Route table {} and route table {} belong to different networks", new.id, old.id);
            return Err(faults::invalid(text));
        }
        faults::dry_run(input.dry_run)?;
        let made = env.resource_id("rtbassoc");
        let subnet = if old.main.as_ref() == Some(id) {
            old.main = None;
            None
        } else {
            let at = old.associations.iter().position(|own| own.id == *id).ok_or_else(missing)?;
            Some(old.associations.remove(at).subnet)
        };
        tx.put::<RouteTables>(&place.key(&old.id), &old)?;
        // Read again: it may be the same table.
        let mut new = must::<RouteTables>(tx, place, &new.id, faults::no_route_table)?;
        match subnet {
            Some(subnet) => {
                let mut row = must::<Subnets>(tx, place, &subnet, faults::no_subnet)?;
                row.route_table = Some(new.id.clone());
                tx.put::<Subnets>(&place.key(&subnet), &row)?;
                new.associations.push(SubnetAssociation { id: made.clone(), subnet });
            }
            None => {
                let mut vpc = must::<Vpcs>(tx, place, &new.vpc, faults::no_vpc)?;
                vpc.route_table = new.id.clone();
                vpc.route_table_association = made.clone();
                tx.put::<Vpcs>(&place.key(&vpc.id), &vpc)?;
                new.main = Some(made.clone());
            }
        }
        tx.put::<RouteTables>(&place.key(&new.id), &new)?;
        tx.delete::<AssociationOwners>(&place.key(id))?;
        network::own_association(tx, place, &made, &new.id)?;
        touch(tx, place, &new.vpc)?;
        Ok(ReplaceRouteTableAssociationResult {
            new_association_id: Some(made),
            association_state: associated(),
        })
    }
}
