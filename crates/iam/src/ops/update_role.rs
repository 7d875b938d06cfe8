//! UpdateRole: another description or session length for a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::holder::Holds;
use crate::model::{UpdateRole, UpdateRoleRequest, UpdateRoleResponse};

impl Operation for UpdateRole {
    type Access = Write;

    fn needs(input: &UpdateRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::UpdateRole)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateRoleResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut role: Role = entity::get(tx, account, &input.role_name)?;
        role.modifiable()?;
        role.description = input.description.clone().or(role.description);
        role.max_session = input.max_session_duration.unwrap_or(role.max_session);
        entity::put(tx, &role)?;
        Ok(UpdateRoleResponse {})
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn what_is_not_given_stays() {
        let scene = Scene::new();
        scene.role("r");
        let update = |description: Option<&str>, seconds| {
            let input = UpdateRoleRequest {
                role_name: "r".into(),
                description: description.map(str::to_owned),
                max_session_duration: seconds,
            };
            scene.call::<UpdateRole>(input).unwrap();
            let role = scene.call::<GetRole>(GetRoleRequest { role_name: "r".into() }).unwrap().role;
            (role.description, role.max_session_duration)
        };
        assert_eq!(update(Some("pictures"), None), (Some("pictures".to_owned()), Some(3600)));
        assert_eq!(update(None, Some(7200)), (Some("pictures".to_owned()), Some(7200)));
    }
}
