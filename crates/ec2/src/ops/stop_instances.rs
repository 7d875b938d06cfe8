//! StopInstances: the machines end, the disks stay.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::lifecycle;
use crate::model::{StopInstances, StopInstancesRequest, StopInstancesResult};
use crate::place::Place;
use crate::questions::on_instances;
use crate::records::{Goal, Instance, State};

impl Operation for StopInstances {
    type Access = Write;

    fn needs(input: &StopInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        on_instances(ec2::StopInstances, at, &input.instance_ids)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<StopInstancesResult, Fault> {
        let (place, env, now, input) = (Place::here(req), req.env, req.now, req.input);
        let at_once = lifecycle::at_once(req);
        if input.hibernate == Some(true) {
            let text = "Hibernation was not enabled for these instances at launch.";
            return Err(faults::other("UnsupportedHibernationConfiguration", text));
        }
        let hard = input.force == Some(true) || input.skip_os_shutdown == Some(true);
        let instances = lifecycle::get_all(req.db()?, place, &input.instance_ids, now)?;
        for instance in &instances {
            check(instance)?;
        }
        faults::dry_run(input.dry_run)?;
        let mut changes = Vec::new();
        for mut instance in instances {
            let before = instance.state;
            if before == State::Stopping && hard && !instance.settings.hard {
                // One that takes its time is told again, without any left.
                instance.settings.hard = true;
                lifecycle::want(req.tx()?, env, &mut instance, Goal::Stopped, at_once)?;
            }
            if before == State::Running {
                instance.settings.hard = hard;
                instance.reason = Some(lifecycle::user_shutdown());
                instance.transition = lifecycle::user_initiated(now);
                lifecycle::want(req.tx()?, env, &mut instance, Goal::Stopped, at_once)?;
            }
            let after = if before == State::Running { State::Stopping } else { before };
            changes.push(lifecycle::change(&instance.id, before, after));
        }
        Ok(StopInstancesResult { stopping_instances: Some(changes) })
    }
}

fn check(instance: &Instance) -> Result<(), Fault> {
    let id = &instance.id;
    if matches!(instance.state, State::Pending | State::ShuttingDown | State::Terminated) {
        let text = format!("This instance '{id}' is not in a state from which it can be stopped.");
        return Err(faults::wrong_state(text));
    }
    if instance.keep_running {
        let text = format!(
            "The instance '{id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again."
        );
        return Err(faults::not_permitted(text));
    }
    Ok(())
}
