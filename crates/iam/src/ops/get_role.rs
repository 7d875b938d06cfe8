//! GetRole: a role with its trust policy.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::model::{GetRole, GetRoleRequest, GetRoleResponse};
use crate::wire;

impl Operation for GetRole {
    type Access = Read;

    fn needs(input: &GetRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::GetRole).on(&role).key(iam::key::PermissionsBoundary, role.boundary()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetRoleResponse, Fault> {
        let db = req.db()?;
        let role: Role = entity::get(db, req.account(), &req.input.role_name)?;
        Ok(GetRoleResponse { role: wire::role(db, &role)? })
    }
}
