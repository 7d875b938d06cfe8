//! RemoveRoleFromInstanceProfile: takes the role out of an instance profile.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{InstanceProfile, Role};

use crate::entity::{self, Target};
use crate::model::{
    RemoveRoleFromInstanceProfile, RemoveRoleFromInstanceProfileRequest,
    RemoveRoleFromInstanceProfileResponse,
};
use crate::profile;

impl Operation for RemoveRoleFromInstanceProfile {
    type Access = Write;

    fn needs(input: &RemoveRoleFromInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        Ok(Needs::action(iam::RemoveRoleFromInstanceProfile).on(&profile).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RemoveRoleFromInstanceProfileResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let profile: InstanceProfile = entity::get(tx, account, &input.instance_profile_name)?;
        let role: Role = entity::get(tx, account, &input.role_name)?;
        profile::remove_role(tx, profile, &role)?;
        Ok(RemoveRoleFromInstanceProfileResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn only_the_role_in_the_profile_can_be_taken_out() {
        let scene = Scene::new();
        scene.role("r");
        scene.role("other");
        scene.profile("p");
        scene.add_to_profile("r", "p").unwrap();
        let remove = |role: &str| {
            let input = RemoveRoleFromInstanceProfileRequest {
                instance_profile_name: "p".into(),
                role_name: role.into(),
            };
            scene.call::<RemoveRoleFromInstanceProfile>(input)
        };
        check_fault(remove("other"), "NoSuchEntity");
        remove("r").unwrap();
        scene.add_to_profile("other", "p").unwrap();
    }
}
