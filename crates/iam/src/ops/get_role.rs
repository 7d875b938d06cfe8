//! GetRole: a role with its trust policy.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity::{Entity, Target};
use crate::last_used;
use crate::model::{GetRole, GetRoleRequest, GetRoleResponse};
use crate::wire;

impl Operation for GetRole {
    type Access = Read;

    fn needs(input: &GetRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        let needs = Needs::action(iam::GetRole)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .key(iam::key::RoleTemplateARN, role.template())
            .done();
        if let Some(role) = role.into_record() {
            at.keep(role);
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetRoleResponse, Fault> {
        let db = req.db()?;
        let missing = || Role::missing(&req.input.role_name);
        let role: Role = req.take_kept().ok_or_else(missing)?;
        let mut shown = wire::role(db, &role)?;
        shown.role_last_used = Some(last_used::role(req.identity, db, role.account, &role.id)?);
        Ok(GetRoleResponse { role: shown })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_role_shows_its_session_length_and_an_empty_last_use() {
        let scene = Scene::new();
        scene.role("r");
        let role = scene.call::<GetRole>(GetRoleRequest { role_name: "R".into() }).unwrap().role;
        assert_eq!((role.role_name.as_str(), role.max_session_duration), ("r", Some(3600)));
        assert_eq!(role.role_last_used, Some(RoleLastUsed::default()));
    }

    #[test]
    fn a_missing_role_is_told_only_to_those_who_may_ask() {
        let scene = Scene::new();
        let input = GetRoleRequest { role_name: "none".into() };
        let message = check_fault(scene.call::<GetRole>(input.clone()), "NoSuchEntity");
        assert_eq!(message, "The role with name none cannot be found.");
        let stranger = scene.world.user("ann", "");
        let message = check_fault(scene.world.call::<GetRole>(&stranger, input), "AccessDenied");
        assert!(
            message.contains("iam:GetRole on resource: arn:aws:iam::000000000000:role/none"),
            "{message}"
        );
    }
}
