//! TerminateInstances: the machines end and their disks are deleted. The records stay for an hour.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::lifecycle;
use crate::model::{TerminateInstances, TerminateInstancesRequest, TerminateInstancesResult};
use crate::place::Place;
use crate::questions::on_instances;
use crate::records::{Goal, State};

impl Operation for TerminateInstances {
    type Access = Write;

    fn needs(input: &TerminateInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        on_instances(ec2::TerminateInstances, at, &input.instance_ids)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TerminateInstancesResult, Fault> {
        let (place, env, now, input) = (Place::here(req), req.env, req.now, req.input);
        let at_once = lifecycle::at_once(req);
        if input.skip_os_shutdown == Some(true) {
            return Err(faults::unsupported("SkipOsShutdown"));
        }
        let instances = lifecycle::get_all(req.db()?, place, &input.instance_ids, now)?;
        for instance in &instances {
            if instance.keep && !instance.state.is_ending() {
                let text = format!(
                    "The instance '{}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.",
                    instance.id
                );
                return Err(faults::not_permitted(text));
            }
        }
        faults::dry_run(input.dry_run)?;
        let mut changes = Vec::new();
        for mut instance in instances {
            let before = instance.state;
            if !before.is_ending() {
                instance.reason = Some(lifecycle::user_shutdown());
                instance.transition = lifecycle::user_initiated(now);
                lifecycle::want(req.tx()?, env, &mut instance, Goal::Terminated, at_once)?;
            }
            let after = match before {
                State::Terminated => State::Terminated,
                _ => State::ShuttingDown,
            };
            changes.push(lifecycle::change(&instance.id, before, after));
        }
        Ok(TerminateInstancesResult { terminating_instances: Some(changes) })
    }
}
