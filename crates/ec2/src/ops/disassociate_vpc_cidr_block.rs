//! DisassociateVpcCidrBlock: takes a further block from a VPC.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    DisassociateVpcCidrBlock, DisassociateVpcCidrBlockRequest, DisassociateVpcCidrBlockResult,
};
use crate::network::questions::on_vpc;
use crate::network::shown::association;
use crate::network::{self, Network, block, get, must, refusals, subnets};
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{AssociationOwners, RouteTables, Vpcs};
use crate::wiring::touch;

impl Operation for DisassociateVpcCidrBlock {
    type Access = Write;

    fn needs(input: &DisassociateVpcCidrBlockRequest, at: &At<'_>) -> Result<Needs, Fault> {
        match network::owner_of(at.db()?, Place::of(at), &input.association_id)? {
            Some(vpc) => Ok(on_vpc(ec2::DisassociateVpcCidrBlock, at, &vpc)?.done()),
            None => anywhere(ec2::DisassociateVpcCidrBlock, at),
        }
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisassociateVpcCidrBlockResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let id = &input.association_id;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let missing = || refusals::no_vpc_association(id);
        let owner = network::owner_of(tx, place, id)?.ok_or_else(missing)?;
        let mut vpc = get::<Vpcs>(tx, place, &owner)?.ok_or_else(missing)?;
        if vpc.cidr_association == *id {
            let text = format!(
                "The vpc CIDR block with association ID {id} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
            );
            return Err(faults::other("OperationNotPermitted", text));
        }
        let at = vpc.blocks.iter().position(|own| own.association == *id).ok_or_else(missing)?;
        let gone = vpc.blocks.remove(at);
        for subnet in subnets::of_vpc(tx, place, &vpc.id)? {
            if block::overlap(block::block(&gone.cidr)?, block::block(&subnet.cidr)?) {
                let text = format!(
                    "The vpc CIDR block with association ID {id} has dependencies and cannot be disassociated"
                );
                return Err(faults::other("InvalidCidrBlock.InUse", text));
            }
        }
        for table in network::in_vpc(tx, place, &vpc.id, "rtb-")? {
            let mut table = must::<RouteTables>(tx, place, &table, faults::no_route_table)?;
            table.routes.retain(|route| !(route.own && route.to == gone.cidr));
            tx.put::<RouteTables>(&place.key(&table.id), &table)?;
        }
        tx.delete::<AssociationOwners>(&place.key(id))?;
        tx.put::<Vpcs>(&place.key(&vpc.id), &vpc)?;
        touch(tx, place, &vpc.id)?;
        Ok(DisassociateVpcCidrBlockResult {
            vpc_id: Some(vpc.id),
            cidr_block_association: Some(association(id, &gone.cidr, "disassociating")),
            ..Default::default()
        })
    }
}
