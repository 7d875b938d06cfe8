//! UpdateAssumeRolePolicy: another trust policy for a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::holder::Holds;
use crate::model::{UpdateAssumeRolePolicy, UpdateAssumeRolePolicyRequest, UpdateAssumeRolePolicyResponse};
use crate::trust;

impl Operation for UpdateAssumeRolePolicy {
    type Access = Write;

    fn needs(input: &UpdateAssumeRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::UpdateAssumeRolePolicy)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateAssumeRolePolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut role: Role = entity::get(tx, account, &input.role_name)?;
        role.modifiable()?;
        role.trust = trust::stored(tx, &input.policy_document)?;
        entity::put(tx, &role)?;
        Ok(UpdateAssumeRolePolicyResponse {})
    }
}
