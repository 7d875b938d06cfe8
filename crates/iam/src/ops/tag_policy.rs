//! TagPolicy: sets tags of a managed policy.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::managed::{self, PolicyTarget};
use crate::model::{TagPolicy, TagPolicyRequest, TagPolicyResponse};
use crate::tags;

impl Operation for TagPolicy {
    type Access = Write;

    fn needs(input: &TagPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_change(at, &input.policy_arn)?;
        Ok(Needs::action(iam::TagPolicy).on(&policy).request_tags(tags::pairs(Some(&input.tags))).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut policy = managed::own(tx, account, &input.policy_arn)?;
        tags::add(&mut policy.tags, &input.tags, "TagsPerPolicy")?;
        managed::put(tx, &policy)?;
        Ok(TagPolicyResponse {})
    }
}
