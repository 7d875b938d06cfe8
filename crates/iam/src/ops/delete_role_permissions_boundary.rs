//! DeleteRolePermissionsBoundary: takes the permissions boundary off a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::boundary;
use crate::entity::{self, Target};
use crate::model::{
    DeleteRolePermissionsBoundary, DeleteRolePermissionsBoundaryRequest,
    DeleteRolePermissionsBoundaryResponse,
};

impl Operation for DeleteRolePermissionsBoundary {
    type Access = Write;

    fn needs(input: &DeleteRolePermissionsBoundaryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::DeleteRolePermissionsBoundary)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteRolePermissionsBoundaryResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        boundary::set(tx, role, None)?;
        Ok(DeleteRolePermissionsBoundaryResponse {})
    }
}
