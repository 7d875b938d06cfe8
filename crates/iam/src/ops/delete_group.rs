//! DeleteGroup: removes a group that nobody is in and nothing hangs on.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Group;

use crate::entity::{self, Target};
use crate::group;
use crate::holder;
use crate::model::{DeleteGroup, DeleteGroupRequest, DeleteGroupResponse};

impl Operation for DeleteGroup {
    type Access = Write;

    fn needs(input: &DeleteGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::DeleteGroup).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteGroupResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        group::check_empty(tx, &group)?;
        holder::check_bare(tx, &group)?;
        holder::erase(tx, &group)?;
        Ok(DeleteGroupResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_group_with_somebody_in_it_stays() {
        let scene = Scene::new();
        scene.group("g");
        scene.user("ann");
        let input = AddUserToGroupRequest { group_name: "g".into(), user_name: "ann".into() };
        scene.call::<AddUserToGroup>(input).unwrap();
        let delete = || scene.call::<DeleteGroup>(DeleteGroupRequest { group_name: "g".into() });
        let message = check_fault(delete(), "DeleteConflict");
        assert_eq!(message, "Cannot delete entity, must remove users from group first.");
        let input = RemoveUserFromGroupRequest { group_name: "g".into(), user_name: "ann".into() };
        scene.call::<RemoveUserFromGroup>(input).unwrap();
        delete().unwrap();
    }
}
