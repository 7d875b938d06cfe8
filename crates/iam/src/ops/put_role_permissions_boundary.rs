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
