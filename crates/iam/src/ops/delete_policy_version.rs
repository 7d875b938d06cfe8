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

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn the_version_in_force_stays_and_a_missing_one_is_told() {
        let scene = Scene::new();
        let arn = scene.policy("p");
        let delete = |version: &str| {
            let input = DeletePolicyVersionRequest { policy_arn: arn.clone(), version_id: version.into() };
            scene.call::<DeletePolicyVersion>(input)
        };
        let message = check_fault(delete("v1"), "DeleteConflict");
        assert_eq!(message, "Cannot delete the default version of a policy.");
        let message = check_fault(delete("v9"), "NoSuchEntity");
        assert_eq!(message, format!("Policy {arn} version v9 does not exist or is not attachable."));
    }
}
