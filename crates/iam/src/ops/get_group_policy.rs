//! GetGroupPolicy: an inline policy of a group, its document percent-encoded.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Group;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{GetGroupPolicy, GetGroupPolicyRequest, GetGroupPolicyResponse};
use crate::wire::encoded;

impl Operation for GetGroupPolicy {
    type Access = Read;

    fn needs(input: &GetGroupPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::GetGroupPolicy).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetGroupPolicyResponse, Fault> {
        let db = req.db()?;
        let group: Group = entity::get(db, req.account(), &req.input.group_name)?;
        let policy = inline::get(db, &group, &req.input.policy_name)?;
        Ok(GetGroupPolicyResponse {
            group_name: group.name,
            policy_name: policy.name,
            policy_document: encoded(&policy.document),
        })
    }
}
