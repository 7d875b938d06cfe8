//! PutGroupPolicy: writes an inline policy of a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Group;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{PutGroupPolicy, PutGroupPolicyRequest, PutGroupPolicyResponse};

impl Operation for PutGroupPolicy {
    type Access = Write;

    fn needs(input: &PutGroupPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::PutGroupPolicy).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutGroupPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        inline::put(tx, &group, &input.policy_name, &input.policy_document)?;
        Ok(PutGroupPolicyResponse {})
    }
}
