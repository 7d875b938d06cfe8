//! AttachGroupPolicy: attaches a managed policy to a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Group;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{AttachGroupPolicy, AttachGroupPolicyRequest, AttachGroupPolicyResponse};
use crate::quota::Quotas;

impl Operation for AttachGroupPolicy {
    type Access = Write;

    fn needs(input: &AttachGroupPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::AttachGroupPolicy)
            .on(&group)
            .key(iam::key::PolicyARN, Some(input.policy_arn.as_str()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AttachGroupPolicyResponse, Fault> {
        let (input, account, now) = (req.input, req.account(), req.now);
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        attachment::attach(tx, &group, &input.policy_arn, now, &quotas)?;
        Ok(AttachGroupPolicyResponse {})
    }
}
