//! UpdateAssumeRolePolicy: another trust policy for a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::holder::Holds;
use crate::model::{UpdateAssumeRolePolicy, UpdateAssumeRolePolicyRequest, UpdateAssumeRolePolicyResponse};
use crate::quota::Quotas;
use crate::trust;

impl Operation for UpdateAssumeRolePolicy {
    type Access = Write;

    fn needs(input: &UpdateAssumeRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::UpdateAssumeRolePolicy)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateAssumeRolePolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        let mut role: Role = entity::get(tx, account, &input.role_name)?;
        role.modifiable()?;
        role.trust = trust::stored(tx, &input.policy_document, &quotas)?;
        entity::put(tx, &role)?;
        Ok(UpdateAssumeRolePolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{Scene, TRUST};

    #[test]
    fn the_new_trust_policy_is_shown_and_a_bad_one_refused() {
        let scene = Scene::new();
        scene.role("r");
        let update = |document: &str| {
            let input =
                UpdateAssumeRolePolicyRequest { role_name: "r".into(), policy_document: document.into() };
            scene.call::<UpdateAssumeRolePolicy>(input)
        };
        update(&TRUST.replace("ec2.", "lambda.")).unwrap();
        let role = scene.call::<GetRole>(GetRoleRequest { role_name: "r".into() }).unwrap().role;
        assert!(role.assume_role_policy_document.unwrap().contains("lambda.amazonaws.com"));
        check_fault(update("{"), "MalformedPolicyDocument");
    }
}
