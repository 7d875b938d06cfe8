//! AttachRolePolicy: attaches a managed policy to a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{AttachRolePolicy, AttachRolePolicyRequest, AttachRolePolicyResponse};

impl Operation for AttachRolePolicy {
    type Access = Write;

    fn needs(input: &AttachRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::AttachRolePolicy)
            .on(&role)
            .key(iam::key::PolicyARN, Some(input.policy_arn.as_str()))
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AttachRolePolicyResponse, Fault> {
        let (input, account, now) = (req.input, req.account(), req.now);
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        attachment::attach(tx, &role, &input.policy_arn, now)?;
        Ok(AttachRolePolicyResponse {})
    }
}
