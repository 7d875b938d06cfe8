//! DetachRolePolicy: detaches a managed policy from a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{DetachRolePolicy, DetachRolePolicyRequest, DetachRolePolicyResponse};

impl Operation for DetachRolePolicy {
    type Access = Write;

    fn needs(input: &DetachRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::DetachRolePolicy)
            .on(&role)
            .key(iam::key::PolicyARN, Some(input.policy_arn.as_str()))
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DetachRolePolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        attachment::detach(tx, &role, &input.policy_arn)?;
        Ok(DetachRolePolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn what_is_not_attached_cannot_be_detached() {
        let scene = Scene::new();
        scene.role("r");
        let arn = scene.policy("p");
        let detach = || {
            let input = DetachRolePolicyRequest { role_name: "r".into(), policy_arn: arn.clone() };
            scene.call::<DetachRolePolicy>(input)
        };
        let message = check_fault(detach(), "NoSuchEntity");
        assert_eq!(message, format!("Policy {arn} was not found."));
        scene.attach("r", &arn).unwrap();
        detach().unwrap();
        let input = DeletePolicyRequest { policy_arn: arn.clone() };
        scene.call::<DeletePolicy>(input).unwrap();
    }
}
