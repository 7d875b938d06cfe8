//! DeleteRole: removes a role that nothing hangs on any more; its sessions end.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::holder::{self, Holds};
use crate::model::{DeleteRole, DeleteRoleRequest, DeleteRoleResponse};
use crate::profile;

impl Operation for DeleteRole {
    type Access = Write;

    fn needs(input: &DeleteRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::DeleteRole)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteRoleResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        role.modifiable()?;
        profile::check_in_none(tx, &role)?;
        holder::check_bare(tx, &role)?;
        holder::erase(tx, &role)?;
        Ok(DeleteRoleResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_identity::records::Entities;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene};

    fn delete(scene: &Scene) -> Result<DeleteRoleResponse, Fault> {
        scene.call::<DeleteRole>(DeleteRoleRequest { role_name: "r".into() })
    }

    #[test]
    fn what_hangs_on_a_role_must_go_first() {
        let scene = Scene::new();
        scene.role("r");
        scene.profile("p");
        scene.add_to_profile("r", "p").unwrap();
        let arn = scene.policy("m");
        scene.attach("r", &arn).unwrap();
        let inline = PutRolePolicyRequest {
            role_name: "r".into(),
            policy_name: "i".into(),
            policy_document: READ.into(),
        };
        scene.call::<PutRolePolicy>(inline).unwrap();

        let expect = |text: &str| assert_eq!(check_fault(delete(&scene), "DeleteConflict"), text);
        expect("Cannot delete entity, must remove roles from instance profile first.");
        let input =
            RemoveRoleFromInstanceProfileRequest { instance_profile_name: "p".into(), role_name: "r".into() };
        scene.call::<RemoveRoleFromInstanceProfile>(input).unwrap();
        expect("Cannot delete entity, must detach all policies first.");
        let input = DetachRolePolicyRequest { role_name: "r".into(), policy_arn: arn };
        scene.call::<DetachRolePolicy>(input).unwrap();
        expect("Cannot delete entity, must delete policies first.");
        let input = DeleteRolePolicyRequest { role_name: "r".into(), policy_name: "i".into() };
        scene.call::<DeleteRolePolicy>(input).unwrap();
        delete(&scene).unwrap();
        check_fault(delete(&scene), "NoSuchEntity");
    }

    #[test]
    fn the_unique_id_of_a_deleted_role_leads_nowhere() {
        let scene = Scene::new();
        let role = scene.role("r");
        let there = || scene.world.store.read().unwrap().exists::<Entities>(&role.role_id).unwrap();
        assert!(there());
        delete(&scene).unwrap();
        assert!(!there());
    }
}
