//! CreateInternetGateway: an internet gateway, attached to nothing.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{CreateInternetGateway, CreateInternetGatewayRequest, CreateInternetGatewayResult};
use crate::network::shown::Shown;
use crate::network::{Network, refusals};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{InternetGateway, InternetGateways};
use crate::{faults, tags};

impl Operation for CreateInternetGateway {
    type Access = Write;

    fn needs(input: &CreateInternetGatewayRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let made = Place::of(at).resource::<kind::InternetGateway>("*");
        let tags = input.tag_specifications.as_deref();
        Ok(to_make(ec2::CreateInternetGateway, &made, Place::of(at), tags, |question| question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateInternetGatewayResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        let kind = "internet-gateway";
        let has = tags::of_request(input.tag_specifications.as_deref(), &[kind], kind)?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let there = tx.count::<InternetGateways>(&(place.account, place.region))?;
        let most = refusals::INTERNET_GATEWAYS;
        refusals::within(there, most, "InternetGatewayLimitExceeded", "internet gateways")?;
        faults::dry_run(input.dry_run)?;
        let gateway = InternetGateway { id: env.resource_id("igw"), vpc: None };
        tx.put::<InternetGateways>(&place.key(&gateway.id), &gateway)?;
        tags::put(tx, place, &gateway.id, has)?;
        let shown = Shown::load(tx, place, gateway)?;
        Ok(CreateInternetGatewayResult { internet_gateway: Some(shown.to_wire()) })
    }
}
