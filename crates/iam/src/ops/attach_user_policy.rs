//! AttachUserPolicy: attaches a managed policy to a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{AttachUserPolicy, AttachUserPolicyRequest, AttachUserPolicyResponse};
use crate::quota::Quotas;

impl Operation for AttachUserPolicy {
    type Access = Write;

    fn needs(input: &AttachUserPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::AttachUserPolicy)
            .on(&user)
            .key(iam::key::PolicyARN, Some(input.policy_arn.as_str()))
            .key(iam::key::PermissionsBoundary, user.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AttachUserPolicyResponse, Fault> {
        let (input, account, now) = (req.input, req.account(), req.now);
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        attachment::attach(tx, &user, &input.policy_arn, now, &quotas)?;
        Ok(AttachUserPolicyResponse {})
    }
}
