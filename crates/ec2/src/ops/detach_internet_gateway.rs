//! DetachInternetGateway: detaches an internet gateway from its VPC; routes to it lead nowhere then.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{DetachInternetGateway, DetachInternetGatewayRequest, DetachInternetGatewayResponse};
use crate::network::questions::{on_internet_gateway, on_vpc};
use crate::network::{self, Network, must};
use crate::place::Place;
use crate::records::{Interfaces, InternetGateways, Vpcs};
use crate::wiring::touch;

impl Operation for DetachInternetGateway {
    type Access = Write;

    fn needs(input: &DetachInternetGatewayRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let gateway = on_internet_gateway(ec2::DetachInternetGateway, at, &input.internet_gateway_id)?.done();
        Ok(gateway.and(on_vpc(ec2::DetachInternetGateway, at, &input.vpc_id)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DetachInternetGatewayResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let id = &input.internet_gateway_id;
        let mut gateway = must::<InternetGateways>(tx, place, id, faults::no_internet_gateway)?;
        let mut vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;

        if gateway.vpc.as_ref() != Some(&vpc.id) {
            let text = format!("resource {} is not attached to network {}", gateway.id, vpc.id);
            return Err(faults::other("Gateway.NotAttached", text));
        }
        let mut interfaces = network::rows::<Interfaces>(tx, place)?.into_iter();
        if interfaces.any(|own| own.vpc == vpc.id && own.addresses.iter().any(|own| own.public.is_some())) {
            let text = format!(
                "Network {} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.",
                vpc.id
            );
            return Err(faults::other("DependencyViolation", text));
        }
        faults::dry_run(input.dry_run)?;
        gateway.vpc = None;
        vpc.internet_gateway = None;
        tx.put::<InternetGateways>(&place.key(&gateway.id), &gateway)?;
        tx.put::<Vpcs>(&place.key(&vpc.id), &vpc)?;
        touch(tx, place, &vpc.id)?;
        Ok(DetachInternetGatewayResponse {})
    }
}
