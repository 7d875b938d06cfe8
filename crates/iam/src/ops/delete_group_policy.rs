//! DeleteGroupPolicy: removes an inline policy of a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Group;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{DeleteGroupPolicy, DeleteGroupPolicyRequest, DeleteGroupPolicyResponse};

impl Operation for DeleteGroupPolicy {
    type Access = Write;

    fn needs(input: &DeleteGroupPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::DeleteGroupPolicy).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteGroupPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        inline::delete(tx, &group, &input.policy_name)?;
        Ok(DeleteGroupPolicyResponse {})
    }
}
