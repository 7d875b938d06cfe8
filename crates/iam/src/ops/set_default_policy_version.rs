//! SetDefaultPolicyVersion: puts another version of a managed policy in force.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::managed::{self, PolicyTarget};
use crate::model::{
    SetDefaultPolicyVersion, SetDefaultPolicyVersionRequest, SetDefaultPolicyVersionResponse,
};
use crate::versions;

impl Operation for SetDefaultPolicyVersion {
    type Access = Write;

    fn needs(input: &SetDefaultPolicyVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_change(at, &input.policy_arn)?;
        Ok(Needs::action(iam::SetDefaultPolicyVersion).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<SetDefaultPolicyVersionResponse, Fault> {
        let (input, account, now) = (req.input, req.account(), req.now);
        let tx = req.tx()?;
        let mut policy = managed::own(tx, account, &input.policy_arn)?;
        versions::put_in_force(tx, &mut policy, &input.version_id, now)?;
        Ok(SetDefaultPolicyVersionResponse {})
    }
}
