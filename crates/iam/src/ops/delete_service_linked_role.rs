//! DeleteServiceLinkedRole: asks for the end of a service-linked role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Entity, Target};
use crate::model::{
    DeleteServiceLinkedRole, DeleteServiceLinkedRoleRequest, DeleteServiceLinkedRoleResponse,
};
use crate::service_linked;

impl Operation for DeleteServiceLinkedRole {
    type Access = Write;

    fn needs(input: &DeleteServiceLinkedRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::DeleteServiceLinkedRole).on(&role).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteServiceLinkedRoleResponse, Fault> {
        let (input, account, now) = (req.input, req.account(), req.now);
        let uuid = req.env.uuid();
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        if !role.is_service_linked() {
            return Err(Role::missing(&input.role_name));
        }
        let deletion_task_id = service_linked::task(&role, &uuid);
        service_linked::delete(tx, &role, &deletion_task_id, now)?;
        Ok(DeleteServiceLinkedRoleResponse { deletion_task_id })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn the_role_is_gone_and_its_task_has_succeeded() {
        let scene = Scene::new();
        let input = CreateServiceLinkedRoleRequest {
            aws_service_name: "batch.amazonaws.com".into(),
            ..Default::default()
        };
        let name = scene.call::<CreateServiceLinkedRole>(input).unwrap().role.unwrap().role_name;
        let delete = || {
            scene.call::<DeleteServiceLinkedRole>(DeleteServiceLinkedRoleRequest { role_name: name.clone() })
        };
        let task = delete().unwrap().deletion_task_id;
        assert!(
            task.starts_with("task/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch/"),
            "{task}"
        );
        let input = GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: task };
        assert_eq!(scene.call::<GetServiceLinkedRoleDeletionStatus>(input).unwrap().status, "SUCCEEDED");
        check_fault(delete(), "NoSuchEntity");
    }

    #[test]
    fn other_roles_do_not_go_this_way() {
        let scene = Scene::new();
        scene.role("r");
        let input = DeleteServiceLinkedRoleRequest { role_name: "r".into() };
        check_fault(scene.call::<DeleteServiceLinkedRole>(input), "NoSuchEntity");
    }
}
