//! PutRolePolicy: writes an inline policy of a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{PutRolePolicy, PutRolePolicyRequest, PutRolePolicyResponse};

impl Operation for PutRolePolicy {
    type Access = Write;

    fn needs(input: &PutRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::PutRolePolicy)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutRolePolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        inline::put(tx, &role, &input.policy_name, &input.policy_document)?;
        Ok(PutRolePolicyResponse {})
    }
}
