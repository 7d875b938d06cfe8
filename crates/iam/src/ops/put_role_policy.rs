//! PutRolePolicy: writes an inline policy of a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{PutRolePolicy, PutRolePolicyRequest, PutRolePolicyResponse};

impl Operation for PutRolePolicy {
    type Access = Write;

    fn needs(input: &PutRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::PutRolePolicy)
            .on(&role)
            .key(iam::key::PermissionsBoundary, role.boundary())
            .key(iam::key::RoleTemplateARN, role.template())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutRolePolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        inline::put(tx, &role, &input.policy_name, &input.policy_document)?;
        Ok(PutRolePolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene, TRUST};

    fn put(scene: &Scene, name: &str, document: &str) -> Result<PutRolePolicyResponse, Fault> {
        let input = PutRolePolicyRequest {
            role_name: "r".into(),
            policy_name: name.into(),
            policy_document: document.into(),
        };
        scene.call::<PutRolePolicy>(input)
    }

    /// A policy of about so many characters.
    fn sized(size: usize) -> String {
        READ.replace("s3:GetObject", &format!("s3:{}", "x".repeat(size)))
    }

    #[test]
    fn a_policy_is_replaced_by_one_of_its_name_and_read_back_encoded() {
        let scene = Scene::new();
        scene.role("r");
        put(&scene, "p", READ).unwrap();
        put(&scene, "p", &READ.replace("Get", "Put")).unwrap();
        let input = GetRolePolicyRequest { role_name: "r".into(), policy_name: "p".into() };
        let policy = scene.call::<GetRolePolicy>(input).unwrap();
        assert!(policy.policy_document.contains("s3%3APutObject"), "{}", policy.policy_document);
        let input = ListRolePoliciesRequest { role_name: "r".into(), ..Default::default() };
        assert_eq!(scene.call::<ListRolePolicies>(input).unwrap().policy_names, ["p"]);
    }

    #[test]
    fn all_policies_together_have_a_limit() {
        let scene = Scene::new();
        scene.role("r");
        put(&scene, "a", &sized(6000)).unwrap();
        let message = check_fault(put(&scene, "b", &sized(6000)), "LimitExceeded");
        assert_eq!(message, "Maximum policy size of 10240 bytes exceeded for role r");
        put(&scene, "a", &sized(9000)).unwrap();
    }

    #[test]
    fn a_document_with_a_principal_is_refused() {
        let scene = Scene::new();
        scene.role("r");
        check_fault(put(&scene, "p", TRUST), "MalformedPolicyDocument");
    }
}
