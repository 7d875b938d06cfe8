//! DeleteInstanceProfile: removes an empty instance profile.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::InstanceProfile;

use crate::entity::{self, Target};
use crate::model::{DeleteInstanceProfile, DeleteInstanceProfileRequest, DeleteInstanceProfileResponse};
use crate::profile;

impl Operation for DeleteInstanceProfile {
    type Access = Write;

    fn needs(input: &DeleteInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        Ok(Needs::action(iam::DeleteInstanceProfile).on(&profile).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteInstanceProfileResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let gone: InstanceProfile = entity::get(tx, account, &input.instance_profile_name)?;
        profile::delete(tx, &gone)?;
        Ok(DeleteInstanceProfileResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_profile_with_a_role_in_it_stays() {
        let scene = Scene::new();
        scene.role("r");
        let profile = scene.profile("p");
        scene.add_to_profile("r", "p").unwrap();
        let delete = || {
            let input = DeleteInstanceProfileRequest { instance_profile_name: "p".into() };
            scene.call::<DeleteInstanceProfile>(input)
        };
        let message = check_fault(delete(), "DeleteConflict");
        assert_eq!(message, "Cannot delete entity, must remove roles from instance profile first.");
        let input =
            RemoveRoleFromInstanceProfileRequest { instance_profile_name: "p".into(), role_name: "r".into() };
        scene.call::<RemoveRoleFromInstanceProfile>(input).unwrap();
        delete().unwrap();
        assert_ne!(scene.profile("p").instance_profile_id, profile.instance_profile_id);
    }
}
