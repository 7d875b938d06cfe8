//! CreateRole: a new role with its trust policy.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::boundary;
use crate::entity::Target;
use crate::holder::{self, Holds};
use crate::model::{CreateRole, CreateRoleRequest, CreateRoleResponse};
use crate::quota::Quotas;
use crate::tags;
use crate::trust;
use crate::wire;

impl Operation for CreateRole {
    type Access = Write;

    fn needs(input: &CreateRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::new(at.account(), input.path.as_deref(), &input.role_name);
        Ok(Needs::action(iam::CreateRole)
            .on(&role)
            .key(iam::key::PermissionsBoundary, input.permissions_boundary.as_deref())
            .request_tags(tags::pairs(input.tags.as_ref()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateRoleResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let mut role = Role {
            account,
            name: input.role_name.clone(),
            path: input.path.clone().unwrap_or_else(|| "/".into()),
            id: req.env.unique_id("AROA"),
            created: req.now.whole_seconds(),
            trust: String::new(),
            description: input.description.clone(),
            max_session: input.max_session_duration.unwrap_or(MAX_SESSION),
            tags: tags::first(input.tags.as_ref(), "TagsPerRole")?,
            boundary: input.permissions_boundary.clone(),
            template: None,
        };
        // Only CreateServiceLinkedRole makes roles under the path of service-linked ones.
        role.modifiable()?;
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        role.trust = trust::stored(tx, &input.assume_role_policy_document, &quotas)?;
        boundary::check(tx, account, role.boundary.as_deref())?;
        holder::create(tx, &role, &quotas)?;
        boundary::index(tx, &role)?;
        Ok(CreateRoleResponse { role: wire::role_created(tx, &role)? })
    }
}

/// Seconds that a session may last where the request does not say.
const MAX_SESSION: i32 = 3600;

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{Scene, TRUST};

    fn create(scene: &Scene, name: &str, trust: &str) -> Result<Role, Fault> {
        let input = CreateRoleRequest {
            role_name: name.into(),
            assume_role_policy_document: trust.into(),
            ..Default::default()
        };
        scene.call::<CreateRole>(input).map(|response| response.role)
    }

    fn trusting(principal: &str) -> String {
        TRUST.replace(r#"{"Service": "ec2.amazonaws.com"}"#, &format!(r#"{{"AWS": "{principal}"}}"#))
    }

    fn document(scene: &Scene, name: &str) -> String {
        let input = GetRoleRequest { role_name: name.into() };
        let role = scene.call::<GetRole>(input).unwrap().role;
        role.assume_role_policy_document.unwrap()
    }

    #[test]
    fn a_role_answers_with_its_id_and_its_encoded_trust_policy() {
        let role = create(&Scene::new(), "Get-pics", TRUST).unwrap();
        assert_eq!(role.arn, "arn:aws:iam::000000000000:role/Get-pics");
        assert!(role.role_id.starts_with("AROA"));
        assert!(role.assume_role_policy_document.unwrap().starts_with("%7B%22Version%22%3A%20%22"));
        assert_eq!((role.max_session_duration, role.tags), (None, None));
    }

    #[test]
    fn names_are_unique_whatever_their_case() {
        let scene = Scene::new();
        create(&scene, "Get-pics", TRUST).unwrap();
        let message = check_fault(create(&scene, "get-PICS", TRUST), "EntityAlreadyExists");
        assert_eq!(message, "Role with name get-PICS already exists.");
    }

    #[test]
    fn a_user_in_the_trust_policy_is_kept_by_id_and_shown_by_arn_while_it_exists() {
        let scene = Scene::new();
        let user = scene.user("ann");
        create(&scene, "r", &trusting(&user.arn)).unwrap();
        assert!(document(&scene, "r").contains(&crate::wire::encoded(&user.arn)));
        let input = DeleteUserRequest { user_name: "ann".into() };
        scene.call::<DeleteUser>(input).unwrap();
        scene.user("ann");
        let shown = document(&scene, "r");
        assert!(shown.contains(&user.user_id) && !shown.contains("user%2Fann"), "{shown}");
    }

    #[test]
    fn an_account_number_is_kept_as_its_root_arn() {
        let scene = Scene::new();
        create(&scene, "r", &trusting("111111111111")).unwrap();
        assert!(document(&scene, "r").contains("iam%3A%3A111111111111%3Aroot"));
    }

    #[test]
    fn a_principal_that_does_not_exist_is_refused() {
        let arn = "arn:aws:iam::000000000000:user/nobody";
        let message = check_fault(create(&Scene::new(), "r", &trusting(arn)), "MalformedPolicyDocument");
        assert_eq!(message, format!("Invalid principal in policy: \"AWS\":\"{arn}\""));
    }

    #[test]
    fn a_boundary_must_exist() {
        let arn = "arn:aws:iam::000000000000:policy/none";
        let input = CreateRoleRequest {
            role_name: "r".into(),
            assume_role_policy_document: TRUST.into(),
            permissions_boundary: Some(arn.into()),
            ..Default::default()
        };
        let message = check_fault(Scene::new().call::<CreateRole>(input), "NoSuchEntity");
        assert_eq!(message, format!("Scope ARN: {arn} does not exist or is not attachable."));
    }
}
