//! DeleteSecurityGroup: only one that no interface has and no other group refers to.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::groups::{self, on_group};
use crate::model::{DeleteSecurityGroup, DeleteSecurityGroupRequest, DeleteSecurityGroupResult};
use crate::network::{Network, rows};
use crate::place::Place;
use crate::records::{Interfaces, RulePeer};

impl Operation for DeleteSecurityGroup {
    type Access = Write;

    fn needs(input: &DeleteSecurityGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (id, name) = (input.group_id.as_deref(), input.group_name.as_deref());
        Ok(on_group(ec2::DeleteSecurityGroup, at, id, name)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteSecurityGroupResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let network = Network::load(req.db()?, place)?;
        let group = groups::named(&network, input.group_id.as_deref(), input.group_name.as_deref())?;
        if group.name == "default" {
            let text = format!(
                "the specified group: \"{}\" name: \"default\" cannot be deleted by a user",
                group.id
            );
            return Err(faults::other("CannotDelete", text));
        }
        let peer = RulePeer::Group(group.id.clone());
        let others = network.groups.iter().filter(|other| other.id != group.id);
        let referred = others.flat_map(|other| groups::rules(place, other)).any(|rule| rule.peer == peer);
        let used = rows::<Interfaces>(req.db()?, place)?.iter().any(|own| own.groups.contains(&group.id));
        if referred || used {
            let text = format!("resource {} has a dependent object", group.id);
            return Err(faults::other("DependencyViolation", text));
        }
        faults::dry_run(input.dry_run)?;
        groups::remove(req.tx()?, place, group)?;
        Ok(DeleteSecurityGroupResult { return_: Some(true), group_id: Some(group.id.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, new_group, request};

    #[test]
    fn a_group_goes_only_when_nobody_has_it() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = new_group(&world, "web");
        let mut input = request();
        input.security_group_ids = Some(vec![id.clone()]);
        let instance = launch(&world, input);
        let gone = |id: &str| DeleteSecurityGroupRequest { group_id: Some(id.into()), ..Default::default() };
        let text = check_fault(world.call::<DeleteSecurityGroup>(&root, gone(&id)), "DependencyViolation");
        assert_eq!(text, format!("resource {id} has a dependent object"));
        let end = TerminateInstancesRequest { instance_ids: vec![instance], ..Default::default() };
        world.call::<TerminateInstances>(&root, end).unwrap();
        world.call::<DeleteSecurityGroup>(&root, gone(&id)).unwrap();
        let default = DeleteSecurityGroupRequest { group_name: Some("default".into()), ..Default::default() };
        check_fault(world.call::<DeleteSecurityGroup>(&root, default), "CannotDelete");
    }
}
