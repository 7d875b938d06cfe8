//! DeleteNatGateway: removes a NAT gateway; its elastic addresses stay with the account, routes to it lead nowhere.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{DeleteNatGateway, DeleteNatGatewayRequest, DeleteNatGatewayResult};
use crate::network::questions::on_existing;
use crate::network::{Network, must, nats, refusals};
use crate::place::Place;
use crate::records::NatGateways;

impl Operation for DeleteNatGateway {
    type Access = Write;

    fn needs(input: &DeleteNatGatewayRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_existing(ec2::DeleteNatGateway, kind::Natgateway, at, &input.nat_gateway_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteNatGatewayResult, Fault> {
        let (place, input, now) = (Place::here(req), req.input, req.now);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let nat = must::<NatGateways>(tx, place, &input.nat_gateway_id, refusals::no_nat_gateway)?;
        if nats::is_over(&nat, now) {
            return Err(refusals::no_nat_gateway(&nat.id));
        }
        faults::dry_run(input.dry_run)?;
        nats::sweep(tx, place, now)?;
        if nat.deleted.is_none() || nat.failure.is_some() {
            nats::end(tx, place, now, nat)?;
        }
        Ok(DeleteNatGatewayResult { nat_gateway_id: Some(input.nat_gateway_id.clone()) })
    }
}
