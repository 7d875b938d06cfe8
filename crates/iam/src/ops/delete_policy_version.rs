//! DeletePolicyVersion: removes a version of a managed policy that is not in force.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::managed::{self, PolicyTarget};
use crate::model::{DeletePolicyVersion, DeletePolicyVersionRequest, DeletePolicyVersionResponse};
use crate::versions;

impl Operation for DeletePolicyVersion {
    type Access = Write;

    fn needs(input: &DeletePolicyVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_change(at, &input.policy_arn)?;
        Ok(Needs::action(iam::DeletePolicyVersion).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeletePolicyVersionResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let policy = managed::own(tx, account, &input.policy_arn)?;
        versions::delete(tx, &policy, &input.version_id)?;
        Ok(DeletePolicyVersionResponse {})
    }
}
