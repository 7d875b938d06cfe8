//! GetRolePolicy: an inline policy of a role, its document percent-encoded.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{GetRolePolicy, GetRolePolicyRequest, GetRolePolicyResponse};
use crate::wire::encoded;

impl Operation for GetRolePolicy {
    type Access = Read;

    fn needs(input: &GetRolePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::GetRolePolicy).on(&role).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetRolePolicyResponse, Fault> {
        let db = req.db()?;
        let role: Role = entity::get(db, req.account(), &req.input.role_name)?;
        let policy = inline::get(db, &role, &req.input.policy_name)?;
        Ok(GetRolePolicyResponse {
            role_name: role.name,
            policy_name: policy.name,
            policy_document: encoded(&policy.document),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_missing_policy_is_told_by_name() {
        let scene = Scene::new();
        scene.role("r");
        let input = GetRolePolicyRequest { role_name: "r".into(), policy_name: "p".into() };
        let message = check_fault(scene.call::<GetRolePolicy>(input), "NoSuchEntity");
        assert_eq!(message, "The role policy with name p cannot be found.");
    }
}
