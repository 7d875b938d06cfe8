//! CreatePolicyVersion: another version of a managed policy, in force if asked.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::managed::{self, PolicyTarget};
use crate::model::{CreatePolicyVersion, CreatePolicyVersionRequest, CreatePolicyVersionResponse};
use crate::versions;

impl Operation for CreatePolicyVersion {
    type Access = Write;

    fn needs(input: &CreatePolicyVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_change(at, &input.policy_arn)?;
        Ok(Needs::action(iam::CreatePolicyVersion).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreatePolicyVersionResponse, Fault> {
        let (input, account, now) = (req.input, req.account(), req.now);
        let tx = req.tx()?;
        let mut policy = managed::own(tx, account, &input.policy_arn)?;
        let in_force = input.set_as_default.unwrap_or(false);
        let version = versions::add(tx, &mut policy, &input.policy_document, in_force, now)?;
        Ok(CreatePolicyVersionResponse { policy_version: Some(version) })
    }
}
