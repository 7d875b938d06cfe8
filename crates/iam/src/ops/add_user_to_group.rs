//! AddUserToGroup: puts a user into a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{Group, User};

use crate::entity::{self, Target};
use crate::group;
use crate::model::{AddUserToGroup, AddUserToGroupRequest, AddUserToGroupResponse};

impl Operation for AddUserToGroup {
    type Access = Write;

    fn needs(input: &AddUserToGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::AddUserToGroup).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AddUserToGroupResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        group::add(tx, &group, &user)?;
        Ok(AddUserToGroupResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn policies_of_the_group_are_the_members_from_the_next_call_on() {
        let scene = Scene::new();
        scene.group("admins");
        let input = AttachGroupPolicyRequest {
            group_name: "admins".into(),
            policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess".into(),
        };
        scene.call::<AttachGroupPolicy>(input).unwrap();
        let key = scene.world.user_key(ACCOUNT, "ann", "");
        let list = || {
            let ann = scene.world.signed_in(&key.id, None).unwrap();
            scene.world.call::<ListUsers>(&ann, Default::default())
        };
        check_fault(list(), "AccessDenied");
        let input = AddUserToGroupRequest { group_name: "admins".into(), user_name: "ann".into() };
        scene.call::<AddUserToGroup>(input).unwrap();
        assert_eq!(list().unwrap().users.len(), 1);
    }

    #[test]
    fn ten_groups_are_the_most() {
        let scene = Scene::new();
        scene.user("ann");
        let add = |n: i32| {
            scene.group(&format!("g{n}"));
            let input = AddUserToGroupRequest { group_name: format!("g{n}"), user_name: "ann".into() };
            scene.call::<AddUserToGroup>(input)
        };
        for n in 0..10 {
            add(n).unwrap();
        }
        let message = check_fault(add(10), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for GroupsPerUser: 10");
    }
}
