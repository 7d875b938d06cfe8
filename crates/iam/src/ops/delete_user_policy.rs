//! DeleteUserPolicy: removes an inline policy of a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{DeleteUserPolicy, DeleteUserPolicyRequest, DeleteUserPolicyResponse};

impl Operation for DeleteUserPolicy {
    type Access = Write;

    fn needs(input: &DeleteUserPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::DeleteUserPolicy)
            .on(&user)
            .key(iam::key::PermissionsBoundary, user.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteUserPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        inline::delete(tx, &user, &input.policy_name)?;
        Ok(DeleteUserPolicyResponse {})
    }
}
