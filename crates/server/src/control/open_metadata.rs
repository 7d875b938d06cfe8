//! OpenMetadata: a port of this machine where the metadata of an instance is served that has no machine, as for SDKs with
//! AWS_EC2_METADATA_SERVICE_ENDPOINT. Nothing listens before somebody who may asked for it: whoever can reach the port is
//! the instance to it.

use rolecall_actions::ec2::kind;
use rolecall_actions::rolecall;
use rolecall_base::Fault;
use rolecall_compute::Kind;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Read};
use rolecall_ec2::instances::{self, State};
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;
use crate::metadata_ports::MetadataPorts;

#[derive(Debug)]
pub struct OpenMetadata;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    instance_id: String,
}

#[derive(Debug, Serialize)]
pub struct Opened {
    endpoint: String,
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("instanceId", Some(&self.instance_id));
        t.close();
    }
}

operation!(OpenMetadata, "POST" "/_rolecall/metadata", Request => Opened);

impl Operation for OpenMetadata {
    type Access = Read;

    fn needs(input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        let resource: ByArn<kind::Instance> = super::instance(at, &input.instance_id)?;
        Ok(Needs::action(rolecall::OpenMetadata).on(&resource).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Opened, Fault> {
        let conflict = |text: String| Err(Fault::new("ConflictException", 409, text));
        let instance = super::own_instance(&req.at(), &req.input.instance_id)?;
        if instance.state != State::Running {
            return conflict(format!(
                "The instance {} is {}, not running",
                instance.id,
                instance.state.name()
            ));
        }
        let driver = req.extensions.get::<rolecall_compute::Driver>()?.caps().kind;
        if driver != Kind::None {
            return conflict("Instances that have machines reach their metadata themselves".to_owned());
        }
        let db = req.db()?;
        let runs = |id: &str| {
            let found = instances::find(db, id);
            found.is_ok_and(|found| found.is_some_and(|found| found.state == State::Running))
        };
        let address = req.extensions.get::<MetadataPorts>()?.open(&instance.id, runs)?;
        Ok(Opened { endpoint: format!("http://{address}") })
    }
}
