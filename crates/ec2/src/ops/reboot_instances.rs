//! RebootInstances: the systems start anew; machine, addresses and disk stay.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::lifecycle;
use crate::model::{RebootInstances, RebootInstancesRequest, RebootInstancesResponse};
use crate::place::Place;
use crate::questions::on_instances;
use crate::records::{Mark, State, Work};

impl Operation for RebootInstances {
    type Access = Write;

    fn needs(input: &RebootInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        on_instances(ec2::RebootInstances, at, &input.instance_ids)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RebootInstancesResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let instances = lifecycle::get_all(req.db()?, place, &input.instance_ids, req.now)?;
        for instance in &instances {
            if !matches!(instance.state, State::Running | State::Pending) {
                let id = &instance.id;
                let text = format!("The instance '{id}' is not in a state from which it can be rebooted.");
                return Err(faults::wrong_state(text));
            }
        }
        faults::dry_run(input.dry_run)?;
        for mut instance in instances {
            // One that has not come up yet need not start twice.
            if instance.state == State::Running {
                instance.reboots = instance.reboots.wrapping_add(1);
                req.tx()?.put::<Work>(&instance.id, &Mark {})?;
                lifecycle::write(req.tx()?, &instance)?;
            }
        }
        Ok(RebootInstancesResponse {})
    }
}
