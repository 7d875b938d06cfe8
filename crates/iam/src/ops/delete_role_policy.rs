//! DeleteRolePolicy: removes an inline policy of a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{DeleteRolePolicy, DeleteRolePolicyRequest, DeleteRolePolicyResponse};

impl Operation for DeleteRolePolicy {
    type Access = Write;

    fn needs(input: &DeleteRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::DeleteRolePolicy)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteRolePolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        inline::delete(tx, &role, &input.policy_name)?;
        Ok(DeleteRolePolicyResponse {})
    }
}
