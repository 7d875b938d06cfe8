//! GetUserPolicy: an inline policy of a user, its document percent-encoded.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{GetUserPolicy, GetUserPolicyRequest, GetUserPolicyResponse};
use crate::wire::encoded;

impl Operation for GetUserPolicy {
    type Access = Read;

    fn needs(input: &GetUserPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::GetUserPolicy).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetUserPolicyResponse, Fault> {
        let db = req.db()?;
        let user: User = entity::get(db, req.account(), &req.input.user_name)?;
        let policy = inline::get(db, &user, &req.input.policy_name)?;
        Ok(GetUserPolicyResponse {
            user_name: user.name,
            policy_name: policy.name,
            policy_document: encoded(&policy.document),
        })
    }
}
