//! AddRoleToInstanceProfile: puts a role into an instance profile, which holds one at most.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{InstanceProfile, Role};

use crate::entity::{self, Target};
use crate::model::{
    AddRoleToInstanceProfile, AddRoleToInstanceProfileRequest, AddRoleToInstanceProfileResponse,
};
use crate::profile;

impl Operation for AddRoleToInstanceProfile {
    type Access = Write;

    fn needs(input: &AddRoleToInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        let role = Target::<Role>::find(at, &input.role_name)?;
        let pass = Needs::action(iam::PassRole)
            .on(&role)
            .key(iam::key::PassedToService, Some("ec2.amazonaws.com"))
            .done();
        Ok(Needs::action(iam::AddRoleToInstanceProfile).on(&profile).done().and(pass))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AddRoleToInstanceProfileResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let profile: InstanceProfile = entity::get(tx, account, &input.instance_profile_name)?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        profile::add_role(tx, profile, &role)?;
        // Fails if `needs` did not ask for this very role.
        req.passed_role(&role.arn())?;
        Ok(AddRoleToInstanceProfileResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_profile_holds_one_role_and_a_role_may_be_in_several() {
        let scene = Scene::new();
        for role in ["Get-pics", "other"] {
            scene.role(role);
        }
        for profile in ["p", "q"] {
            scene.profile(profile);
        }
        scene.add_to_profile("Get-pics", "p").unwrap();
        for role in ["other", "Get-pics"] {
            let message = check_fault(scene.add_to_profile(role, "p"), "LimitExceeded");
            assert_eq!(message, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
        }
        scene.add_to_profile("Get-pics", "q").unwrap();
        let input = ListInstanceProfilesForRoleRequest { role_name: "Get-pics".into(), ..Default::default() };
        let profiles = scene.call::<ListInstanceProfilesForRole>(input).unwrap().instance_profiles;
        assert_eq!(profiles.len(), 2);
        assert_eq!(profiles[0].roles[0].role_name, "Get-pics");
    }

    #[test]
    fn the_caller_must_be_allowed_to_pass_the_role() {
        let scene = Scene::new();
        scene.role("r");
        scene.profile("p");
        let dev = scene.world.user(
            "dev",
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/good"}]}"#,
        );
        let input = |role: &str| AddRoleToInstanceProfileRequest {
            instance_profile_name: "p".into(),
            role_name: role.into(),
        };
        let message =
            check_fault(scene.world.call::<AddRoleToInstanceProfile>(&dev, input("r")), "AccessDenied");
        assert!(message.contains("iam:PassRole on resource: arn:aws:iam::000000000000:role/r"), "{message}");
        scene.role("good");
        scene.world.call::<AddRoleToInstanceProfile>(&dev, input("good")).unwrap();
    }
}
