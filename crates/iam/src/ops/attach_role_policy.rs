//! AttachRolePolicy: attaches a managed policy to a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{AttachRolePolicy, AttachRolePolicyRequest, AttachRolePolicyResponse};
use crate::quota::Quotas;

impl Operation for AttachRolePolicy {
    type Access = Write;

    fn needs(input: &AttachRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::AttachRolePolicy)
            .on(&role)
            .key(iam::key::PolicyARN, Some(input.policy_arn.as_str()))
            .key(iam::key::PermissionsBoundary, role.boundary())
            .key(iam::key::RoleTemplateARN, role.template())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AttachRolePolicyResponse, Fault> {
        let (input, account, now) = (req.input, req.account(), req.now);
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        attachment::attach(tx, &role, &input.policy_arn, now, &quotas)?;
        Ok(AttachRolePolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn ten_policies_are_the_most_and_the_same_again_is_no_eleventh() {
        let scene = Scene::new();
        scene.role("r");
        let arns: Vec<_> = (0..11).map(|n| scene.policy(&format!("p{n}"))).collect();
        for arn in arns.iter().take(10).chain(arns.first()) {
            scene.attach("r", arn).unwrap();
        }
        let message = check_fault(scene.attach("r", &arns[10]), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for PoliciesPerRole: 10");
    }

    #[test]
    fn policies_of_aws_can_be_attached_and_count_as_attached() {
        let scene = Scene::new();
        scene.role("r");
        let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
        scene.attach("r", arn).unwrap();
        let policy =
            scene.call::<GetPolicy>(GetPolicyRequest { policy_arn: arn.into() }).unwrap().policy.unwrap();
        assert_eq!((policy.attachment_count, policy.default_version_id.as_deref()), (Some(1), Some("v3")));
        let input = ListAttachedRolePoliciesRequest { role_name: "r".into(), ..Default::default() };
        let listed = scene.call::<ListAttachedRolePolicies>(input).unwrap().attached_policies.unwrap();
        assert_eq!(listed[0].policy_name.as_deref(), Some("AmazonS3ReadOnlyAccess"));
    }

    #[test]
    fn what_is_no_policy_cannot_be_attached() {
        let scene = Scene::new();
        scene.role("r");
        let arn = "arn:aws:iam::000000000000:policy/none";
        let message = check_fault(scene.attach("r", arn), "NoSuchEntity");
        assert_eq!(message, format!("Policy {arn} does not exist or is not attachable."));
        let arn = "arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy";
        check_fault(scene.attach("r", arn), "PolicyNotAttachable");
        check_fault(scene.attach("r", "arn:aws:s3:::a-bucket"), "InvalidInput");
    }

    #[test]
    fn which_policies_may_be_attached_can_be_limited() {
        let scene = Scene::new();
        scene.role("r");
        let arn = scene.policy("mine");
        let limited = scene.world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:AttachRolePolicy",
                "Resource": "*", "Condition": {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/*"}}}}"#,
        );
        let attach = |arn: &str| {
            let input = AttachRolePolicyRequest { role_name: "r".into(), policy_arn: arn.into() };
            scene.world.call::<AttachRolePolicy>(&limited, input)
        };
        check_fault(attach(&arn), "AccessDenied");
        attach("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
    }
}
