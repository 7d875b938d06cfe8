//! GetConsoleOutput: the last 64 KiB of what an instance wrote to its console.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::lifecycle;
use crate::machines::Machines;
use crate::model::{GetConsoleOutput, GetConsoleOutputRequest, GetConsoleOutputResult};
use crate::place::Place;
use crate::questions::on_instance;

impl Operation for GetConsoleOutput {
    type Access = Read;

    fn needs(input: &GetConsoleOutputRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_instance(ec2::GetConsoleOutput, at, &input.instance_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetConsoleOutputResult, Fault> {
        let instance = lifecycle::get(req.db()?, Place::here(req), &req.input.instance_id, req.now)?;
        faults::dry_run(req.input.dry_run)?;
        // `Latest` tells Nitro's live console from the older snapshots; ours is always live.
        let text = match req.extensions.get::<Machines>() {
            Ok(machines) => machines.driver.console_now(&instance.id).map_err(Fault::internal)?,
            Err(_) => Vec::new(),
        };
        Ok(GetConsoleOutputResult {
            timestamp: Some(req.now),
            output: Some(STANDARD.encode(text)),
            instance_id: Some(instance.id),
        })
    }
}
