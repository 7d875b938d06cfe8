//! UntagPolicy: removes tags of a managed policy.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::managed::{self, PolicyTarget};
use crate::model::{UntagPolicy, UntagPolicyRequest, UntagPolicyResponse};
use crate::tags;

impl Operation for UntagPolicy {
    type Access = Write;

    fn needs(input: &UntagPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_change(at, &input.policy_arn)?;
        Ok(Needs::action(iam::UntagPolicy).on(&policy).tag_keys(input.tag_keys.clone()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UntagPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut policy = managed::own(tx, account, &input.policy_arn)?;
        tags::remove(&mut policy.tags, &input.tag_keys)?;
        managed::put(tx, &policy)?;
        Ok(UntagPolicyResponse {})
    }
}
