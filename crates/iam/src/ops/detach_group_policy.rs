//! DetachGroupPolicy: detaches a managed policy from a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Group;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{DetachGroupPolicy, DetachGroupPolicyRequest, DetachGroupPolicyResponse};

impl Operation for DetachGroupPolicy {
    type Access = Write;

    fn needs(input: &DetachGroupPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::DetachGroupPolicy)
            .on(&group)
            .key(iam::key::PolicyARN, Some(input.policy_arn.as_str()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DetachGroupPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        attachment::detach(tx, &group, &input.policy_arn)?;
        Ok(DetachGroupPolicyResponse {})
    }
}
