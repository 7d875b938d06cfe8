//! UpdateRoleDescription: another description for a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::holder::Holds;
use crate::model::{UpdateRoleDescription, UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse};
use crate::wire;

impl Operation for UpdateRoleDescription {
    type Access = Write;

    fn needs(input: &UpdateRoleDescriptionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::UpdateRoleDescription)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateRoleDescriptionResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut role: Role = entity::get(tx, account, &input.role_name)?;
        role.modifiable()?;
        role.description = Some(input.description.clone());
        entity::put(tx, &role)?;
        Ok(UpdateRoleDescriptionResponse { role: Some(wire::role(tx, &role)?) })
    }
}
