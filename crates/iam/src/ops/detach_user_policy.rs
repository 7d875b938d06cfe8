//! DetachUserPolicy: detaches a managed policy from a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{DetachUserPolicy, DetachUserPolicyRequest, DetachUserPolicyResponse};

impl Operation for DetachUserPolicy {
    type Access = Write;

    fn needs(input: &DetachUserPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::DetachUserPolicy)
            .on(&user)
            .key(iam::key::PolicyARN, Some(input.policy_arn.as_str()))
            .key(iam::key::PermissionsBoundary, user.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DetachUserPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        attachment::detach(tx, &user, &input.policy_arn)?;
        Ok(DetachUserPolicyResponse {})
    }
}
