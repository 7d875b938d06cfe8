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
        let hard = input.force == Some(true) || input.skip_os_shutdown == Some(true);
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
                instance.settings.hard = hard;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::{
        RunInstancesRequest, StartInstances, StartInstancesRequest, StopInstances, StopInstancesRequest,
        TerminateInstances, TerminateInstancesRequest,
    };
    use crate::scene::{launch, request, seen, state};

    fn terminate(id: &str) -> TerminateInstancesRequest {
        TerminateInstancesRequest { instance_ids: vec![id.into()], ..Default::default() }
    }

    #[test]
    fn an_instance_stops_starts_and_ends() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let stop = StopInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        let change = world.call::<StopInstances>(&root, stop).unwrap().stopping_instances.unwrap().remove(0);
        assert_eq!(change.current_state.unwrap().name.unwrap(), "stopping");
        assert_eq!(change.previous_state.unwrap().code.unwrap(), 16);
        let stopped = seen(&world, &id);
        assert_eq!(stopped.state.unwrap().name.unwrap(), "stopped");
        assert_eq!(stopped.public_ip_address, None);
        assert_eq!(stopped.state_reason.unwrap().code.unwrap(), "Client.UserInitiatedShutdown");
        assert_eq!(stopped.state_transition_reason.unwrap(), "User initiated (2026-01-01 00:00:00 GMT)");
        let start = StartInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        world.call::<StartInstances>(&root, start.clone()).unwrap();
        assert!(seen(&world, &id).public_ip_address.is_some());
        world.call::<TerminateInstances>(&root, terminate(&id)).unwrap();
        let ended = seen(&world, &id);
        assert_eq!(ended.state.unwrap().name.unwrap(), "terminated");
        assert_eq!((ended.private_ip_address, ended.subnet_id), (None, None));
        check_fault(world.call::<StartInstances>(&root, start), "IncorrectInstanceState");
        world.call::<TerminateInstances>(&root, terminate(&id)).unwrap();
    }

    #[test]
    fn an_ended_instance_is_described_for_an_hour() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        world.call::<TerminateInstances>(&root, terminate(&id)).unwrap();
        assert_eq!(state(&world, &id), "terminated");
        world.env.advance(Duration::from_secs(3600));
        let text = check_fault(
            world.call::<TerminateInstances>(&root, terminate(&id)),
            "InvalidInstanceID.NotFound",
        );
        assert_eq!(text, format!("The instance ID '{id}' does not exist"));
    }

    #[test]
    fn a_protected_instance_stays() {
        let world = World::new(1);
        let id = launch(&world, RunInstancesRequest { disable_api_termination: Some(true), ..request() });
        let ended = world.call::<TerminateInstances>(&world.root(ACCOUNT), terminate(&id));
        check_fault(ended, "OperationNotPermitted");
        assert_eq!(state(&world, &id), "running");
    }

    #[test]
    fn all_or_none_end() {
        let world = World::new(1);
        let id = launch(&world, request());
        let mut both = terminate(&id);
        both.instance_ids.push("i-00000000000000001".into());
        let ended = world.call::<TerminateInstances>(&world.root(ACCOUNT), both);
        check_fault(ended, "InvalidInstanceID.NotFound");
        assert_eq!(state(&world, &id), "running");
        let ended = world.call::<TerminateInstances>(&world.root(ACCOUNT), terminate("x"));
        check_fault(ended, "InvalidInstanceID.Malformed");
    }
}
