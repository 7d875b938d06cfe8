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
