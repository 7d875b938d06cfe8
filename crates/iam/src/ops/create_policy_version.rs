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

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::{READ, Scene};

    fn version(scene: &Scene, arn: &str, in_force: bool) -> Result<PolicyVersion, Fault> {
        let input = CreatePolicyVersionRequest {
            policy_arn: arn.into(),
            policy_document: READ.replace("Get", "Put"),
            set_as_default: Some(in_force),
        };
        scene.call::<CreatePolicyVersion>(input).map(|response| response.policy_version.unwrap())
    }

    #[test]
    fn five_versions_are_the_most_and_numbers_are_not_used_again() {
        let scene = Scene::new();
        let arn = scene.policy("p");
        for _ in 0..4 {
            version(&scene, &arn, false).unwrap();
        }
        let message = check_fault(version(&scene, &arn, false), "LimitExceeded");
        assert!(message.starts_with("A managed policy can have up to 5 versions."), "{message}");
        let input = DeletePolicyVersionRequest { policy_arn: arn.clone(), version_id: "v5".into() };
        scene.call::<DeletePolicyVersion>(input).unwrap();
        assert_eq!(version(&scene, &arn, false).unwrap().version_id.as_deref(), Some("v6"));
    }

    #[test]
    fn the_version_in_force_is_what_holders_may_do() {
        let scene = Scene::new();
        let arn = scene.policy("p");
        let key = scene.world.user_key(ACCOUNT, "ann", "");
        let input = AttachUserPolicyRequest { user_name: "ann".into(), policy_arn: arn.clone() };
        scene.call::<AttachUserPolicy>(input).unwrap();
        let list = || {
            let ann = scene.world.signed_in(&key.id, None).unwrap();
            scene.world.call::<ListUsers>(&ann, Default::default())
        };
        check_fault(list(), "AccessDenied");
        let input = CreatePolicyVersionRequest {
            policy_arn: arn.clone(),
            policy_document: READ.replace("s3:GetObject", "iam:ListUsers"),
            set_as_default: Some(true),
        };
        scene.call::<CreatePolicyVersion>(input).unwrap();
        list().unwrap();
        let input = SetDefaultPolicyVersionRequest { policy_arn: arn, version_id: "v1".into() };
        scene.call::<SetDefaultPolicyVersion>(input).unwrap();
        check_fault(list(), "AccessDenied");
    }

    #[test]
    fn nobody_may_change_policies_of_aws() {
        let scene = Scene::new();
        let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
        check_fault(version(&scene, arn, true), "AccessDenied");
    }
}
