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
