//! DeleteVpcEndpoints: each with its routes and interfaces; those that are not there are told.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::endpoints::{self, on_endpoint, service_name};
use crate::faults;
use crate::model::{
    DeleteVpcEndpoints, DeleteVpcEndpointsRequest, DeleteVpcEndpointsResult, UnsuccessfulItem,
    UnsuccessfulItemError,
};
use crate::place::Place;
use crate::records::VpcEndpoints;

impl Operation for DeleteVpcEndpoints {
    type Access = Write;

    fn needs(input: &DeleteVpcEndpointsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let mut needs = Vec::new();
        for id in &input.vpc_endpoint_ids {
            let found = at.db()?.get::<VpcEndpoints>(&place.key(id))?;
            let question = on_endpoint(ec2::DeleteVpcEndpoints, at, id)?;
            let name = found.map(|own| service_name(place.region, &own.service));
            needs.push(question.key(key::VpceServiceName, name).done());
        }
        if needs.is_empty() {
            needs.push(on_endpoint(ec2::DeleteVpcEndpoints, at, "*")?.done());
        }
        Ok(Needs::all(needs))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteVpcEndpointsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        if input.vpc_endpoint_ids.is_empty() {
            return Err(faults::missing("VpcEndpointId"));
        }
        faults::dry_run(input.dry_run)?;
        let mut unsuccessful = Vec::new();
        for id in &input.vpc_endpoint_ids {
            let tx = req.tx()?;
            match tx.get::<VpcEndpoints>(&place.key(id))? {
                Some(own) => endpoints::remove(tx, place, own)?,
                None => unsuccessful.push(UnsuccessfulItem {
                    resource_id: Some(id.clone()),
                    error: Some(UnsuccessfulItemError {
                        code: Some("InvalidVpcEndpoint.NotFound".into()),
                        message: Some(format!("The Vpc Endpoint Id '{id}' does not exist")),
                    }),
                }),
            }
        }
        Ok(DeleteVpcEndpointsResult { unsuccessful: Some(unsuccessful) })
    }
}
