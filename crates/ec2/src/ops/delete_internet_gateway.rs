//! DeleteInternetGateway: removes an internet gateway that is attached to nothing.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteInternetGateway, DeleteInternetGatewayRequest, DeleteInternetGatewayResponse};
use crate::network::questions::on_internet_gateway;
use crate::network::{Network, must, refusals};
use crate::place::Place;
use crate::records::InternetGateways;
use crate::{faults, tags};

impl Operation for DeleteInternetGateway {
    type Access = Write;

    fn needs(input: &DeleteInternetGatewayRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_internet_gateway(ec2::DeleteInternetGateway, at, &input.internet_gateway_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteInternetGatewayResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let id = &input.internet_gateway_id;
        let gateway = must::<InternetGateways>(tx, place, id, faults::no_internet_gateway)?;
        if gateway.vpc.is_some() {
            return Err(refusals::has_dependencies("internetGateway", &gateway.id));
        }
        faults::dry_run(input.dry_run)?;
        tx.delete::<InternetGateways>(&place.key(&gateway.id))?;
        tags::put(tx, place, &gateway.id, Default::default())?;
        Ok(DeleteInternetGatewayResponse {})
    }
}
