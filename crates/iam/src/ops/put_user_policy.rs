//! PutUserPolicy: writes an inline policy of a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{PutUserPolicy, PutUserPolicyRequest, PutUserPolicyResponse};

impl Operation for PutUserPolicy {
    type Access = Write;

    fn needs(input: &PutUserPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::PutUserPolicy)
            .on(&user)
            .key(iam::key::PermissionsBoundary, user.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutUserPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        inline::put(tx, &user, &input.policy_name, &input.policy_document)?;
        Ok(PutUserPolicyResponse {})
    }
}
