//! AssociateVpcCidrBlock: gives a VPC a further block.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{AssociateVpcCidrBlock, AssociateVpcCidrBlockRequest, AssociateVpcCidrBlockResult};
use crate::network::questions::on_vpc;
use crate::network::shown::association;
use crate::network::{self, Network, block, must, refusals};
use crate::place::Place;
use crate::records::{Route, RouteTables, Via, VpcBlock, Vpcs};
use crate::wiring::touch;

impl Operation for AssociateVpcCidrBlock {
    type Access = Write;

    fn needs(input: &AssociateVpcCidrBlockRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_vpc(ec2::AssociateVpcCidrBlock, at, &input.vpc_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssociateVpcCidrBlockResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        refuse(input)?;
        let Some(cidr) = input.cidr_block.as_deref() else { return Err(faults::missing("cidrBlock")) };
        let cidr = block::of_request(cidr, "cidrBlock")?;
        block::check_vpc(cidr)?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
        block::check_beside(block::block(&vpc.cidr)?, cidr)?;
        for own in vpc.cidrs() {
            if block::overlap(block::block(own)?, cidr) {
                let text = format!("The CIDR '{cidr}' conflicts with another CIDR block of the VPC");
                return Err(faults::other("InvalidVpc.Conflict", text));
            }
        }
        if vpc.blocks.len() + 1 >= refusals::BLOCKS {
            let most = refusals::BLOCKS;
            let text =
                format!("This network '{}' has met its maximum number of allowed CIDRs: {most}", vpc.id);
            return Err(faults::other("CidrLimitExceeded", text));
        }
        let own = VpcBlock { association: env.resource_id("vpc-cidr-assoc"), cidr: cidr.to_string() };
        network::own_association(tx, place, &own.association, &vpc.id)?;
        for id in network::in_vpc(tx, place, &vpc.id, "rtb-")? {
            let mut table = must::<RouteTables>(tx, place, &id, faults::no_route_table)?;
            let within = table.routes.iter().take_while(|route| route.own).count();
            table.routes.insert(within, Route { to: own.cidr.clone(), via: Via::Local, own: true });
            tx.put::<RouteTables>(&place.key(&id), &table)?;
        }
        let shown = association(&own.association, &own.cidr, "associating");
        vpc.blocks.push(own);
        tx.put::<Vpcs>(&place.key(&vpc.id), &vpc)?;
        touch(tx, place, &vpc.id)?;
        Ok(AssociateVpcCidrBlockResult {
            vpc_id: Some(vpc.id),
            cidr_block_association: Some(shown),
            ..Default::default()
        })
    }
}

fn refuse(input: &AssociateVpcCidrBlockRequest) -> Result<(), Fault> {
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
    Ok(())
}
