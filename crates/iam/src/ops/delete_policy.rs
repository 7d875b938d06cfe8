//! DeletePolicy: removes a managed policy that nobody has, with its last version.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{AttachedTo, BoundaryOf, ManagedPolicies, ManagedPolicy, PolicyVersions};

use crate::managed::{self, PolicyTarget};
use crate::model::{DeletePolicy, DeletePolicyRequest, DeletePolicyResponse, fault};
use crate::quota;

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
        quota::shrink::<ManagedPolicy>(tx, account)?;
        Ok(DeletePolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene};

    #[test]
    fn a_policy_that_somebody_has_or_that_has_versions_stays() {
        let scene = Scene::new();
        let arn = scene.policy("p");
        let delete = || scene.call::<DeletePolicy>(DeletePolicyRequest { policy_arn: arn.clone() });
        scene.role("r");
        scene.attach("r", &arn).unwrap();
        let message = check_fault(delete(), "DeleteConflict");
        assert_eq!(message, "Cannot delete a policy attached to entities.");
        let input = DetachRolePolicyRequest { role_name: "r".into(), policy_arn: arn.clone() };
        scene.call::<DetachRolePolicy>(input).unwrap();
        let input = CreatePolicyVersionRequest {
            policy_arn: arn.clone(),
            policy_document: READ.into(),
            set_as_default: None,
        };
        scene.call::<CreatePolicyVersion>(input).unwrap();
        let message = check_fault(delete(), "DeleteConflict");
        assert!(message.starts_with("This policy has more than one version."), "{message}");
        let input = DeletePolicyVersionRequest { policy_arn: arn.clone(), version_id: "v2".into() };
        scene.call::<DeletePolicyVersion>(input).unwrap();
        delete().unwrap();
        let message = check_fault(delete(), "NoSuchEntity");
        assert_eq!(message, format!("Policy {arn} was not found."));
    }
}
