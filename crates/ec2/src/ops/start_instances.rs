//! StartInstances: stopped instances run again, on the disks they had.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::lifecycle;
use crate::model::{StartInstances, StartInstancesRequest, StartInstancesResult};
use crate::place::Place;
use crate::questions::{on_bare_instance, on_each, placement_group_arn};
use crate::records::{Goal, State};

impl Operation for StartInstances {
    type Access = Write;

    fn needs(input: &StartInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        on_each(ec2::StartInstances, at, &input.instance_ids, |id| {
            let (question, instance) = on_bare_instance(ec2::StartInstances, at, id)?;
            let group = instance.and_then(|instance| placement_group_arn(at, &instance));
            Ok(question.key(key::PlacementGroup, group))
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<StartInstancesResult, Fault> {
        let (place, env, now, input) = (Place::here(req), req.env, req.now, req.input);
        let at_once = lifecycle::at_once(req);
        if input.additional_info.as_ref().is_some_and(|info| !info.is_empty()) {
            return Err(faults::unsupported("AdditionalInfo"));
        }
        let instances = lifecycle::get_all(req.db()?, place, &input.instance_ids, now)?;
        for instance in &instances {
            if matches!(instance.state, State::Stopping | State::ShuttingDown | State::Terminated) {
                let id = &instance.id;
                let text = format!("The instance '{id}' is not in a state from which it can be started.");
                return Err(faults::wrong_state(text));
            }
        }
        faults::dry_run(input.dry_run)?;
        let mut changes = Vec::new();
        for mut instance in instances {
            let before = instance.state;
            if before == State::Stopped {
                instance.launched = now.whole_seconds();
                instance.reason = None;
                instance.transition = String::new();
                lifecycle::want(req.tx()?, env, &mut instance, Goal::Running, at_once)?;
            }
            let after = if before == State::Stopped { State::Pending } else { before };
            changes.push(lifecycle::change(&instance.id, before, after));
        }
        Ok(StartInstancesResult { starting_instances: Some(changes) })
    }
}
