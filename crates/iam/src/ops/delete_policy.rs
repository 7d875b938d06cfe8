//! DeletePolicy: removes a managed policy that nobody has, with its last version.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{AttachedTo, BoundaryOf, ManagedPolicies, PolicyVersions};

use crate::managed::{self, PolicyTarget};
use crate::model::{DeletePolicy, DeletePolicyRequest, DeletePolicyResponse, fault};

impl Operation for DeletePolicy {
    type Access = Write;

    fn needs(input: &DeletePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_change(at, &input.policy_arn)?;
        Ok(Needs::action(iam::DeletePolicy).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeletePolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let policy = managed::own(tx, account, &input.policy_arn)?;
        let users = (account, policy.arn());
        if tx.any::<AttachedTo>(&users)? || tx.any::<BoundaryOf>(&users)? {
            return Err(fault::delete_conflict("Cannot delete a policy attached to entities."));
        }
        let key = managed::key(&policy);
        if tx.count::<PolicyVersions>(&key)? > 1 {
            return Err(fault::delete_conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            ));
        }
        tx.delete_prefix::<PolicyVersions>(&key)?;
        tx.delete::<ManagedPolicies>(&key)?;
        Ok(DeletePolicyResponse {})
    }
}
