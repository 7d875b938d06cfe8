//! PutRolePermissionsBoundary: sets the permissions boundary of a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::boundary;
use crate::entity::{self, Target};
use crate::model::{
    PutRolePermissionsBoundary, PutRolePermissionsBoundaryRequest, PutRolePermissionsBoundaryResponse,
};

impl Operation for PutRolePermissionsBoundary {
    type Access = Write;

    fn needs(input: &PutRolePermissionsBoundaryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::PutRolePermissionsBoundary)
            .on(&role)
            .key(iam::key::PermissionsBoundary, Some(input.permissions_boundary.as_str()))
            .key(iam::key::RoleTemplateARN, role.template())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutRolePermissionsBoundaryResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        boundary::set(tx, role, Some(&input.permissions_boundary))?;
        Ok(PutRolePermissionsBoundaryResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_boundary_is_shown_and_keeps_its_policy_until_it_is_taken_off() {
        let scene = Scene::new();
        scene.role("r");
        let arn = scene.policy("p");
        let input =
            PutRolePermissionsBoundaryRequest { role_name: "r".into(), permissions_boundary: arn.clone() };
        scene.call::<PutRolePermissionsBoundary>(input).unwrap();
        let boundary = || {
            let role = scene.call::<GetRole>(GetRoleRequest { role_name: "r".into() }).unwrap().role;
            role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn)
        };
        assert_eq!(boundary().as_ref(), Some(&arn));
        let delete = || scene.call::<DeletePolicy>(DeletePolicyRequest { policy_arn: arn.clone() });
        check_fault(delete(), "DeleteConflict");
        let input = DeleteRolePermissionsBoundaryRequest { role_name: "r".into() };
        scene.call::<DeleteRolePermissionsBoundary>(input).unwrap();
        assert_eq!(boundary(), None);
        delete().unwrap();
    }
}
